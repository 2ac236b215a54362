"""Embedding tables: how steep a function of classes must be once classes have places."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from unmask.implementations import (
    MutualInformation,
    NearestNeighbor,
    error_by_frequency,
    interpolant,
    least_lipschitz,
)
from unmask.properties import Subject, Vocabulary, embeddings
from unmask.reference.numbers.arithmetic import to_float
from unmask.reference.smoothness import interpolants as truth


class Embedded:
    """The implementation, in blocks so small that there are several."""

    def __init__(self, p: Vocabulary) -> None:
        self.p = p

    def least_lipschitz(self, values: Tensor, embeddings: Tensor) -> Tensor:
        return least_lipschitz(values, embeddings, block=2)

    def interpolant(self, values: Tensor, embeddings: Tensor, places: Tensor) -> Tensor:
        """The n-th function at the n-th place."""
        return interpolant(values, embeddings, places, block=2).diagonal()

    def neighbor_rates(self, embeddings: Tensor, k: int) -> Tensor:
        """At the start of the schedule ``alpha = 1 - t``, whose rate is 1 there."""
        walk = NearestNeighbor.from_embeddings(MutualInformation(), embeddings, k, dtype=self.p.dtype)
        every, start = torch.arange(self.p.K)[None], torch.zeros(1, dtype=torch.float64)
        return walk.rate_columns(every, start)[0].T

    def error_by_frequency(self, values: Tensor, others: Tensor, basis: Any) -> Tensor:
        found = error_by_frequency(values, others, basis)
        return torch.nn.functional.pad(found, (0, self.p.K - len(found)))


class Exact:
    """The reference."""

    def __init__(self, p: Vocabulary) -> None:
        self.exact = p.numbers == "exact"

    def least_lipschitz(self, values: Any, embeddings: Any) -> Any:
        return self.numbers([truth.least_lipschitz(f, embeddings) for f in values])

    def interpolant(self, values: Any, embeddings: Any, places: Any) -> Any:
        return self.numbers([truth.mcshane(z, f, embeddings) for f, z in zip(values, places, strict=True)])

    def numbers(self, found: list[Any]) -> Any:
        """In the numbers of the run."""
        return np.array([*found, None], dtype=object)[:-1] if self.exact else to_float(found)


EMBEDDINGS = Subject(Embedded, embeddings(), name="embeddings")
REFERENCE = Subject(Exact, embeddings(K=(2, 4)), name="reference/embeddings", arrays="exact")
