"""One step of a sampler with a plan: how tokens are drawn, and which positions are revealed.

At each step a network says, for every position, how likely the classes are; a token is drawn at each masked position;
some positions are revealed, and the others stay masked.  With `Fraction` as weights all that needs no
root or logarithm is exact: temperatures 0 and 1, orders by chance, by place, confidence and margin.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product
from typing import Any, TypeAlias

from unmask.reference.numbers.arithmetic import check_count, check_number
from unmask.reference.numbers.checks import (
    check_amount,
    check_function,
    check_positions,
    check_positive,
    check_state,
    check_unit,
)

Number: TypeAlias = Any
State: TypeAlias = tuple[int, ...]
Weights: TypeAlias = Sequence[Sequence[Number]]
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
        state = check_state("state", state)
        masked = any(state[i] == self.mask for i in check_positions("positions", positions, len(state)))
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
        state = check_state("state", state)
        masked = [i for i in check_positions("positions", positions, len(state)) if state[i] == self.mask]
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


__all__ = ["Number", "Rule", "State", "Weights", "normalized"]
