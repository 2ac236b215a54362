"""What a sampler with a plan writes: the law of whole sequences, by enumeration of everything that it may do.

At each step a network says, for every position, how likely the classes are; a token is drawn at each masked position;
some positions are revealed, and the others stay masked.  The network is a function of the sequence, a tuple of ids, to
positive weights ``[L][K]`` (exponentials of logits, or probabilities).  With :class:`fractions.Fraction` as weights all
that needs no root or logarithm is exact: temperatures 0 and 1, orders by chance, by place, confidence and margin.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product
from typing import Any, TypeAlias

from unmask.reference.numbers.arithmetic import check_count, check_number
from unmask.reference.numbers.checks import check_amount, check_function, check_positive, check_unit

Number: TypeAlias = Any
State: TypeAlias = tuple[int, ...]
Weights: TypeAlias = Sequence[Sequence[Number]]
Network: TypeAlias = Callable[[State], Weights]
#: Positions of a block, and how many are revealed at each of its steps; ``None`` where a threshold decides.
Block: TypeAlias = tuple[Sequence[int], Sequence[int] | None]
ORDERS = ("random", "confidence", "margin", "entropy", "left-to-right")


def normalized(weights: Sequence[Number], mask: int) -> list[Number]:
    """Probabilities of the classes but the mask.

    >>> normalized([1, 3, 4], mask=2)
    [0.25, 0.75, 0]
    """
    check_count("mask", mask, 0)
    if not isinstance(weights, Sequence):
        raise TypeError(f"weights = {weights!r}; valid: a list of numbers")
    clean = [check_amount("weights", w) for k, w in enumerate(weights) if k != mask]
    total = sum(clean)
    if not total:
        raise ValueError(f"weights = {list(weights)}; valid: some class but the mask, {mask}, has a positive one")
    return [w / total if k != mask else 0 for k, w in enumerate(weights)]


@dataclass(frozen=True)
class Rule:
    """How tokens are drawn and positions chosen at one step.

    Attributes
    ----------
    mask : its id.
    order : ``"random"``, ``"confidence"``, ``"margin"``, ``"entropy"``, ``"left-to-right"``, or a function of
        probabilities ``[K]`` of all positions, ``[L][K]``, that gives a score for each.
    temperature, top_k, top_p : of the law that tokens are drawn from; the temperature comes first, and ``top_p`` last.
    tempered : whether scores are made of that law (at temperature 0 with the temperature 1), or of the network's.
    threshold : the score that positions must exceed, where no numbers are planned.
    remasking : by confidence, the score of a token that is visible, of its probability: then it competes with the masks
        (Peng et al. 2025, arXiv 2502.03540, alg. 1).
    """

    mask: int
    order: str | Callable[[Any], Any] = "random"
    temperature: Number = 1
    top_k: int | None = None
    top_p: Number | None = None
    tempered: bool = False
    threshold: Number | None = None
    remasking: Callable[[Number], Number] | None = None
    #: How near decisions were to a tie: a single entry that shrinks.
    closest: list[float] = field(default_factory=lambda: [math.inf], compare=False)

    def __post_init__(self) -> None:
        check_count("mask", self.mask, 0)
        if not callable(self.order) and self.order not in ORDERS:
            raise ValueError(f"order = {self.order!r}; valid: {', '.join(map(repr, ORDERS))}, or a function")
        check_amount("temperature", self.temperature)
        if self.top_k is not None:
            check_count("top_k", self.top_k, 1)
        if self.top_p is not None:
            check_unit("top_p", check_positive("top_p", self.top_p))
        if self.threshold is not None:
            check_number("threshold", self.threshold)
        if self.remasking is not None:
            check_function("remasking", self.remasking)
            if self.order != "confidence" or self.threshold is not None:
                raise ValueError(f"order = {self.order!r}; valid: with remasking, 'confidence' and no threshold")

    def token_law(self, weights: Sequence[Number], temperature: Number | None = None) -> list[Number]:
        """The law that a token is drawn from, ``[K]``.

        >>> Rule(mask=3, top_k=2).token_law([1, 3, 4, 9])
        [0.0, 0.42857142857142855, 0.5714285714285714, 0]
        >>> Rule(mask=3, top_p=0.5).token_law([1, 3, 4, 9])    # 4/8 suffices
        [0.0, 0.0, 1.0, 0]
        >>> Rule(mask=3, temperature=0).token_law([1, 3, 4, 9])
        [0, 0, 1, 0]
        """
        tau = self.temperature if temperature is None else temperature
        p = normalized(weights, self.mask)
        if tau == 0:
            best = self._first(p, 1)
            return [int(k in best) for k in range(len(p))]
        if tau != 1:
            largest = max(p)
            p = normalized([(v / largest) ** (1 / tau) for v in p], self.mask)
        if self.top_k is not None:
            kept = self._first(p, self.top_k)
            p = normalized([v if k in kept else 0 for k, v in enumerate(p)], self.mask)
        if self.top_p is not None and self.top_p < 1:
            total: Number = 0
            kept = []
            for k in self._first(p, len(p)):
                if total >= self.top_p:
                    break
                kept.append(k)
                total += p[k]
                self._decided(total - self.top_p)
            self._first(p, len(kept))
            p = normalized([v if k in kept else 0 for k, v in enumerate(p)], self.mask)
        return p

    def _first(self, p: Sequence[Number], n: int) -> list[int]:
        """The ``n`` likeliest classes but the mask."""
        falling = sorted((k for k in range(len(p)) if k != self.mask), key=lambda k: (-p[k], k))
        if n < len(falling):
            self._decided(p[falling[n - 1]] - p[falling[n]])
        return falling[:n]

    def _decided(self, by: Number) -> None:
        self.closest[0] = min(self.closest[0], abs(float(by)))

    def _scores(self, weights: Weights) -> list[Number] | list[list[Number]]:
        """For each position its score, ``[L]``; for the order by confidence one for each token, ``[L][K]``."""
        read = (lambda w: self.token_law(w, self.temperature or 1)) if self.tempered else None
        p = [read(w) if read else normalized(w, self.mask) for w in weights]
        if callable(self.order):
            return list(self.order(p))
        if self.order == "confidence":
            return p
        if self.order == "margin":
            falling = [[*sorted((v for k, v in enumerate(q) if k != self.mask), reverse=True), 0] for q in p]
            return [q[0] - q[1] for q in falling]
        if self.order == "entropy":
            return [sum(v * math.log(v) for v in q if v > 0) for q in p]
        return [-i for i in range(len(p))]

    def _chosen(self, scores: Mapping[int, Number], n: int | None) -> tuple[int, ...]:
        """Which of the positions are revealed: the ``n`` of the highest scores, or those above the threshold.

        >>> Rule(mask=0, threshold=0.9)._chosen({0: 0.5, 1: 0.8}, None)    # at least one
        (1,)
        """
        falling = sorted(scores, key=lambda i: (-scores[i], i))
        if n is None:
            for i in falling:
                self._decided(scores[i] - self.threshold)
            n = sum(scores[i] > self.threshold for i in falling)
            if n == 0 and len(falling) > 1:
                self._decided(scores[falling[0]] - scores[falling[1]])
            n = max(n, 1)
        elif n < len(falling) and n and self.order != "left-to-right":
            self._decided(scores[falling[n - 1]] - scores[falling[n]])
        return tuple(sorted(falling[:n]))

    def acts(self, state: State, positions: Sequence[int], n: int | None) -> bool:
        """Whether anything may change: there are masks, and some are revealed, or others are visible afterwards.

        >>> Rule(mask=2).acts((2, 0), (0, 1), 1), Rule(mask=2).acts((2, 0), (0, 1), 0)
        (True, False)
        """
        if n is not None:
            check_count("n", n, 0)
        masked = any(state[i] == self.mask for i in _positions(positions, len(_state("state", state))))
        return masked and (n != 0 or self.remasking is not None)

    def step(self, weights: Weights, state: State, positions: Sequence[int], n: int | None) -> dict[State, Number]:
        """The law of the next state, where ``positions`` may be revealed and ``n`` of their masks are.

        With ``remasking`` ``n`` more of the positions are visible afterwards, and they may be others than before.

        >>> rule = Rule(mask=2, order="confidence")
        >>> rule.step([[1, 3, 9], [2, 2, 9]], (2, 2), (0, 1), 1)   # 3/4 comes before 2/4, 1/4 after it
        {(2, 0): 0.125, (2, 1): 0.125, (1, 2): 0.75}
        >>> rule = Rule(mask=2, order="confidence", temperature=0, remasking=lambda p: p)
        >>> rule.step([[1, 3, 9], [2, 2, 9]], (0, 2), (0, 1), 0)   # 1/4 for what is visible, 2/4 for the mask
        {(2, 0): 1}
        """
        if n is None and self.threshold is None:
            raise ValueError("n = None; valid: a number of positions, or a rule with a threshold")
        if n is not None:
            check_count("n", n, 0)
        state = _state("state", state)
        masked = [i for i in _positions(positions, len(state)) if state[i] == self.mask]
        laws = {i: self.token_law(weights[i]) for i in masked}
        if self.order == "random":
            ways = list(combinations(masked, min(n or 0, len(masked))))
            sets = [(way, 1) for way in ways]
            return _revealed(state, laws, sets, len(ways))
        scores = self._scores(weights)
        if self.order != "confidence":
            way = self._chosen({i: scores[i] for i in masked}, n)
            return _revealed(state, laws, [(way, 1)], 1)
        found: dict[State, Number] = {}
        support = [[k for k, v in enumerate(laws[i]) if v] for i in masked]
        kept: dict[int, Number] = {}
        if self.remasking is not None and n is not None:
            kept = {i: self.remasking(scores[i][state[i]]) for i in positions if i not in masked}
            n += len(kept)
        for tokens in product(*support):
            drawn = dict(zip(masked, tokens, strict=True))
            way = self._chosen({i: scores[i][k] for i, k in drawn.items()} | kept, n)
            hidden = {i: self.mask for i in kept if i not in way}
            reached = tuple(drawn[i] if i in drawn and i in way else hidden.get(i, v) for i, v in enumerate(state))
            weight = math.prod(laws[i][k] for i, k in drawn.items())
            found[reached] = found.get(reached, 0) + weight
        return found


def _revealed(
    state: State, laws: Mapping[int, Sequence[Number]], sets: Sequence[tuple[Sequence[int], int]], ways: int
) -> dict[State, Number]:
    """Each set of positions in its turn, with tokens drawn from the laws."""
    found: dict[State, Number] = {}
    for chosen, times in sets:
        support = [[k for k, v in enumerate(laws[i]) if v] for i in chosen]
        for tokens in product(*support):
            drawn = dict(zip(chosen, tokens, strict=True))
            reached = tuple(drawn.get(i, v) for i, v in enumerate(state))
            weight = math.prod(laws[i][k] for i, k in drawn.items()) * times
            found[reached] = found.get(reached, 0) + (weight if ways == 1 else weight / ways)
    return found


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
    law: dict[State, Number] = {_state("start", start): 1}
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
    path = iter([_state("states", one) for one in _listed("states", states)])
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
    law: dict[State, Number] = {_state("start", start): 1}
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


def _listed(name: str, value: Any) -> list[Any]:
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        raise TypeError(f"{name} = {value!r}; valid: a list that is not empty")
    return list(value)


def _state(name: str, value: Any) -> State:
    return tuple(check_count(name, v, 0) for v in _listed(name, value))


def _positions(value: Any, L: int) -> list[int]:
    found = [check_count("positions", i, 0) for i in _listed("positions", value)]
    if max(found) >= L:
        raise ValueError(f"positions = {found}; valid: below {L}")
    return found


def _blocks(value: Any, rule: Rule) -> list[Block]:
    if not isinstance(rule, Rule):
        raise TypeError(f"rule = {rule!r}; valid: a Rule")
    found = _listed("blocks", value)
    for _, counts in found:
        if counts is None and rule.threshold is None:
            raise ValueError("blocks = [(positions, None)]; valid: numbers of positions, or a rule with a threshold")
        for n in counts or ():
            check_count("blocks", n, 0)
    return found


__all__ = [
    "Rule",
    "ancestral_law",
    "conditionals",
    "normalized",
    "sequence_law",
    "trajectory_probability",
]
