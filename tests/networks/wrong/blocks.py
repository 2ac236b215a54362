"""Networks that see what comes later, in sampling or in training."""

from __future__ import annotations

import torch
from torch import Tensor

from tests.networks.right import Block
from tests.networks.wrong.registry import (
    CLEAN,
    LATER,
    NOISY,
    SAMPLING,
    Plain,
    wrong,
)


@wrong("network-sees-the-next-block", LATER)
class NextBlock(Plain):
    """One block too many."""

    def visible(self, counted: Tensor) -> Tensor:
        blocks = torch.arange(counted.shape[1]) // self.block_length
        return (blocks[:, None] + 1 >= blocks[None, :]) & counted[:, None, None, :]


@wrong("network-sees-the-next-position", LATER)
class NextPosition(Plain):
    """Blocks begin at position 1."""

    def visible(self, counted: Tensor) -> Tensor:
        blocks = (torch.arange(counted.shape[1]) + 1) // self.block_length
        return (blocks[:, None] >= blocks[None, :]) & counted[:, None, None, :]


@wrong("network-forgets-its-block-mask", LATER)
class AllBlocks(Block):
    """Sees everything, while its cache and its training do not."""

    def answers(self, ids: Tensor, counted: Tensor) -> Tensor:
        found: Tensor = self.module(ids, counted[:, None, None, :], self.places(counted))[0]
        return found


class Uncached(Block):
    """Asked without a cache."""

    answers_in_pieces = answers_while_denoising = None  # type: ignore[assignment]


class Trained(Uncached):
    """Block diffusion of which the mask of training is edited, ``[2 L, 2 L]``, by the blocks of positions ``[L]``."""

    def edit(self, visible: Tensor, block: Tensor, L: int) -> None:
        raise NotImplementedError

    def visible_in_training(self, L: int) -> Tensor:
        found = super().visible_in_training(L).clone()
        self.edit(found, torch.arange(L) // self.block_length, L)
        return found


@wrong("training-sees-other-noisy-blocks", NOISY)
class AllNoisy(Trained):
    """The noisy half is causal by blocks, instead of each for itself."""

    def edit(self, visible: Tensor, block: Tensor, L: int) -> None:
        visible[:L, :L] = block[:, None] >= block[None, :]


@wrong("training-is-causal-in-the-noisy-half", NOISY)
class CausalNoisy(Trained):
    """The noisy half is causal, token by token."""

    def edit(self, visible: Tensor, block: Tensor, L: int) -> None:
        del block
        visible[:L, :L] = torch.ones(L, L).tril().bool()


@wrong("training-sees-its-own-clean-block", CLEAN)
class OwnClean(Trained):
    """`>=` for `>`: every answer is there to be copied."""

    def edit(self, visible: Tensor, block: Tensor, L: int) -> None:
        visible[:L, L:] = block[:, None] >= block[None, :]


@wrong("training-sees-the-whole-clean-sequence", CLEAN)
class LaterClean(Trained):
    """The clean half sees all of itself, and what it saw is read from finished blocks."""

    def edit(self, visible: Tensor, block: Tensor, L: int) -> None:
        del block
        visible[L:, L:] = True


@wrong("training-shifts-its-clean-mask", CLEAN)
class ShiftedClean(Trained):
    """The clean half is shifted by one position, and so is its mask not."""

    def edit(self, visible: Tensor, block: Tensor, L: int) -> None:
        visible[:L, L:] = block[:, None] > (block[None, :] - 1).clamp(min=0)
        visible[:2, L:] = False


@wrong("training-hides-the-block-before", SAMPLING)
class HiddenBefore(Trained):
    """Finished blocks are seen one block late."""

    def edit(self, visible: Tensor, block: Tensor, L: int) -> None:
        visible[:L, L:] = block[:, None] > block[None, :] + 1


@wrong("training-hides-the-own-block", SAMPLING)
class HiddenOwn(Trained):
    """A noisy position sees itself, and not the rest of its block."""

    def edit(self, visible: Tensor, block: Tensor, L: int) -> None:
        del block
        visible[:L, :L] = torch.eye(L).bool()


@wrong("training-counts-the-clean-half-on", SAMPLING)
class CountsOn(Uncached):
    """The clean half has the positions L to 2 L - 1."""

    def places_in_training(self, L: int) -> Tensor:
        return torch.arange(2 * L)
