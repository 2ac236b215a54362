"""Embedding tables: how steep a function of classes must be once classes have places.

Nothing is corrupted here, so that of all laws only those about tables, and about conduct, apply.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from unmask.implementations import interpolant, least_lipschitz
from unmask.properties import Method, Process, processes
from unmask.reference.numbers.arithmetic import to_float
from unmask.reference.smoothness import interpolants as truth


def one_place_each(p: Process, values: Tensor, embeddings: Tensor, places: Tensor) -> Tensor:
    """The n-th function at the n-th place.  Blocks so small that there are several."""
    return interpolant(values, embeddings, places, block=2).diagonal()


EMBEDDINGS = Method(
    name="embeddings",
    processes=processes("uniform"),
    least_lipschitz=lambda p, values, embeddings: least_lipschitz(values, embeddings, block=2),
    interpolant=one_place_each,
)


def exact_constant(p: Process, values: Any, embeddings: Any) -> Any:
    return _in_numbers_of(p, [truth.least_lipschitz(f, embeddings) for f in values])


def exact_interpolant(p: Process, values: Any, embeddings: Any, places: Any) -> Any:
    return _in_numbers_of(p, [truth.mcshane(z, f, embeddings) for f, z in zip(values, places, strict=True)])


def _in_numbers_of(p: Process, found: list[Any]) -> Any:
    return np.array([*found, None], dtype=object)[:-1] if p.numbers == "exact" else to_float(found)


REFERENCE = Method(
    name="reference/embeddings",
    processes=processes("uniform", K=(2, 4)),
    arrays="exact",
    least_lipschitz=exact_constant,
    interpolant=exact_interpolant,
)
