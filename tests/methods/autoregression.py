"""Autoregression: the diffusion that masks one token a step, from the right.

Its positions are not corrupted independently, so that of all laws only those about it apply.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from torch import Tensor

from unmask.implementations import Autoregression
from unmask.properties import Method, Process, processes
from unmask.reference import autoregression as truth
from unmask.reference.numbers import array, log

SPACE: dict[str, Any] = {"clock": "discrete", "mask": "any"}


@lru_cache(maxsize=256)
def build(p: Process, L: int) -> Autoregression:
    assert p.mask is not None
    return Autoregression(L, p.K, p.mask, dtype=p.dtype)


def next_token_loss(p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    return build(p, xt.shape[1]).loss(output, x0, xt, t)


def next_token_reverse(p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    return build(p, xt.shape[1]).reverse(output, xt, s, t)


AUTOREGRESSION = Method(
    name="autoregression",
    processes=processes("absorbing", **SPACE),
    parameterization="subs",
    next_token_loss=next_token_loss,
    next_token_reverse=next_token_reverse,
)


def _predict(row: Any) -> Any:
    """A model that says the same whatever it sees: the output at one noisy sequence."""
    return lambda visible: row


def exact_reverse(p: Process, output: Any, xt: Any, s: Any, t: Any) -> Any:
    """Rows of the kernel over whole sequences, read position by position: all but one are certain."""
    L, kernels = xt.shape[1], []
    for row, tokens, late in zip(output, xt, t, strict=True):
        law = truth._revealing(_predict(row), tokens, int(late), p.K, int(p.mask or 0)).reshape((p.K,) * L)
        kernels.append([law.sum(axis=tuple(j for j in range(L) if j != i)) for i in range(L)])
    return np.array(kernels, dtype=object)


def exact_loss(p: Process, output: Any, x0: Any, xt: Any, t: Any) -> Any:
    terms = []
    for row, clean, tokens, late in zip(output, x0, xt, t, strict=True):
        kernel = exact_reverse(p, row[None], tokens[None], None, [late])[0]
        before = truth.masked_from_the_right(clean, int(late) - 1, int(p.mask or 0))
        terms.append(-sum(log(kernel[i, before[i]]) for i in range(len(before))))
    return array(terms)


REFERENCE = Method(
    name="reference/autoregression",
    processes=processes("absorbing", K=(2, 4), T=(1, 4), **SPACE),
    parameterization="subs",
    arrays="exact",
    next_token_loss=exact_loss,
    next_token_reverse=exact_reverse,
)
