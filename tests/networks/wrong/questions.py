"""Networks that answer by chance, from memory, or by the rest of the batch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from tests.networks.right import Convolution, Timed, Whole
from tests.networks.wrong.registry import (
    NUMBERS,
    ROWS,
    TWICE,
    Plain,
    wrong,
)
from unmask.properties import Sequences


@wrong("network-drops-out", TWICE)
class InTraining(Plain):
    """Nobody called `eval`."""

    def __init__(self, p: Sequences) -> None:
        super().__init__(p)
        self.module.train()


@wrong("network-keeps-its-last-cache", TWICE)
class Remembers(Whole):
    """A hidden state is left from the call before."""

    def __init__(self, p: Sequences) -> None:
        super().__init__(p)
        self.state = torch.zeros(p.K, dtype=p.dtype)

    def answers(self, ids: Tensor, counted: Tensor) -> Tensor:
        found = super().answers(ids, counted) + self.state
        self.state = 0.1 * (found[0, 0] - self.state).detach()
        return found

    answers_with_mask = None  # type: ignore[assignment]


@wrong("network-reads-raw-memory", TWICE)
class RawMemory(Whole):
    """Takes the ids as they lie in memory."""

    def answers(self, ids: Tensor, counted: Tensor) -> Tensor:
        flat = torch.as_strided(ids, (ids.numel(),), (1,)) if ids.numel() else ids
        return super().answers(flat.view(ids.shape), counted)

    answers_with_mask = None  # type: ignore[assignment]


@wrong("network-edits-its-ids", "inputs_are_left_alone")
class Edits(Whole):
    """Writes the mask over padding, in place."""

    def answers(self, ids: Tensor, counted: Tensor) -> Tensor:
        ids[~counted] = 0
        return super().answers(ids, counted)

    answers_with_mask = None  # type: ignore[assignment]


@wrong("network-normalizes-over-the-batch", ROWS)
class BatchNorm(Convolution):
    """Batch norm with the statistics of the batch, as in training."""

    def answers(self, ids: Tensor, counted: Tensor) -> Tensor:
        x = self.embedding(ids).transpose(1, 2)
        for layer in self.layers:
            x = x + F.gelu(F.batch_norm(layer(x * counted[:, None]), None, None, training=True))
        found: Tensor = self.head(x.transpose(1, 2))
        return found


@wrong("network-normalizes-over-rows", ROWS)
class OverRows(Whole):
    """A softmax over axis 0."""

    def answers(self, ids: Tensor, counted: Tensor) -> Tensor:
        return super().answers(ids, counted).log_softmax(0)

    answers_with_mask = None  # type: ignore[assignment]


@wrong("network-takes-the-mask-of-the-first-row", ROWS, padding="right")
class FirstMask(Whole):
    """One mask for the whole batch."""

    def answers(self, ids: Tensor, counted: Tensor) -> Tensor:
        return super().answers(ids, counted[:1].expand_as(counted))

    answers_with_mask = None  # type: ignore[assignment]


@wrong("network-uses-the-first-time", ROWS)
class FirstTime(Timed):
    """One time for the whole batch."""

    def answers_at(self, ids: Tensor, counted: Tensor, t: Tensor) -> Tensor:
        return super().answers_at(ids, counted, t[:1].expand_as(t))


@wrong("network-is-nan-for-padded-rows", NUMBERS)
class Empty(Whole):
    """A mean over the padding, of which there is none in some rows."""

    def answers(self, ids: Tensor, counted: Tensor) -> Tensor:
        found = super().answers(ids, counted)
        weights = (~counted).to(found.dtype)
        return found + 0 * (weights / weights.sum(1, keepdim=True)).sum(1)[:, None, None]

    answers_with_mask = None  # type: ignore[assignment]
