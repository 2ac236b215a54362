"""Networks that answer otherwise with what they kept."""

from __future__ import annotations

import torch
from torch import Tensor

from tests.networks.right import Block, Causal
from tests.networks.transformer import Cache
from tests.networks.wrong.registry import (
    CACHE,
    FINISHED,
    wrong,
)
from unmask.properties import networks


class Cached(Block):
    """Asked with a cache, and not in training."""

    answers_in_training = None  # type: ignore[assignment]


@wrong("cache-is-one-position-late", CACHE)
class OneLate(Cached):
    """Positions go on from the length of the cache plus one."""

    def continued(self, ids: Tensor, counted: Tensor, cache: Cache | None) -> tuple[Tensor, Cache]:
        before = counted[:, :0] if cache is None else cache.counted
        every = torch.cat([before, counted], 1)
        seen, places = self.visible(every)[:, :, before.shape[1] :], self.places(every)[:, before.shape[1] :]
        late = 0 if cache is None else 1
        found, kept = self.module(ids, seen, places + late, past=None if cache is None else cache.layers)
        return found, Cache(kept, every)


@wrong("cache-forgets-the-offset", CACHE)
class NoOffset(Cached):
    """Rotary positions of every piece begin at 0."""

    def continued(self, ids: Tensor, counted: Tensor, cache: Cache | None) -> tuple[Tensor, Cache]:
        before = counted[:, :0] if cache is None else cache.counted
        every = torch.cat([before, counted], 1)
        seen = self.visible(every)[:, :, before.shape[1] :]
        found, kept = self.module(ids, seen, self.places(counted), past=None if cache is None else cache.layers)
        return found, Cache(kept, every)


@wrong("cache-drops-the-first-position", CACHE)
class DropsFirst(Cached):
    """A window over the cache that is one position short."""

    def continued(self, ids: Tensor, counted: Tensor, cache: Cache | None) -> tuple[Tensor, Cache]:
        if cache is not None:
            hidden = cache.counted.clone()
            hidden[:, 0] = False
            before = hidden.shape[1]
            every = torch.cat([hidden, counted], 1)
            places = self.places(torch.cat([cache.counted, counted], 1))[:, before:]
            found, kept = self.module(ids, self.visible(every)[:, :, before:], places, past=cache.layers)
            return found, Cache(kept, torch.cat([cache.counted, counted], 1))
        return super().continued(ids, counted, cache)


@wrong("cache-forgets-the-padding", CACHE)
class ForgetsPadding(Causal):
    """What was padding counts once it is in the cache."""

    def continued(self, ids: Tensor, counted: Tensor, cache: Cache | None) -> tuple[Tensor, Cache]:
        found, kept = super().continued(ids, counted, cache)
        return found, Cache(kept.layers, torch.ones_like(kept.counted))


@wrong("cache-holds-the-last-piece-only", CACHE)
class LastPiece(Cached):
    """The cache is replaced instead of grown: positions are right, and older keys are hidden."""

    def continued(self, ids: Tensor, counted: Tensor, cache: Cache | None) -> tuple[Tensor, Cache]:
        if cache is None:
            return super().continued(ids, counted, cache)
        before, recent = cache.counted, getattr(cache, "recent", cache.counted)
        every = torch.cat([before, counted], 1)
        seen = self.visible(torch.cat([recent, counted], 1))[:, :, before.shape[1] :]
        found, kept = self.module(ids, seen, self.places(every)[:, before.shape[1] :], past=cache.layers)
        new = Cache(kept, every)
        new.recent = torch.cat([torch.zeros_like(before), counted], 1)  # type: ignore[attr-defined]
        return found, new


class Denoises(Cached):
    """Denoises with its cache, piece by piece."""

    def kept_of(self, draft: Tensor, final: Tensor, cache: Cache | None) -> Cache | None:
        raise NotImplementedError

    def answers_while_denoising(self, noisy: Tensor, clean: Tensor, pieces: list[int]) -> Tensor:
        cache, found = None, []
        for draft, final in zip(noisy.split(pieces, 1), clean.split(pieces, 1), strict=True):
            every = torch.ones_like(final, dtype=torch.bool)
            found.append(self.continued(draft, every, cache)[0])
            cache = self.kept_of(draft, final, cache)
        return torch.cat(found, 1)


@wrong("cache-keeps-the-masked-tokens", FINISHED)
class KeepsMasks(Denoises):
    """Keys and values are those of the first call for a block, when it was masked."""

    def kept_of(self, draft: Tensor, final: Tensor, cache: Cache | None) -> Cache | None:
        del final
        return self.continued(draft, torch.ones_like(draft, dtype=torch.bool), cache)[1]


@wrong("cache-keeps-both", FINISHED, space=networks(K=5, L=(4, 6)))
class KeepsBoth(Denoises):
    """The draft is not taken out of the cache before the finished block is put in."""

    def kept_of(self, draft: Tensor, final: Tensor, cache: Cache | None) -> Cache | None:
        every = torch.ones_like(draft, dtype=torch.bool)
        return self.continued(final, every, self.continued(draft, every, cache)[1])[1]


@wrong("cache-keeps-nothing", FINISHED)
class KeepsNothing(Denoises):
    """Blocks are finished, and not kept."""

    def kept_of(self, draft: Tensor, final: Tensor, cache: Cache | None) -> Cache | None:
        del draft, final
        return cache
