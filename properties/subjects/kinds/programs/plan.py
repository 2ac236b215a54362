"""The plan of a sampler: how many positions it reveals at each step, which ones, and what tokens it draws there."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, Literal, TypeAlias, cast

import numpy as np
import torch

from unmask.properties.subjects.spelling import did_you_mean

Array: TypeAlias = Any
Order: TypeAlias = Literal["random", "confidence", "margin", "entropy", "left-to-right"]
#: Probabilities ``[L, K]`` to a score for each position, ``[L]``; the highest are revealed first.
Score: TypeAlias = Callable[[torch.Tensor], torch.Tensor]
Counts: TypeAlias = Literal["even"] | int | Sequence[int] | Callable[[int, int], Sequence[int]]

ORDERS = {
    "random": "all masked positions are alike",
    "confidence": "the probability of the token that was drawn there, highest first",
    "margin": "the largest minus the second largest probability, highest first",
    "entropy": "that of the probabilities, lowest first",
    "left-to-right": "by place",
}


@dataclass(frozen=True)
class Plan:
    """A sampler that reveals a planned number of positions at each step, in a planned order.

    At each step the network is asked about the sequence, a token is drawn at every masked position, and the planned
    number of positions is revealed: those that come first in the order.  What a position holds stays.  The mask is
    ruled out before anything is chosen, sorted or normalized.

    Attributes
    ----------
    order : which positions come first: ``"random"``, ``"confidence"`` (probability of the drawn token), ``"margin"``
        (largest minus second largest probability), ``"entropy"`` (lowest first), ``"left-to-right"``, or a function
        of probabilities, a tensor ``[L, K]``, that gives a score ``[L]``, highest first.
    steps : number of steps for a whole sequence, an equal share of them for each block; one for each mask by default.
    counts : how many are revealed at each step (of a block): ``"even"``: the masks of a row (in the block) divided
        evenly over its steps, the remainder to the first of them; an int: that many, in the last step what is left;
        a list; or a function ``(masks, steps) -> list``.
    threshold : in place of ``steps`` and ``counts``: all positions of which the score exceeds it, at least the first.
    temperature : logits are divided by it; at 0 a token is the arg max.
    top_k, top_p : only the ``top_k`` likeliest classes, or the fewest likeliest ones of which the probabilities reach
        ``top_p`` (that by which they do is among them), can be drawn, both after the temperature; where both are
        given, ``top_k`` comes first.
    blocks, block_length : the positions from the first of a row that counts to the end are divided into so many
        blocks of equal length, or blocks of this length, which are finished from left to right.
    confidence_of : the probabilities that confidence, margin, entropy and scores are made of: ``"untempered"``, the
        softmax of the logits, or ``"tempered"``, the law that tokens are drawn from, temperature (if it is not 0),
        ``top_k`` and ``top_p`` included.
    shows : what the network is shown of a sequence: ``"everything"``, or the ``"blocks so far"``, to the end of the
        block that is being filled in, without those to its right.
    guidance : the weight ``w`` of classifier-free guidance: logits are ``u + (1 + w)(c - u)``, where ``c`` is what the
        network answers, and ``u`` what it answers where all that was visible at the start is masked as well.  Both are
        asked for in one call of twice as many rows, or one after the other, of all rows or of some; at weight 0 the
        second need not be.
    remasking : by confidence, in one block and by numbers: at each step what was revealed before competes with what
        masks would become, and as many tokens are visible afterwards as were, and the planned number more; those that
        score less are masked (again).  A token that is visible scores this weight times the probability that the
        network gives it now, or this function of it, of a tensor.  ``None`` where what is visible stays.

    Raises
    ------
    TypeError, ValueError : for arguments that say nothing valid, or contradict each other.

    Source: Nie et al. 2025 (LLaDA), alg. 4 and 5; Ye et al. 2025 (Dream); Kim et al. 2025 (arXiv 2502.06768), sec. 4
    (margin); Wu et al. 2025 (Fast-dLLM), sec. 3.3 (threshold); Nie et al. 2025
    (arXiv 2410.18514), eq. 5 (guidance); Peng et al. 2025 (P2, arXiv 2502.03540), alg. 1 (remasking).
    """

    order: Order | Score = "random"
    steps: int | None = None
    counts: Counts = "even"
    threshold: float | None = None
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    blocks: int = 1
    block_length: int | None = None
    confidence_of: Literal["untempered", "tempered"] = "untempered"
    shows: Literal["everything", "blocks so far"] = "everything"
    guidance: float | None = None
    remasking: float | Score | None = None

    def __post_init__(self) -> None:
        if not callable(self.order) and self.order not in ORDERS:
            near = did_you_mean(str(self.order), ORDERS)
            raise ValueError(
                f"order must be one of {', '.join(map(repr, ORDERS))}, or a function [L, K] -> [L], "
                f"got {self.order!r}{near}"
            )
        for name, least in (("steps", 1), ("block_length", 1)):
            if getattr(self, name) is not None:
                _whole(name, getattr(self, name), least)
        _whole("blocks", self.blocks, 1)
        _check_tokens(self)
        if self.confidence_of not in ("untempered", "tempered"):
            raise ValueError(f"confidence_of must be 'untempered' or 'tempered', got {self.confidence_of!r}")
        if self.shows not in ("everything", "blocks so far"):
            raise ValueError(f"shows must be 'everything' or 'blocks so far', got {self.shows!r}")
        if self.block_length is not None and self.blocks != 1:
            raise ValueError(f"blocks must not be given together with block_length, got {self.blocks}")
        self._check_remasking()
        self._check_counts()

    def _check_remasking(self) -> None:
        if self.remasking is None:
            return
        if not callable(self.remasking):
            _number("remasking", self.remasking, lambda v: v >= 0, "at least 0")
        if self.order != "confidence":
            raise ValueError(f"remasking must go with order='confidence', got {self.order!r}")
        if self.threshold is not None or self.blocks != 1 or self.block_length is not None:
            raise ValueError("remasking must not be given together with threshold, blocks or block_length")

    def _check_counts(self) -> None:
        counts: Any = self.counts
        if isinstance(counts, str):
            if counts != "even":
                raise ValueError(f"counts must be 'even', an int, a list or a function (masks, steps), got {counts!r}")
        elif isinstance(counts, Sequence):
            object.__setattr__(self, "counts", tuple(_whole("counts", v, 0) for v in counts))
            if not sum(cast("tuple[int, ...]", self.counts)):
                raise ValueError(f"counts must reveal something, got {counts!r}")
        elif not callable(counts):
            _whole("counts", counts, 1)
        if self.threshold is None:
            if self.steps is not None and self.steps % self.blocks:
                raise ValueError(f"steps must be a multiple of blocks = {self.blocks}, got {self.steps}")
            return
        _number("threshold", self.threshold, math.isfinite, "finite")
        if self.order in ("random", "left-to-right", "entropy"):
            raise ValueError(f"threshold must go with confidence, margin or a function as order, got {self.order!r}")
        if self.steps is not None or self.counts != "even":
            raise ValueError("threshold must not be given together with steps or counts")

    # ------------------------------------------------------------------ what follows
    @property
    def order_name(self) -> str:
        """The order in a word, for texts."""
        return "score" if callable(self.order) else self.order

    @property
    def by_drawn_token(self) -> bool:
        """Whether the order depends on the tokens that were drawn, and these are random."""
        return self.order == "confidence" and self.temperature > 0

    @property
    def is_random(self) -> bool:
        """Whether anything is random at all."""
        return self.order == "random" or (self.temperature > 0 and self.top_k != 1)

    def again(self, probability: Array) -> Array:
        """The scores of tokens that are visible, of what the network gives them now; float64, any shape."""
        if not callable(self.remasking):
            return float(self.remasking or 0) * probability
        found: Any = self.remasking(torch.as_tensor(probability, dtype=torch.float64))
        return np.asarray(found, dtype=float)

    def block_count(self, positions: int) -> int:
        """Into how many blocks so many positions are divided."""
        return self.blocks if self.block_length is None else -(-positions // self.block_length)

    def block_of(self, counted: Array) -> Array:
        """The block of each position, int64 ``[N, L]``, of bool ``[N, L]``; -1 before the first that counts."""
        places = np.arange(counted.shape[1]) - np.where(counted.any(-1), counted.argmax(-1), counted.shape[1])[:, None]
        region = (counted.shape[1] - np.where(counted.any(-1), counted.argmax(-1), counted.shape[1]))[:, None]
        length = -(-np.maximum(region, 1) // self.blocks) if self.block_length is None else self.block_length
        return np.where(places < 0, -1, places // length)

    def shown(self, counted: Array, masked: Array) -> Array:
        """How many positions of each row the network is shown, int64 ``[N]``, of bool ``[N, L]`` each.

        Of a row without masks, all.
        """
        L = counted.shape[1]
        if self.shows == "everything" or not L:
            return np.full(len(counted), L)
        block = self.block_of(counted)
        current = np.where(masked & counted, block, L + 1).min(-1)
        return (block <= current[:, None]).sum(-1)

    def revealed(self, masks: int, blocks: int = 1) -> list[int]:
        """How many of the ``masks`` of a block are revealed at each of its steps, where there are so many ``blocks``.

        Raises
        ------
        ValueError : if the counts do not add up to the masks, or the steps cannot be shared by the blocks.
        """
        if self.steps is not None and self.steps % blocks:
            raise ValueError(f"steps must be a multiple of the number of blocks, {blocks}, got {self.steps}")
        steps = masks if self.steps is None else self.steps // blocks
        counts: Any = self.counts
        if counts == "even":
            found = [masks // max(steps, 1) + (k < masks % max(steps, 1)) for k in range(steps)]
        elif callable(counts):
            own: Any = counts
            found = [int(v) for v in own(masks, steps)]
        elif isinstance(counts, int):
            found = [min(counts, masks - k) for k in range(0, masks, counts)]
        else:
            found = [int(v) for v in counts]
        if sum(found) != masks or min(found, default=0) < 0:
            raise ValueError(f"counts must add up to the number of masks, {masks}, got {found}")
        return found


@dataclass(frozen=True)
class Ancestral:
    """A sampler of masked diffusion along its own grid of times, from 1 to 0.

    From ``t`` to ``s`` each masked position is revealed with probability ``(alpha_s - alpha_t)/(1 - alpha_t)``, by
    itself, and its token drawn from the network's law over the classes but the mask.  With ``remasking``, a token that
    was revealed is masked again with probability ``sigma``, and masks make up for it: each is revealed with probability
    ``(alpha_s - (1 - sigma) alpha_t)/(1 - alpha_t)``.

    Attributes
    ----------
    times : falling from 1 to 0; or
    steps : so many equal steps.
    last : the tokens of the last step: ``"drawn"`` like all others, or the ``"arg max"`` of the network.
    temperature, top_k, top_p, guidance : as of a :class:`Plan`, for the tokens that are revealed; the probabilities of
        being revealed stay as they are.
    remasking : ``sigma(s, t)`` for times ``s < t``, as ``remasking_probability`` is declared for a kernel; ``None``
        where what is visible stays.

    Raises
    ------
    TypeError, ValueError : if neither or both are given; for times that do not fall from 1 to 0, no positive steps, and
        a ``remasking`` that is no function.

    Source: Sahoo et al. 2024 (MDLM, arXiv 2406.07524), eq. 6 and 7; Wang et al. 2025 (ReMDM, arXiv 2503.00307), sec. 3.
    """

    times: Sequence[float | Fraction] | None = None
    steps: int | None = None
    last: Literal["drawn", "arg max"] = "drawn"
    remasking: Callable[[float, float], float] | None = None
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    guidance: float | None = None

    def __post_init__(self) -> None:
        remasking: Any = self.remasking
        if remasking is not None and not callable(remasking):
            raise TypeError(f"remasking must be a function of two times s < t, got {remasking!r}")
        if (self.times is None) == (self.steps is None):
            raise ValueError(f"either times or steps must be given, got times={self.times!r} and steps={self.steps!r}")
        if self.steps is not None:
            _whole("steps", self.steps, 1)
        else:
            given: Any = self.times
            if isinstance(given, (str, bytes)) or not isinstance(given, Sequence):
                raise TypeError(f"times must be a list of numbers, got {given!r}")
            for v in given:
                _number("times", v, lambda u: 0 <= u <= 1, "from 0 to 1")
            if (
                len(given) < 2
                or given[0] != 1
                or given[-1] != 0
                or any(b >= a for a, b in pairwise(given))
            ):
                raise ValueError(f"times must fall from 1 to 0, got {list(given)}")
            object.__setattr__(self, "times", tuple(given))
        if self.last not in ("drawn", "arg max"):
            raise ValueError(f"last must be 'drawn' or 'arg max', got {self.last!r}")
        _check_tokens(self)

    @property
    def grid(self) -> list[Fraction]:
        """The times, from 1 to 0."""
        if self.steps is not None:
            return [1 - Fraction(k, self.steps) for k in range(self.steps + 1)]
        return [Fraction(v) for v in self.times or ()]


def checked_plan(value: Any) -> Plan | Ancestral:
    """What a program declares as its plan.

    Raises
    ------
    TypeError : if it is none.
    """
    if not isinstance(value, (Plan, Ancestral)):
        raise TypeError(f"plan must be a Plan(...) or an Ancestral(...), got {value!r}")
    return value


def _check_tokens(plan: Plan | Ancestral) -> None:
    """What tokens are drawn from."""
    if plan.top_k is not None:
        _whole("top_k", plan.top_k, 1)
    _number("temperature", plan.temperature, lambda v: v >= 0, "at least 0")
    if plan.top_p is not None:
        _number("top_p", plan.top_p, lambda v: 0 < v <= 1, "above 0 and at most 1")
    if plan.guidance is not None:
        _number("guidance", plan.guidance, math.isfinite, "finite")


def _whole(name: str, value: Any, least: int) -> int:
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool):
        raise TypeError(f"{name} must be {'ints' if name == 'counts' else 'an int'}, got {value!r}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")
    return int(value)


def _number(name: str, value: Any, valid: Callable[[Any], bool], what: str) -> None:
    if not isinstance(value, (int, float, Fraction)) or isinstance(value, bool):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not (math.isfinite(value) and valid(value)):
        raise ValueError(f"{name} must be {what}, got {value!r}")


__all__ = ["ORDERS", "Ancestral", "Plan", "checked_plan"]
