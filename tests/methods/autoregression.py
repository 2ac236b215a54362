"""Autoregression: the diffusion that masks one token a step, from the right."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from torch import Generator, Tensor

from unmask.implementations import Autoregression, ancestral
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

    def next_token_noisy(self, x0: Tensor, t: Tensor) -> Tensor:
        return of_length(self.p, x0.shape[1]).sample(x0, t, Generator(x0.device))

    def next_token_marginal(self, x0: Tensor, t: Tensor) -> Tensor:
        return of_length(self.p, x0.shape[1]).marginal(x0, t)

    def next_token_posterior(self, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return of_length(self.p, x0.shape[1]).posterior(x0, xt, s, t)

    def next_token_prior_kl(self, x0: Tensor) -> Tensor:
        return of_length(self.p, x0.shape[1]).prior_kl(x0)

    def next_token_denoise(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        return of_length(self.p, xt.shape[1]).denoise(output, xt, t)

    def next_token_loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        return of_length(self.p, xt.shape[1]).loss(output, x0, xt, t)

    def next_token_reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return of_length(self.p, xt.shape[1]).reverse(output, xt, s, t)

    def next_token_step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator) -> Tensor:
        return of_length(self.p, xt.shape[1]).step(output, xt, s, t, generator)

    def next_token_generate(self, network: Any, N: int, L: int, generator: Generator) -> Tensor:
        return ancestral(of_length(self.p, L), network, N, L, range(L, -1, -1), generator)


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
