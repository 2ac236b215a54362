"""Tables that are copied to a device once, and not in every call."""

from __future__ import annotations

import torch
from torch import Tensor


class Placed:
    """A tensor, and its copies on the devices and in the dtypes in which it has been asked for."""

    def __init__(self, value: Tensor) -> None:
        self._dtype = value.dtype
        self._copies = {(value.device, value.dtype): value}
        self._first = value

    def __call__(self, device: torch.device, dtype: torch.dtype | None = None) -> Tensor:
        """The copy on ``device``, in ``dtype`` (by default its own)."""
        key = (device, dtype or self._dtype)
        if key not in self._copies:
            self._copies[key] = self._first.to(*key)
        return self._copies[key]


__all__ = ["Placed"]
