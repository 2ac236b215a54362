"""Autoregression: the diffusion that masks one token a step, from the right."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from torch import Tensor

from unmask.implementations import Autoregression
from unmask.properties import Subject, Vocabulary, autoregression
from unmask.reference.masked.autoregression import pointwise_term, reverse_kernel


@lru_cache(maxsize=256)
def of_length(p: Vocabulary, L: int) -> Autoregression:
    assert p.mask is not None
    return Autoregression(L, p.K, p.mask, dtype=p.dtype)


class TokenByToken:
    """The implementation, which is made for one length."""

    def __init__(self, p: Vocabulary) -> None:
        self.p = p

    def next_token_loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        return of_length(self.p, xt.shape[1]).loss(output, x0, xt, t)

    def next_token_reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return of_length(self.p, xt.shape[1]).reverse(output, xt, s, t)


class Exact:
    """The reference."""

    def __init__(self, p: Vocabulary) -> None:
        assert p.mask is not None
        self.mask = p.mask

    def next_token_reverse(self, output: Any, xt: Any, s: Any, t: Any) -> Any:
        rows = [(output[n : n + 1], xt[n : n + 1], int(s[n]), int(t[n])) for n in range(len(xt))]
        return np.concatenate([reverse_kernel(*row, self.mask) for row in rows]) if rows else output

    def next_token_loss(self, output: Any, x0: Any, xt: Any, t: Any) -> Any:
        rows = [(output[n : n + 1], x0[n : n + 1], int(t[n])) for n in range(len(x0))]
        return np.concatenate([pointwise_term(*row, self.mask) for row in rows]) if rows else np.empty(0)


AUTOREGRESSION = Subject(TokenByToken, autoregression(mask="any"), output="subs", name="autoregression")
REFERENCE = Subject(
    Exact, autoregression(K=(2, 4), mask="any"), output="subs", name="reference/autoregression", arrays="exact"
)
