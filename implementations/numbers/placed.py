"""Tables that are copied to a device once, and not in every call."""

from __future__ import annotations

import torch
from torch import Tensor


class Placed:
    """A tensor, and its copies on the devices and in the dtypes in which it has been asked for."""

    def __init__(self, value: Tensor) -> None:
        # Tensors made in inference mode could not be used in training afterwards, here and below.
        if value.is_inference():
            with torch.inference_mode(False):
                value = value.clone()
        self._dtype = value.dtype
        self._copies = {(value.device, value.dtype): value}
        self._first = value

    def __call__(self, device: torch.device, dtype: torch.dtype | None = None) -> Tensor:
        """The copy on ``device``, in ``dtype`` (by default its own)."""
        key = (device, dtype or self._dtype)
        if key not in self._copies:
            if torch.is_inference_mode_enabled():
                with torch.inference_mode(False):
                    self._copies[key] = self._first.to(*key)
            else:
                self._copies[key] = self._first.to(*key)
        return self._copies[key]


__all__ = ["Placed"]
