"""Right networks in several styles, which no law may accuse."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from tests.networks.transformer import (
    Cache,
    HuggingFaceLike,
    Transformer,
    log_probabilities_over_clean,
    places_of,
)
from unmask.properties import Sequences, Subject, networks

SPACE = networks(K=(5, 6), L=(4, 12))


class Block:
    """Block diffusion: rotary, causal by blocks, with a cache, and trained on noisy and clean halves at once."""

    block_length, padding = 2, "both"

    def __init__(self, p: Sequences) -> None:
        self.module = Transformer(p.K, p.L).to(p.dtype).eval()

    # What an answer may see, by queries and keys, which mutants change.
    def visible(self, counted: Tensor) -> Tensor:
        blocks = torch.arange(counted.shape[1], device=counted.device) // self.block_length
        return (blocks[:, None] >= blocks[None, :]) & counted[:, None, None, :]

    def places(self, counted: Tensor) -> Tensor:
        return places_of(counted)

    def answers(self, ids: Tensor, counted: Tensor) -> Tensor:
        found: Tensor = self.module(ids, self.visible(counted), self.places(counted))[0]
        return found

    # A cache: what it is when empty, what it becomes, and what a piece is shown of it.
    def continued(self, ids: Tensor, counted: Tensor, cache: Cache | None) -> tuple[Tensor, Cache]:
        before = counted[:, :0] if cache is None else cache.counted
        every = torch.cat([before, counted], 1)
        seen, places = self.visible(every)[:, :, before.shape[1] :], self.places(every)[:, before.shape[1] :]
        found, kept = self.module(ids, seen, places, past=None if cache is None else cache.layers)
        return found, Cache(kept, every)

    def answers_in_pieces(self, ids: Tensor, counted: Tensor, pieces: list[int]) -> Tensor:
        cache, found = None, []
        for part, counts in zip(ids.split(pieces, 1), counted.split(pieces, 1), strict=True):
            answer, cache = self.continued(part, counts, cache)
            found.append(answer)
        return torch.cat(found, 1)

    def answers_while_denoising(self, noisy: Tensor, clean: Tensor, pieces: list[int]) -> Tensor:
        cache, found = None, []
        for draft, final in zip(noisy.split(pieces, 1), clean.split(pieces, 1), strict=True):
            every = torch.ones_like(final, dtype=torch.bool)
            found.append(self.continued(draft, every, cache)[0])
            _, cache = self.continued(final, every, cache)
        return torch.cat(found, 1)

    # Training on [x_t, x_0].
    def visible_in_training(self, L: int) -> Tensor:
        block = torch.arange(L) // self.block_length
        noisy_noisy = block[:, None] == block[None, :]
        noisy_clean = block[:, None] > block[None, :]
        clean_clean = block[:, None] >= block[None, :]
        top = torch.cat([noisy_noisy, noisy_clean], 1)
        return torch.cat([top, torch.cat([torch.zeros(L, L, dtype=torch.bool), clean_clean], 1)], 0)

    def places_in_training(self, L: int) -> Tensor:
        return torch.arange(L).repeat(2)

    def answers_in_training(self, noisy: Tensor, clean: Tensor) -> Tensor:
        N, L = noisy.shape
        seen = self.visible_in_training(L).expand(N, 1, -1, -1)
        found: Tensor = self.module(torch.cat([noisy, clean], 1), seen, self.places_in_training(L).expand(N, -1))[0]
        return found[:, :L]


class Whole:
    """A masked language model with learned positions that is called as Hugging Face's are."""

    padding, equivariant = "both", False

    def __init__(self, p: Sequences) -> None:
        self.module = HuggingFaceLike(p.K, p.L).to(p.dtype).eval()

    def answers(self, ids: Tensor, counted: Tensor) -> Tensor:
        found: Tensor = self.module(input_ids=ids, attention_mask=counted.long()).logits
        return found

    def answers_with_mask(self, ids: Tensor, mask: Tensor) -> Tensor:
        found: Tensor = self.module(input_ids=ids, attention_mask=mask).logits
        return found


