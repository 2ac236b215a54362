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
from unmask.reference.masked.autoregression import pointwise_term, reverse_kernel

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


def exact_reverse(p: Process, output: Any, xt: Any, s: Any, t: Any) -> Any:
    assert p.mask is not None
    rows = [(output[n : n + 1], xt[n : n + 1], int(s[n]), int(t[n])) for n in range(len(xt))]
    return np.concatenate([reverse_kernel(*row, p.mask) for row in rows])


def exact_loss(p: Process, output: Any, x0: Any, xt: Any, t: Any) -> Any:
    assert p.mask is not None
    rows = [(output[n : n + 1], x0[n : n + 1], int(t[n])) for n in range(len(x0))]
    return np.concatenate([pointwise_term(*row, p.mask) for row in rows])


REFERENCE = Method(
    name="reference/autoregression",
    processes=processes("absorbing", K=(2, 4), T=(1, 4), **SPACE),
    parameterization="subs",
    arrays="exact",
    next_token_loss=exact_loss,
    next_token_reverse=exact_reverse,
)
