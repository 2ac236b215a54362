"""Names that were nearly right."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def closest(name: object, names: Iterable[str]) -> str:
    """``"; did you mean …?"`` with the nearest of ``names``, or nothing where none is near.

    >>> closest("posteriour", ["prior_kl", "posterior"])
    "; did you mean 'posterior'?"
    >>> closest("x", ["prior_kl", "posterior"])
    ''
    """
    near = get_close_matches(str(name), list(names), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


__all__ = ["closest"]
