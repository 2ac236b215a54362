"""What right samplers have in common."""

from __future__ import annotations

from typing import Any


class Base:
    """Keeps the id of the mask."""

    def __init__(self, p: Any) -> None:
        self.mask, self.K = p.mask, p.K