class Timed:
    """Shown the time; rules the mask out, and carries visible tokens over."""

    mask_ruled_out = True

    def __init__(self, p: Sequences) -> None:
        assert p.mask is not None
        self.module, self.mask = HuggingFaceLike(p.K, p.L, rotary=True).to(p.dtype).eval(), p.mask

    @torch.no_grad()
    def answers_at(self, ids: Tensor, counted: Tensor, t: Tensor) -> Tensor:
        logits = self.module(input_ids=ids, attention_mask=counted, timesteps=t).logits
        found = log_probabilities_over_clean(logits, self.mask)
        carried = (1.0 - F.one_hot(ids, found.shape[-1]).to(found.dtype)) * -1e6
        masked = torch.eq(ids, self.mask)[..., None]
        return torch.where(masked, found, carried)


class Recurrent:
    """An LSTM that runs both ways over packed sequences."""

    def __init__(self, p: Sequences) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(2)
            self.embedding = nn.Embedding(p.K, 8).to(p.dtype)
            self.lstm = nn.LSTM(8, 8, batch_first=True, bidirectional=True).to(p.dtype)
            self.head = nn.Linear(16, p.K).to(p.dtype)

    def answers(self, ids: Tensor, counted: Tensor) -> Tensor:
        packed = pack_padded_sequence(self.embedding(ids), counted.sum(1), batch_first=True, enforce_sorted=False)
        hidden, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=ids.shape[1])
        found: Tensor = self.head(hidden)
        return found


class Convolution:
    """Two convolutions, with zeros at padding before each."""

    padding, equivariant = "both", False

    def __init__(self, p: Sequences) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(3)
            self.embedding = nn.Embedding(p.K, 8).to(p.dtype)
            self.layers = nn.ModuleList(nn.Conv1d(8, 8, 5, padding=2) for _ in range(2)).to(p.dtype)
            self.head = nn.Linear(8, p.K).to(p.dtype)

    def answers(self, ids: Tensor, counted: Tensor) -> Tensor:
        x = self.embedding(ids).transpose(1, 2)
        for layer in self.layers:
            x = x + F.gelu(layer(x * counted[:, None]))
        found: Tensor = self.head(x.transpose(1, 2))
        return found


class Mixer:
    """Mixes the positions of sequences of one length, which are padded with zeros."""

    def __init__(self, p: Sequences) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(4)
            self.embedding = nn.Embedding(p.K, 8).to(p.dtype)
            self.mix, self.norm = nn.Linear(p.L, p.L).to(p.dtype), nn.LayerNorm(8).to(p.dtype)
            self.head = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, p.K)).to(p.dtype)

    def answers(self, ids: Tensor, counted: Tensor) -> Tensor:
        x = self.norm(self.embedding(ids)) * counted[..., None]
        found: Tensor = self.head(x + self.mix(x.transpose(1, 2)).transpose(1, 2))
        return found


class Encoder:
    """Torch's own encoder, on its fast path for evaluation."""

    def __init__(self, p: Sequences) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(5)
            self.embedding, self.positions = nn.Embedding(p.K, 16).to(p.dtype), nn.Embedding(p.L, 16).to(p.dtype)
            layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
            self.encoder = nn.TransformerEncoder(layer, 2).to(p.dtype).eval()
            self.head = nn.Linear(16, p.K).to(p.dtype)

    @torch.no_grad()
    def answers(self, ids: Tensor, counted: Tensor) -> Tensor:
        x = self.embedding(ids) + self.positions.weight[: ids.shape[1]]
        found: Tensor = self.head(self.encoder(x, src_key_padding_mask=~counted))
        return found

    @torch.no_grad()
    def answers_with_mask(self, ids: Tensor, mask: Tensor) -> Tensor:
        counted = mask == 0 if mask.is_floating_point() else mask.bool()
        return self.answers(ids, counted)


class Unordered:
    """Without positions."""

    padding, equivariant = "both", True

    def __init__(self, p: Sequences) -> None:
        self.module = Transformer(p.K, p.L, rotary=False, seed=6).to(p.dtype).eval()

    def answers(self, ids: Tensor, counted: Tensor) -> Tensor:
        found: Tensor = self.module(ids, counted[:, None, None, :], torch.zeros_like(ids))[0]
        return found


class Unpadded:
    """Rows one by one without their padding, where nothing is answered."""

    padding = "both"

    def __init__(self, p: Sequences) -> None:
        self.module = Transformer(p.K, p.L, seed=7).to(p.dtype).eval()
        self.K, self.dtype = p.K, p.dtype

    def answers(self, ids: Tensor, counted: Tensor) -> Tensor:
        found = torch.full((*ids.shape, self.K), torch.nan, dtype=self.dtype)
        for n, counts in enumerate(counted):
            row = ids[n, counts][None]
            every = torch.ones(1, 1, 1, row.shape[1], dtype=torch.bool)
            found[n, counts] = self.module(row, every, torch.arange(row.shape[1])[None])[0][0]
        return found


