"""The true ratios ``q_t(y|x_0)/q_t(x_t|x_0)`` of a row, away from the clean and the noisy class."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Ratios(NamedTuple):
    """``r_k = level pi_k``, not negative, in the accumulation dtype.

    ``weight`` is ``pi``, a number where all classes have the same one, else ``[K]``; ``level`` is ``[R]``.
    """

    weight: float | Tensor
    level: Tensor


__all__ = ["Ratios"]
