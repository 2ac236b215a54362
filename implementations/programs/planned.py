"""Samplers of masked diffusion that reveal a planned number of positions at each step, in a planned order.

Nie et al. 2025 (LLaDA, arXiv 2502.09992), alg. 4 and 5; Kim et al. 2025 (arXiv 2502.06768), sec. 4 (margin); Wu et al.
2025 (Fast-dLLM, arXiv 2505.22618), sec. 3.3 (threshold).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor

from unmask.implementations.numbers import checks
from unmask.implementations.numbers.categorical import invert, uniforms
from unmask.implementations.programs.guidance import guide
from unmask.implementations.programs.tokens import certainty, token_logits

#: ``network(ids)``, ids ``[n, L]`` int64, to logits ``[n, L, K]``, or to an object that has them as ``.logits``.
Asked: TypeAlias = Callable[[Tensor], Any]
Order: TypeAlias = Literal["random", "confidence", "margin", "entropy", "left-to-right"]
ORDERS = ("random", "confidence", "margin", "entropy", "left-to-right")


class Law:
    """What a network says about masked positions: ``log_p [R, K]`` and ``drawn_from [R, K]``, the law of tokens."""

    def __init__(self, plan: PlannedSampler, logits: Tensor) -> None:
        self.drawn_from = token_logits(logits, plan.mask, plan.temperature, plan.top_k, plan.top_p)
        plain = plan.temperature in (0, 1) and plan.top_k is None and plan.top_p is None
        untempered = plan.confidence_of == "untempered" and not plain
        self.log_p = token_logits(logits, plan.mask, 1) if untempered else self.drawn_from


@dataclass(frozen=True)
class PlannedSampler:
    """Fills in masks in steps: at each, a token is drawn at every mask, and the first in an order are revealed.

    Parameters
    ----------
    mask : id of the mask, which is ruled out before anything is chosen.
    order : ``"random"``, ``"confidence"`` (the probability of the drawn token), ``"margin"`` (the largest minus the
        second largest probability), ``"entropy"`` (lowest first), ``"left-to-right"``.
    steps : number of steps for a sequence, shared evenly by its blocks; one for each mask by default.
    counts : numbers to reveal at each step of a block; by default its masks divided evenly, the remainder first.
    threshold : in place of both: all positions whose certainty exceeds it are revealed, at least one.
    temperature : 0 takes the arg max.
    top_k, top_p : only the likeliest classes are drawn, after the temperature; ``top_k`` comes first.
    blocks, block_length : the positions from the first of a row that counts to the end are divided into so many blocks
        of equal length, or blocks of this length, and finished from left to right.
    confidence_of : certainty is that of the ``"untempered"`` probabilities, or of the ``"tempered"`` law that tokens
        are drawn from.
    shows : whether the network is shown ``"everything"``, or the ``"blocks so far"``: all rows to the end of the block
        that is being filled in.
    guidance : weight ``w`` of classifier-free guidance, of which the network is shown twice as many rows: logits are
        ``u + (1 + w)(c - u)``, with ``u`` for the masks alone, without what was visible at the start (Nie et al. 2025,
        arXiv 2410.18514, eq. 5).
    remasking : by confidence, in one block: a token that is visible competes with the masks at every step, with this
        weight times the probability that the network gives it now, and may be masked again, so that as many are visible
        as without (Peng et al. 2025, arXiv 2502.03540, alg. 1).

    Raises
    ------
    TypeError, ValueError : for arguments that are not among these.
    """

    mask: int
    order: Order = "confidence"
    steps: int | None = None
    counts: Sequence[int] | None = None
    threshold: float | None = None
    temperature: float = 0.0
    top_k: int | None = None
    top_p: float | None = None
    blocks: int = 1
    block_length: int | None = None
    confidence_of: Literal["untempered", "tempered"] = "untempered"
    shows: Literal["everything", "blocks so far"] = "everything"
    guidance: float | None = None
    remasking: float | None = None

    def __post_init__(self) -> None:
        checks.integer("mask", self.mask, 0)
        if self.order not in ORDERS:
            raise ValueError(f"order must be one of {', '.join(map(repr, ORDERS))}, got {self.order!r}")
        for name in ("steps", "top_k", "block_length"):
            if getattr(self, name) is not None:
                checks.integer(name, getattr(self, name), 1)
        checks.integer("blocks", self.blocks, 1)
        checks.number("temperature", self.temperature, 0, math.inf)
        if self.top_p is not None:
            checks.number("top_p", self.top_p, 0, 1, strict="low")
        if self.threshold is not None:
            checks.number("threshold", self.threshold, -math.inf, math.inf)
            if self.order not in ("confidence", "margin") or self.steps is not None or self.counts is not None:
                raise ValueError(f"threshold must go with confidence or margin alone, got {self}")
        if self.counts is not None:
            for k, n in enumerate(self.counts):
                checks.integer(f"counts[{k}]", n, 0)
        if self.block_length is not None and self.blocks != 1:
            raise ValueError(f"blocks must not be given together with block_length, got {self.blocks}")
        if self.confidence_of not in ("untempered", "tempered"):
            raise ValueError(f"confidence_of must be 'untempered' or 'tempered', got {self.confidence_of!r}")
        if self.guidance is not None:
            checks.number("guidance", self.guidance, -math.inf, math.inf, strict="low high")
        if self.shows not in ("everything", "blocks so far"):
            raise ValueError(f"shows must be 'everything' or 'blocks so far', got {self.shows!r}")
        if self.remasking is not None:
            checks.number("remasking", self.remasking, 0, math.inf, strict="high")
            if self.order != "confidence" or self.threshold is not None or self.blocks > 1 or self.block_length:
                raise ValueError(f"remasking must go with confidence, numbers and one block, got {self}")

    # ------------------------------------------------------------------ sampling
    @torch.no_grad()
    def sample(self, network: Asked, x: Tensor, counted: Tensor | None, generator: torch.Generator) -> Tensor:
        """``x`` with its masks filled in: ids ``[N, L]`` int64.

        Parameters
        ----------
        network : called once a step, with all rows, until nothing is masked.
        x : ids ``[N, L]``; what is visible, such as a prompt, stays.
        counted : bool ``[N, L]``, which masks are filled in; all by default.
        generator : of all that is drawn.

        Raises
        ------
        TypeError, ValueError : for ids and flags of other dtypes or shapes, ``counts`` that do not add up to the masks,
            ``steps`` that the blocks cannot share, and outputs of another shape.
        """
        checks.function("network", network, "(ids)")
        checks.generator(generator)
        x, free = self._checked(x, counted)
        x = x.long().clone()
        known = x != self.mask
        block = self._block_of(free)
        for b in range(int(block.max()) + 1 if block.numel() else 0):
            inside = free & (block == b)
            planned = self._planned(inside, block)
            steps = int(inside.sum(-1).max()) if planned is None else planned.shape[1]
            end = x.shape[1]
            if self.shows != "everything":
                end = int((inside.any(-1) * (block <= b).sum(-1)).max())
            for k in range(steps):
                masked = inside & (x == self.mask)
                if not bool(masked.any()):
                    break
                number = None if planned is None else planned[:, k]
                logits = self._answer(network, x[:, :end], known[:, :end])
                x[:, :end] = self._step(logits, x[:, :end], masked[:, :end], number, generator, inside[:, :end])
        return x

    def _step(
        self,
        logits: Tensor,
        x: Tensor,
        masked: Tensor,
        number: Tensor | None,
        generator: torch.Generator,
        inside: Tensor,
    ) -> Tensor:
        law = Law(self, logits[masked])
        if self.temperature == 0:
            tokens = law.log_p.argmax(-1)
        else:
            tokens = invert(law.drawn_from.exp(), uniforms(law.drawn_from.shape[:1], generator, x.device))
        if self.order == "random":
            score = uniforms(x.shape, generator, x.device)
        else:
            score = self._score(law, tokens, masked)
        drawn = torch.zeros_like(x).masked_scatter(masked, tokens)
        if self.remasking is None or number is None:
            return torch.where(self._chosen(score, masked, number), drawn, x)
        visible = inside & ~masked
        again = self.remasking * certainty(Law(self, logits[visible]).log_p, x[visible], "confidence")
        score = score.masked_scatter(visible, again.to(score.dtype))
        chosen = self._chosen(score, inside, number + visible.sum(-1))
        return torch.where(chosen & masked, drawn, x.masked_fill(visible & ~chosen, self.mask))

    # ------------------------------------------------------------------ the plan
    def _checked(self, x: Tensor, counted: Tensor | None) -> tuple[Tensor, Tensor]:
        """The ids, and which of them are masks to be filled in."""
        checks.tensor("x", x, checks.IDS)
        checks.shape("x", x, ["N", "L"])
        masked = x == self.mask
        if counted is None:
            return x, masked
        checks.tensor("counted", counted, (torch.bool,))
        checks.shape("counted", counted, list(x.shape))
        return x, masked & counted

    def _answer(self, network: Asked, x: Tensor, known: Tensor) -> Tensor:
        """The logits for ``x``, ``[N, L, K]``, guided away from those without what is ``known [N, L]``."""
        shown = x if self.guidance is None else torch.cat([x, x.masked_fill(known, self.mask)])
        output: Any = network(shown)
        found: Any = getattr(output, "logits", output)
        logits = checks.tensor("the network's output", found, checks.FLOATS)
        checks.shape("the network's output", logits, [*shown.shape, "K"])
        if self.guidance is None:
            return logits
        given, alone = logits.chunk(2)
        return guide(given, alone, self.guidance, mask=self.mask)

    def _block_of(self, free: Tensor) -> Tensor:
        """The block of each position, ``[N, L]``; -1 before the first that is free."""
        N, L = free.shape
        first = torch.where(free.any(-1), free.int().argmax(-1), L)[:, None]
        length = self.block_length if self.block_length is not None else -(-(L - first).clamp(min=1) // self.blocks)
        places = torch.arange(L, device=free.device).expand(N, L) - first
        return torch.where(places < 0, -1, places.div(length, rounding_mode="floor"))

    def _planned(self, inside: Tensor, block: Tensor) -> Tensor | None:
        """How many of the masks ``inside [N, L]`` are revealed at each step, ``[N, S]``; ``None`` with a threshold."""
        if self.threshold is not None:
            return None
        masks = inside.sum(-1)
        if self.counts is not None:
            planned = torch.tensor(list(self.counts), device=inside.device).expand(len(masks), -1)
            if bool(((planned.sum(-1) != masks) & (masks > 0)).any()):
                told = sorted(set(masks.tolist()))
                raise ValueError(f"counts must add up to the masks of each row, {told}, got {list(self.counts)}")
            return planned * (masks > 0)[:, None]
        if self.steps is None:
            return (torch.arange(int(masks.max()), device=inside.device) < masks[:, None]).long()
        several = block.amax(-1) + 1
        if bool((self.steps % several.clamp(min=1) > 0).any()):
            told = sorted(set(several.tolist()))
            raise ValueError(f"steps must be a multiple of the number of blocks, {told}, got {self.steps}")
        steps = (self.steps // several.clamp(min=1))[:, None]
        k = torch.arange(int(steps.max()), device=inside.device)
        return torch.where(k < steps, masks[:, None] // steps + (k < masks[:, None] % steps), 0)

    def _score(self, law: Law, tokens: Tensor, masked: Tensor) -> Tensor:
        """The score of each position by an order that is not random, ``[N, L]``."""
        places = torch.arange(masked.shape[1], device=masked.device, dtype=torch.float64)
        if self.order == "left-to-right":
            return -places.expand(masked.shape)
        found = certainty(law.log_p, tokens, self.order)
        return torch.full(masked.shape, -math.inf, dtype=found.dtype, device=found.device).masked_scatter(masked, found)

    def _chosen(self, score: Tensor, masked: Tensor, number: Tensor | None) -> Tensor:
        """Which masked positions are revealed, bool ``[N, L]``; the left one of two that score alike."""
        score = score.masked_fill(~masked, -math.inf)
        rank = score.argsort(dim=-1, descending=True, stable=True).argsort(-1)
        if number is None:
            assert self.threshold is not None
            return masked & ((score > self.threshold) | (rank == 0))
        return masked & (rank < number[:, None])


__all__ = ["Asked", "Law", "PlannedSampler"]
