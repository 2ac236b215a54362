"""Errors, wave by wave."""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, close
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats
from unmask.properties.subjects.processes.vocabulary import Vocabulary
from unmask.reference.smoothness import low_pass

ROWS = 3


def energies(error: Array, basis: str) -> Array:
    """Mean squared error of each wave of ``basis``, from ``[N, K]``, by the waves themselves; zeros follow, ``[K]``."""
    K = error.shape[1]
    if basis == "dft":
        angle = 2 * np.pi * np.outer(np.arange(K // 2 + 1), np.arange(K)) / K
        power = (error @ np.cos(angle).T) ** 2 + (error @ np.sin(angle).T) ** 2
        # Frequencies k and K - k are one wave, unless they are the same.
        both = np.array([2 if 0 < 2 * k < K else 1 for k in range(K // 2 + 1)])
        found = (both * power / K).mean(0)
    elif basis == "dct":
        waves = np.stack([floats(low_pass.cosine_coefficients(row)) for row in error])
        found = (waves**2 * np.where(np.arange(K) == 0, 1, 2) / K).mean(0)
    else:
        L = K.bit_length() - 1
        waves = np.stack([floats(low_pass.walsh(row, L)) for row in error])
        found = np.bincount(low_pass.degrees(L), weights=(waves**2 / K).mean(0))
    return np.pad(found / K, (0, K - len(found)))


@law(
    chapter="The essay",
    tex=r"E_k = \frac{1}{NK} \sum_n |\langle w_k, f_n - g_n \rangle|^2, \qquad \sum_k E_k = \frac{1}{NK} \sum_n |f_n - g_n|^2",
    cites="essay, claim 2: networks learn low frequencies first; Parseval",
    mutants=("spectrum-of-half-the-circle", "spectrum-of-amplitudes", "spectrum-of-the-mean-error"),
    about=About(kind="embeddings"),
    drawn=Drawn(K=2),
)
def an_error_is_the_sum_of_its_waves(error_by_frequency: Any, p: Vocabulary, seed: int) -> list[Claim]:
    """The squared error splits into those of the waves of a circle, of ordered levels, of bits: each is its wave's, and all add up"""
    rng = np.random.default_rng([seed, 101])
    values, others = rng.integers(-16, 17, (2, ROWS, p.K)) / 8
    total = float(((values - others) ** 2).mean())
    size = total + float((values**2 + others**2).mean())
    claims = []
    for basis in ("dft", "dct", *(["walsh"] if p.K & (p.K - 1) == 0 else [])):
        found = floats(error_by_frequency(p, values, others, basis))
        ops = 8 * p.K + 16
        claims += [
            close(found, energies(values - others, basis), ops=ops, scale=size, names=("wave",), label=basis),
            close(found.sum(), total, ops=ops, scale=size, label=f"{basis}, all waves together"),
        ]
    return claims
