"""What a sampler with a plan writes: the law of whole sequences, by enumeration of everything that it may do.

The network is a function of the sequence, a tuple of ids, to positive weights ``[L][K]`` (exponentials of logits, or
probabilities); what a step makes of them is a `Rule`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any, TypeAlias

from unmask.reference.numbers.arithmetic import check_count
from unmask.reference.numbers.checks import check_amount, check_function, check_list, check_state, check_unit
from unmask.reference.programs.rules import Number, Rule, State, Weights

Network: TypeAlias = Callable[[State], Weights]
#: Positions of a block, and how many are revealed at each of its steps; ``None`` where a threshold decides.
Block: TypeAlias = tuple[Sequence[int], Sequence[int] | None]


def sequence_law(network: Network, start: State, blocks: Sequence[Block], rule: Rule) -> dict[State, Number]:
    """The law of what is written, started at ``start``: its visible positions are a condition, and stay.

    Random order, one at a time, is any-order autoregression: a network that knows the conditionals of a joint law gives
    that law back, and from a prompt its conditional.

    >>> from fractions import Fraction
    >>> joint = {(0, 0): Fraction(1, 2), (1, 0): Fraction(1, 3), (1, 1): Fraction(1, 6)}
    >>> network = conditionals(joint, K=3, mask=2)
    >>> law = sequence_law(network, (2, 2), [((0, 1), [1, 1])], Rule(mask=2))
    >>> law == joint
    True
    >>> {x: str(p) for x, p in sequence_law(network, (1, 2), [((1,), [1])], Rule(mask=2)).items()}
    {(1, 0): '2/3', (1, 1): '1/3'}
    >>> both = sequence_law(network, (2, 2), [((0, 1), [2])], Rule(mask=2))    # the product of the marginals
    >>> str(both[0, 1])
    '1/12'
    """
    check_function("network", network)
    law: dict[State, Number] = {check_state("start", start): 1}
    for positions, counts in _blocks(blocks, rule):
        for n in [None] * len(positions) if counts is None else counts:
            after: dict[State, Number] = {}
            for state, p in law.items():
                if not rule.acts(state, positions, n):
                    after[state] = after.get(state, 0) + p
                    continue
                for reached, q in rule.step(network(state), state, positions, n).items():
                    after[reached] = after.get(reached, 0) + p * q
            law = after
    return law


def trajectory_probability(network: Network, states: Sequence[State], blocks: Sequence[Block], rule: Rule) -> Number:
    """The probability that the sampler goes through ``states``, one after the other, each step revealing something.

    >>> network = lambda state: [[1, 3, 9], [2, 2, 9]]
    >>> trajectory_probability(network, [(2, 2), (2, 0), (1, 0)], [((0, 1), [1, 1])], Rule(mask=2))
    0.1875
    """
    check_function("network", network)
    found: Number = 1
    path = iter([check_state("states", one) for one in check_list("states", states)])
    state = next(path)
    for positions, counts in _blocks(blocks, rule):
        for n in [None] * len(positions) if counts is None else counts:
            if not rule.acts(state, positions, n):
                continue
            reached = next(path, ())
            found = found * rule.step(network(state), state, positions, n).get(reached, 0)
            if not found:
                return 0
            state = reached
    return 0 if next(path, None) is not None else found


def ancestral_law(
    network: Network,
    start: State,
    mask: int,
    chances: Sequence[Number],
    last: Rule | None = None,
    again: Sequence[Number] | None = None,
    rule: Rule | None = None,
) -> dict[State, Number]:
    """The law of what an ancestral sampler writes, where at step ``k`` each mask is revealed with ``chances[k]``.

    Tokens are drawn from the network's law, or as ``rule`` says, in the last step as ``last`` does, if it is given.
    Under a schedule the chance from ``t`` to ``s`` is ``(alpha_s - alpha_t)/(1 - alpha_t)``.
    With ``again`` a token that was revealed is masked at step ``k`` with ``again[k]``; what was visible at the start
    stays.

    >>> network = lambda state: [[1, 3, 9]] * 2
    >>> ancestral_law(network, (2, 2), 2, [0.5, 1])[0, 0]
    0.0625
    >>> ancestral_law(network, (2, 1), 2, [1, 0], again=[0, 0.5])
    {(0, 1): 0.125, (2, 1): 0.5, (1, 1): 0.375}
    """
    check_function("network", network)
    law: dict[State, Number] = {check_state("start", start): 1}
    free = {i for i, v in enumerate(start) if v == mask}
    hidden = [check_unit("again", a) for a in ([0] * len(chances) if again is None else again)]
    if len(hidden) != len(chances):
        raise ValueError(f"again = {again!r}; valid: as many as chances, {len(chances)}")
    for step, chance in enumerate([check_unit("chances", c) for c in chances]):
        tokens = last if last is not None and step == len(chances) - 1 else rule or Rule(mask)
        after: dict[State, Number] = {}
        for state, p in law.items():
            weights = network(state) if mask in state else []
            ways: list[list[tuple[int, Number]]] = []
            for i, v in enumerate(state):
                if v == mask:
                    drawn = [(k, chance * q) for k, q in enumerate(tokens.token_law(weights[i])) if k != mask]
                    ways.append([*drawn, (mask, 1 - chance)])
                else:
                    sigma = hidden[step] if i in free else 0
                    ways.append([(v, 1 - sigma), (mask, sigma)])
            for way in product(*([one for one in each if one[1]] for each in ways)):
                reached = tuple(v for v, _ in way)
                after[reached] = after.get(reached, 0) + p * math.prod(q for _, q in way)
        law = after
    return law


def conditionals(joint: Mapping[State, Number], K: int, mask: int) -> Network:
    """The network that knows a joint law: at each position the law of its class, given all that is visible elsewhere.

    >>> conditionals({(0, 0): 0.25, (0, 1): 0.75}, K=3, mask=2)((0, 2))
    [[1.0, 0.0, 0], [0.25, 0.75, 0]]
    """
    check_count("K", K, 2)
    check_count("mask", mask, 0)
    given: Any = joint
    if not isinstance(given, Mapping) or not given:
        raise TypeError(f"joint = {joint!r}; valid: a dictionary of sequences to probabilities")
    for p in joint.values():
        check_amount("joint", p)

    def weights(state: State) -> Weights:
        found = []
        for i in range(len(state)):
            seen = [j for j, v in enumerate(state) if v != mask and j != i]
            fits = {x: p for x, p in joint.items() if all(x[j] == state[j] for j in seen)}
            total = sum(fits.values())
            masses = [sum(p for x, p in fits.items() if x[i] == k) for k in range(K)]
            found.append([m / total if k != mask else 0 for k, m in enumerate(masses)])
        return found

    return weights


def _blocks(value: Any, rule: Rule) -> list[Block]:
    if not isinstance(rule, Rule):
        raise TypeError(f"rule = {rule!r}; valid: a Rule")
    found = check_list("blocks", value)
    for _, counts in found:
        if counts is None and rule.threshold is None:
            raise ValueError("blocks = [(positions, None)]; valid: numbers of positions, or a rule with a threshold")
        for n in counts or ():
            check_count("blocks", n, 0)
    return found


__all__ = [
    "ancestral_law",
    "conditionals",
    "sequence_law",
    "trajectory_probability",
]
