"""What somebody may have meant who wrote a name that is not there."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: object, names: Iterable[str]) -> str:
    """``"; did you mean 'a' or 'b'?"``, to be put behind what is wrong; nothing where no name is close."""
    name, known = str(name), {n.lower(): n for n in names}
    close = get_close_matches(name.lower(), known, n=3, cutoff=0.6)
    # Of a name of several words often only some are remembered.
    parts = [n for n in known if len(name) > 3 and name.lower() in n]
    found = [known[n] for n in dict.fromkeys([*close, *parts])][:3]
    return f"; did you mean {' or '.join(map(repr, found))}?" if found else ""


__all__ = ["did_you_mean"]
