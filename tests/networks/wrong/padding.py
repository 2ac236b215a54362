"""Networks that see padding, or misread how they are told of it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from tests.networks.right import Convolution, Mixer, Recurrent, Whole
from tests.networks.transformer import places_of
from tests.networks.wrong.registry import (
    MASKS,
    PADDING,
    OneWay,
    wrong,
)
from unmask.properties import networks


@wrong("network-attends-to-padding", PADDING)
class AttendsToPadding(OneWay):
    """The mask is not handed on."""

    def answers(self, ids: Tensor, counted: Tensor) -> Tensor:
        found: Tensor = self.module(input_ids=ids).logits
        return found


@wrong("network-attends-a-little-to-padding", PADDING, padding="right")
class AttendsALittle(OneWay):
    """A score of -7 for padding, which leaves it a thousandth of the weight."""

    def answers(self, ids: Tensor, counted: Tensor) -> Tensor:
        visible = -7.0 * (~counted)[:, None, None, :].to(self.module.transformer.head.weight.dtype)
        found: Tensor = self.module.transformer(ids, visible, places_of(counted))[0]
        return found


@wrong("network-inverts-its-mask", PADDING, padding="right")
class Inverts(OneWay):
    """True is taken for what is hidden."""

    def answers(self, ids: Tensor, counted: Tensor) -> Tensor:
        found: Tensor = self.module(ids, (~counted).long()).logits
        return found


@wrong("network-adds-its-mask-as-it-is", PADDING)
class AddsOnes(OneWay):
    """1 and 0 are added to the scores."""

    def answers(self, ids: Tensor, counted: Tensor) -> Tensor:
        visible = counted[:, None, None, :].to(self.module.transformer.head.weight.dtype)
        found: Tensor = self.module.transformer(ids, visible, places_of(counted))[0]
        return found


@wrong("network-counts-positions-from-the-padding", PADDING, padding="left")
class FromThePadding(OneWay):
    """Learned positions are counted from the first column."""

    def answers(self, ids: Tensor, counted: Tensor) -> Tensor:
        visible = counted[:, None, None, :]
        places = torch.arange(ids.shape[1]).expand_as(ids)
        found: Tensor = self.module.transformer(ids, visible, places)[0]
        return found


@wrong("network-pools-over-padding", PADDING)
class Pools(OneWay):
    """A mean over all positions is added everywhere."""

    def answers(self, ids: Tensor, counted: Tensor) -> Tensor:
        found = super().answers(ids, counted)
        return found + self.module.transformer.embedding(ids).mean((1, 2), keepdim=True)[..., :1] * found.new_ones(1)


@wrong("network-normalizes-over-the-sequence", PADDING)
class SequenceNorm(Convolution):
    """A layer norm over positions and channels."""

    def answers(self, ids: Tensor, counted: Tensor) -> Tensor:
        x = self.embedding(ids).transpose(1, 2)
        for layer in self.layers:
            x = x + F.gelu(layer(F.layer_norm(x * counted[:, None], x.shape[1:])))
        found: Tensor = self.head(x.transpose(1, 2))
        return found


@wrong("network-reads-padding-backwards", PADDING)
class Backwards(Recurrent):
    """Not packed: the way back begins in the padding."""

    def answers(self, ids: Tensor, counted: Tensor) -> Tensor:
        found: Tensor = self.head(self.lstm(self.embedding(ids))[0])
        return found


@wrong("network-convolves-padding", PADDING)
class ConvolvesPadding(Convolution):
    """Padding is zero before the first convolution only."""

    def answers(self, ids: Tensor, counted: Tensor) -> Tensor:
        x = self.embedding(ids).transpose(1, 2) * counted[:, None]
        for layer in self.layers:
            x = x + F.gelu(layer(x))
        found: Tensor = self.head(x.transpose(1, 2))
        return found


@wrong("network-mixes-padding", PADDING, space=networks(K=5, L=8))
class MixesPadding(Mixer):
    """Padding is mixed into all positions."""

    def answers(self, ids: Tensor, counted: Tensor) -> Tensor:
        return super().answers(ids, torch.ones_like(counted))


class Forms(Whole):
    """Asked with masks of all forms, of which one is misread."""

    def read(self, mask: Tensor) -> Tensor:
        raise NotImplementedError

    def answers_with_mask(self, ids: Tensor, mask: Tensor) -> Tensor:
        return super().answers_with_mask(ids, self.read(mask))


@wrong("network-adds-an-integer-mask", MASKS)
class AddsIntegers(Forms):
    """1 and 0 are taken for scores."""

    def answers_with_mask(self, ids: Tensor, mask: Tensor) -> Tensor:
        if mask.dtype != torch.int64:
            return Whole.answers_with_mask(self, ids, mask)
        visible = mask[:, None, None, :].to(self.module.transformer.head.weight.dtype)
        found: Tensor = self.module.transformer(ids, visible, places_of(mask == 1))[0]
        return found


@wrong("network-inverts-a-boolean-mask", MASKS)
class InvertsFlags(Forms):
    """True is taken for what is hidden, as torch's attention layers do."""

    def read(self, mask: Tensor) -> Tensor:
        return ~mask if mask.dtype == torch.bool else mask


@wrong("network-takes-an-additive-mask-for-flags", MASKS)
class ScoresAsFlags(Forms):
    """Everything but 0 is taken for true."""

    def read(self, mask: Tensor) -> Tensor:
        return mask.bool()