class ByItsId:
    """Knows padding by its id."""

    padding_id, padding = staticmethod(lambda p: 0), "left"

    def __init__(self, p: Sequences) -> None:
        self.module = Transformer(p.K, p.L, seed=8).to(p.dtype).eval()

    def answers(self, ids: Tensor, counted: Tensor) -> Tensor:
        del counted
        here = ids != 0
        found: Tensor = self.module(ids, here[:, None, None, :], places_of(here))[0]
        return found


class Blocks(Block):
    """Longer blocks."""

    block_length = 4


class Causal(Block):
    """One token after the other."""

    block_length = 1
    answers_in_training = None  # type: ignore[assignment]
    answers_while_denoising = None  # type: ignore[assignment]


class LargestOfAll:
    """Attention as exponentials above the largest score of all positions, padding included, and weights of 0 and 1."""

    def __init__(self, p: Sequences) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(9)
            self.embedding, self.positions = nn.Embedding(p.K, 16).to(p.dtype), nn.Embedding(p.L, 16).to(p.dtype)
            self.parts, self.head = nn.Linear(16, 48).to(p.dtype), nn.Linear(16, p.K).to(p.dtype)

    def answers(self, ids: Tensor, counted: Tensor) -> Tensor:
        x = self.embedding(ids) + self.positions.weight[: ids.shape[1]]
        q, k, v = self.parts(x).chunk(3, -1)
        scores = q @ k.transpose(1, 2) / 4
        weights = (scores - scores.amax(-1, keepdim=True)).exp() * counted[:, None, :]
        found: Tensor = self.head(x + weights / weights.sum(-1, keepdim=True) @ v)
        return found


def function_of(p: Sequences) -> Any:
    """A function that holds its weights where nobody finds them."""
    module = HuggingFaceLike(p.K, p.L).to(p.dtype).eval()
    return SimpleNamespace(answers=lambda ids, counted: module(ids, counted).logits)


def deep(p: Sequences) -> Any:
    """Twelve layers, so that roundings have a long way."""
    found = Whole(p)
    found.module.transformer = Transformer(p.K, p.L, rotary=False, width=64, layers=12, seed=10).to(p.dtype).eval()
    return found


def steep(p: Sequences) -> Any:
    """Scores of attention and logits that are large, as after long training."""
    found = Whole(p)
    with torch.no_grad():
        for name, weight in found.module.named_parameters():
            weight.mul_(4 if name.endswith("into.weight") else 1)
        found.module.transformer.head.weight.mul_(20)
    return found


RIGHT = {
    subject.name: subject
    for subject in (
        Subject(Block, SPACE, name="block diffusion"),
        Subject(Block, SPACE, name="block diffusion in float64", dtypes=("float64",)),
        Subject(Blocks, networks(K=6, mask="any", L=8), name="longer blocks of one length"),
        Subject(Whole, SPACE, name="masked language model"),
        Subject(Whole, networks(K=7, mask="first", L=(2, 9)), name="its left padding", padding="left"),
        Subject(Timed, SPACE, name="shown the time"),
        Subject(Recurrent, SPACE, name="recurrent"),
        Subject(Convolution, SPACE, name="convolution"),
        Subject(Mixer, networks(K=5, L=8), name="mixer"),
        Subject(Encoder, SPACE, name="torch's encoder"),
        Subject(Unordered, SPACE, name="without order"),
        Subject(Unpadded, SPACE, name="unpadded"),
        Subject(ByItsId, SPACE, name="padding by its id"),
        Subject(Causal, networks(K=5, mask="none", L=(4, 12)), name="causal"),
        Subject(LargestOfAll, SPACE, name="largest of all"),
        Subject(function_of, SPACE, name="weights that nobody finds"),
        Subject(deep, SPACE, name="deep", padding="right", mask_forms=("bool", "int")),
        Subject(steep, SPACE, name="steep", padding="right"),
    )
}

__all__ = ["RIGHT", "SPACE", "Block", "Causal", "Convolution", "Encoder", "Mixer", "Recurrent", "Timed", "Whole"]
