"""A small transformer as trainers write it: two kinds of positions, blocks, a cache, a time, masks of three forms."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

#: Keys and values of one layer, ``[N, heads, S, width / heads]``, and which of these positions count, ``[N, S]``.
Kept = list[tuple[Tensor, Tensor]]


@dataclass
class Cache:
    """Keys and values of all layers, and which positions they stand for count, ``[N, S]``."""

    layers: Kept
    counted: Tensor


def rotated(x: Tensor, places: Tensor) -> Tensor:
    """Rotary positions: pairs of features are turned by an angle that grows with the place, ``[N, H, L, D]``."""
    half = x.shape[-1] // 2
    speeds = 10.0 ** (-torch.arange(half, dtype=x.dtype, device=x.device) / half)
    angle = places[:, None, :, None].to(x.dtype) * speeds
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()], -1)


class Layer(nn.Module):
    """Attention and a perceptron, each after a layer norm and beside a residual."""

    def __init__(self, width: int, heads: int, rotary: bool) -> None:
        super().__init__()
        self.heads, self.rotary = heads, rotary
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.into, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.perceptron = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.dropout = nn.Dropout(0.1)

    def forward(
        self, x: Tensor, visible: Tensor, places: Tensor, past: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        N, L, width = x.shape
        parts = self.into(self.first(x)).view(N, L, 3, self.heads, width // self.heads)
        q, k, v = (part.transpose(1, 2) for part in parts.unbind(2))
        if self.rotary:
            q, k = rotated(q, places), rotated(k, places)
        if past is not None:
            k, v = torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
        scores = q @ k.transpose(-1, -2) / (width // self.heads) ** 0.5
        if visible.dtype == torch.bool:
            scores = scores.masked_fill(~visible, torch.finfo(scores.dtype).min)
        else:
            scores = scores + visible
        found = (scores.softmax(-1) @ v).transpose(1, 2).reshape(N, L, width)
        x = x + self.dropout(self.out(found))
        return x + self.dropout(self.perceptron(self.second(x))), (k, v)


class Transformer(nn.Module):
    """Logits ``[N, L, K]`` of ids ``[N, L]``, with all weights random."""

    def __init__(
        self, K: int, longest: int, *, rotary: bool = True, width: int = 16, layers: int = 2, seed: int = 0
    ) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.embedding = nn.Embedding(K, width)
            self.positions = None if rotary else nn.Embedding(longest, width)
            self.time = nn.Linear(4, width)
            self.layers = nn.ModuleList(Layer(width, 2, rotary) for _ in range(layers))
            self.norm = nn.LayerNorm(width)
            self.head = nn.Linear(width, K)

    def forward(
        self,
        ids: Tensor,
        visible: Tensor,
        places: Tensor,
        t: Tensor | None = None,
        past: Kept | None = None,
    ) -> tuple[Tensor, Kept]:
        x = self.embedding(ids)
        if self.positions is not None:
            x = x + self.positions(places)
        if t is not None:
            angles = t[:, None].to(x.dtype) * torch.tensor([1.0, 4.0], dtype=x.dtype, device=x.device)
            x = x + self.time(torch.cat([angles.sin(), angles.cos()], -1))[:, None]
        kept = []
        for k, layer in enumerate(self.layers):
            x, new = layer(x, visible, places, None if past is None else past[k])
            kept.append(new)
        return self.head(self.norm(x)), kept


def places_of(counted: Tensor) -> Tensor:
    """Positions counted from the first one that is not padding, ``[N, L]``."""
    return (counted.long().cumsum(1) - 1).clamp(min=0)


class HuggingFaceLike(nn.Module):
    """A masked language model that is called as those of Hugging Face are, and answers with an object."""

    def __init__(self, K: int, longest: int, rotary: bool = False) -> None:
        super().__init__()
        self.transformer = Transformer(K, longest, rotary=rotary, seed=1)

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None, **others: Any) -> SimpleNamespace:
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        if mask.dtype.is_floating_point:
            counted, visible = mask == 0, mask[:, None, None, :].clamp(min=torch.finfo(mask.dtype).min)
        else:
            counted = mask.bool()
            lowest = torch.finfo(self.transformer.head.weight.dtype).min
            visible = (1 - mask[:, None, None, :].to(self.transformer.head.weight.dtype)) * lowest
        logits, _ = self.transformer(input_ids, visible, places_of(counted), others.get("timesteps"))
        return SimpleNamespace(logits=logits)


def log_probabilities_over_clean(logits: Tensor, mask: int) -> Tensor:
    """Normalized without the mask."""
    ruled_out = logits.index_fill(-1, torch.tensor([mask], device=logits.device), -1e9)
    return F.log_softmax(ruled_out, -1)


__all__ = ["Cache", "HuggingFaceLike", "Transformer", "log_probabilities_over_clean", "places_of"]
