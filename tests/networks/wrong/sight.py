"""Networks that do not see what they should."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.networks.right import Timed
from tests.networks.transformer import Transformer, places_of
from tests.networks.wrong.registry import (
    ORDER,
    RULED_OUT,
    SEEN,
    TIME,
    OneWay,
    wrong,
)
from unmask.properties import Sequences, networks


@wrong("network-hides-the-last-position", SEEN, padding="right")
class HidesLast(OneWay):
    """A mask of the length minus one."""

    def answers(self, ids: Tensor, counted: Tensor) -> Tensor:
        last = counted.sum(1, keepdim=True) - 1
        seen = counted & (torch.arange(ids.shape[1]) < last.clamp(min=1))
        found: Tensor = self.module.transformer(ids, seen[:, None, None, :], places_of(counted))[0]
        return found


@wrong("network-hides-the-first-position", SEEN)
class HidesFirst(OneWay):
    """A token that begins sequences is taken for granted, where there is none."""

    def answers(self, ids: Tensor, counted: Tensor) -> Tensor:
        places = places_of(counted)
        seen = counted & ((places > 0) | (counted.sum(1, keepdim=True) == 1))
        found: Tensor = self.module.transformer(ids, seen[:, None, None, :], places)[0]
        return found


@wrong("network-sees-itself-alone", SEEN)
class Alone(OneWay):
    """The mask of attention is a diagonal."""

    def answers(self, ids: Tensor, counted: Tensor) -> Tensor:
        diagonal = torch.eye(ids.shape[1]).bool()[None, None]
        found: Tensor = self.module.transformer(ids, diagonal, places_of(counted))[0]
        return found


@wrong("network-is-left-causal", SEEN)
class LeftCausal(OneWay):
    """A language model whose causal mask is still there."""

    def answers(self, ids: Tensor, counted: Tensor) -> Tensor:
        visible = counted[:, None, None, :] & torch.ones(ids.shape[1], ids.shape[1]).tril().bool()
        found: Tensor = self.module.transformer(ids, visible, places_of(counted))[0]
        return found


@wrong("network-ignores-the-time", TIME)
class Timeless(Timed):
    """The time is not handed on."""

    def answers_at(self, ids: Tensor, counted: Tensor, t: Tensor) -> Tensor:
        return super().answers_at(ids, counted, torch.full_like(t, 0.5))


@wrong("network-forgets-its-positions", ORDER)
class NoPositions(OneWay):
    """Positions are not added."""

    def __init__(self, p: Sequences) -> None:
        super().__init__(p)
        self.module.transformer = Transformer(p.K, p.L, rotary=False).to(p.dtype).eval()
        nn.init.zeros_(self.module.transformer.positions.weight)  # type: ignore[union-attr]


@wrong("network-without-order-has-positions", ORDER, equivariant=True)
class HasPositions(OneWay):
    """Said to know no order."""


@wrong("network-leaves-mass-on-the-mask", RULED_OUT)
class LeavesMass(Timed):
    """The mask's logit is lowered by ten."""

    def answers_at(self, ids: Tensor, counted: Tensor, t: Tensor) -> Tensor:
        logits = self.module(input_ids=ids, attention_mask=counted, timesteps=t).logits
        lowered: Tensor = logits - 10.0 * F.one_hot(torch.tensor(self.mask), logits.shape[-1])
        return lowered


@wrong("network-rules-out-another-class", RULED_OUT, space=networks(K=5, mask="first"))
class AnotherClass(Timed):
    """The mask is taken for the last class."""

    def answers_at(self, ids: Tensor, counted: Tensor, t: Tensor) -> Tensor:
        logits = self.module(input_ids=ids, attention_mask=counted, timesteps=t).logits
        lowered: Tensor = logits.index_fill(-1, torch.tensor([logits.shape[-1] - 1]), -1e9).log_softmax(-1)
        return lowered
