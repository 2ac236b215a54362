"""Which positions of a batch count: anywhere, after prompts, before padding, or everywhere, as programs have them."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any

#: What a program may say of the positions that count.
COUNTED = {
    "anywhere": "any positions, of some rows none",
    "after prompts": "all positions after a prompt of each row",
    "after one prompt": "all positions after prompts that are equally long in all rows of a batch",
    "before padding": "all positions before the padding of each row",
    "between": "all positions between the prompt and the padding of each row",
    "everywhere": "all positions: it knows neither prompts nor padding, and is given none",
}


def has_prompts(where: str) -> bool:
    """Whether positions before the first that counts are known to the program."""
    return where not in ("before padding", "everywhere")


def behind_a_prompt(counted: Array, where: str, length: int) -> Array:
    """Bool ``[N, L]`` with so many positions before it that do not count, where there may be some."""
    return np.pad(counted, ((0, 0), (length if has_prompts(where) else 0, 0)))


def counted_in(where: str, rng: Any, N: int, L: int) -> Array:
    """``N`` rows of ``L`` positions, bool ``[N, L]``; the first counts whole where it can."""
    places = np.arange(L)
    if where == "anywhere":
        kinds = [
            places >= 0,
            places >= 1 + rng.integers(L - 1),
            places < 1 + rng.integers(L - 1),
            rng.random(L) < 0.5,
            places < 0,
        ]
        return np.stack([kinds[n % len(kinds)] for n in range(N)]) if N else np.ones((0, L), dtype=bool)
    first, last = np.zeros(N, dtype=int), np.full(N, L)
    if where == "after one prompt":
        first[:] = 1 + rng.integers(L - 1)
    elif has_prompts(where):
        first[1:] = rng.integers(0, L, max(N - 1, 0))
    if where in ("before padding", "between"):
        last[1:] = rng.integers(first[1:] + 1, L + 1)
    return (places >= first[:, None]) & (places < last[:, None])


def so_many(where: str, n: int, N: int, *, whole: bool = False) -> Array:
    """``N`` equal rows in which ``n`` positions count, bool ``[N, L]``.

    One more does not where that can be, and, if rows shall be ``whole``, only where it has to be.
    """
    one = np.arange(n + 1) > 0
    if where == "before padding":
        one = one[::-1]
    if where == "everywhere" or (whole and where != "after one prompt"):
        one = np.ones(n, dtype=bool)
    return np.repeat(one[None], N, axis=0)


__all__ = ["COUNTED", "behind_a_prompt", "counted_in", "has_prompts", "so_many"]
