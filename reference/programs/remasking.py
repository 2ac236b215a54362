"""Kernels that mask again, from their definition: a joint law of two times that keeps the marginal of each.

Given the clean token, a visible one is masked again with probability ``sigma`` on the way from ``t`` to ``s < t``.
What a mask does follows from it, since the marginal at ``s`` must come out
(Wang et al. 2025, arXiv 2503.00307, sec. 3.1).
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any


def largest_remasking_probability(alpha_s: float, alpha_t: float) -> float:
    """The most that a visible token may be masked with: ``min(1, (1 - alpha_s)/alpha_t)``.

    With more, too few tokens would be visible at ``s``, whatever masks do.

    >>> largest_remasking_probability(0.75, 0.5)
    0.5
    """
    _check(alpha_s, alpha_t, 0.0)
    return 1.0 if alpha_t <= 1 - alpha_s else (1 - alpha_s) / alpha_t


def reveal_probability(alpha_s: float, alpha_t: float, sigma: float) -> float:
    """The probability that a mask becomes a token, such that ``alpha_s`` of all are visible at ``s``.

    Of the ``alpha_t`` that are visible, ``1 - sigma`` stay; the masks have to bring the rest.

    Raises
    ------
    ValueError : for probabilities outside of [0, 1], ``alpha_s < alpha_t``, ``alpha_t = 1``, or a ``sigma`` that is too
        large.

    >>> reveal_probability(0.75, 0.5, 0.0), reveal_probability(0.75, 0.5, 0.5)
    (0.5, 1.0)
    """
    _check(alpha_s, alpha_t, sigma)
    if alpha_t == 1:
        raise ValueError("alpha_t must be below 1, where there are masks, got 1")
    if sigma > largest_remasking_probability(alpha_s, alpha_t) * (1 + 1e-12):
        raise ValueError(f"sigma must be at most (1 - alpha_s)/alpha_t, got {sigma}")
    return (alpha_s - (1 - sigma) * alpha_t) / (1 - alpha_t)


def remasking_kernel(prediction: Array, xt: int, mask: int, alpha_s: float, alpha_t: float, sigma: float) -> Array:
    """``p(x_s|x_t)`` of one position, ``[K]``, for a ``prediction [K]`` of the clean token without mass on the mask.

    A visible token is believed, as by MDLM.  Errors as `reveal_probability`.

    >>> remasking_kernel(np.array([0.25, 0.75, 0.0]), 2, 2, 0.75, 0.5, 0.0).tolist()
    [0.125, 0.375, 0.5]
    >>> remasking_kernel(np.array([0.25, 0.75, 0.0]), 0, 2, 0.75, 0.5, 0.25).tolist()
    [0.75, 0.0, 0.25]
    """
    found = np.zeros(len(prediction))
    if xt != mask:
        _check(alpha_s, alpha_t, sigma)
        found[xt], found[mask] = 1 - sigma, sigma
        return found
    reveal = reveal_probability(alpha_s, alpha_t, sigma)
    found += reveal * np.asarray(prediction)
    found[mask] = 1 - reveal
    return found


def _check(alpha_s: float, alpha_t: float, sigma: float) -> None:
    for name, value in (("alpha_s", alpha_s), ("alpha_t", alpha_t), ("sigma", sigma)):
        if not 0 <= value <= 1:
            raise ValueError(f"{name} must be in [0, 1], got {value}")
    if alpha_s < alpha_t:
        raise ValueError(f"alpha_s must be at least alpha_t, got {alpha_s} and {alpha_t}")


__all__ = ["largest_remasking_probability", "remasking_kernel", "reveal_probability"]
