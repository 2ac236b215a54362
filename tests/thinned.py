"""Long tables of which a quick run takes every few rows; continuous integration, and a file run by itself, take all.

``make test`` leaves out what is marked ``exhaustive`` unless ``CI`` is set.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def thinned(cases: Iterable[Any], every: int) -> list[Any]:
    """The cases, of which all but every so many-th are exhaustive."""
    return [pytest.param(case, marks=pytest.mark.exhaustive if k % every else ()) for k, case in enumerate(cases)]


__all__ = ["thinned"]
