"""Guided laws of one token, from their definitions: products of powers of probabilities, normalized."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any


def guided(conditional: Array, unconditional: Array, weight: float) -> Array:
    """``p_c^(1 + weight) p_u^(-weight)``, normalized: ``[..., C]`` positive probabilities to ``[..., C]``.

    Source: Nie et al. 2025 (arXiv 2410.18514), also arXiv 2502.09992, eq. 16; Schiff et al. 2024 (arXiv 2412.10193,
    sec. 3.1).

    Raises
    ------
    ValueError : for probabilities that are not positive, or of two shapes.

    >>> guided(np.array([0.5, 0.5]), np.array([0.8, 0.2]), 1.0).tolist()
    [0.2, 0.8]
    """
    _check(conditional, unconditional)
    logs = (1 + weight) * np.log(conditional) - weight * np.log(unconditional)
    return _normalized(logs)


def guided_by_classifier(unconditional: Array, likelihood: Array, strength: float) -> Array:
    """``p_u p(y|·)^strength``, normalized over the classes; arguments and errors as `guided`.

    ``likelihood [..., C]`` is ``p(y|x)`` for each class of the position, and does not sum to one.  Source: Schiff et
    al. 2024 (arXiv 2412.10193).

    >>> guided_by_classifier(np.array([0.5, 0.5]), np.array([0.2, 0.1]), 2.0).round(12).tolist()
    [0.8, 0.2]
    """
    _check(unconditional, likelihood)
    return _normalized(np.log(unconditional) + strength * np.log(likelihood))


def _check(*laws: Array) -> None:
    if len({np.shape(law) for law in laws}) > 1:
        raise ValueError(f"probabilities must have one shape, got {' and '.join(str(np.shape(law)) for law in laws)}")
    if not all((np.asarray(law) > 0).all() for law in laws):
        raise ValueError("probabilities must be positive")


def _normalized(logs: Array) -> Array:
    powers = np.exp(logs - logs.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


__all__ = ["guided", "guided_by_classifier"]
