"""Long tables of which a quick run takes every few rows; continuous integration, and a file run by itself, take all.

``make test`` leaves out what is marked ``exhaustive`` unless ``CI`` is set.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import pytest


def thinned(cases: Iterable[Any], every: int, first: int = 0) -> list[Any]:
    """The cases, of which all but every so many-th, from the ``first`` on, are exhaustive."""
    return [pytest.param(case, marks=_left_out(k % every != first)) for k, case in enumerate(cases)]


def spread(pairs: Iterable[tuple[Any, Any]], every: int, names: Iterable[str]) -> list[Any]:
    """Pairs, of which all but every so many-th are exhaustive; at least one of each first member stays.

    Which ones stay shifts from one first member to the next, so that all second members have their turn.
    """
    places: dict[Any, list[int]] = defaultdict(list)
    cases = list(pairs)
    for k, (first, _) in enumerate(cases):
        places[first].append(k)
    kept = set()
    for shift, ks in enumerate(places.values()):
        kept |= {k for n, k in enumerate(ks) if (n + shift) % every == 0} or {ks[0]}
    named = zip(cases, names, strict=True)
    return [pytest.param(*case, id=name, marks=_left_out(k not in kept)) for k, (case, name) in enumerate(named)]


def _left_out(it_is: bool) -> Any:
    return pytest.mark.exhaustive if it_is else ()


__all__ = ["spread", "thinned"]
