"""A factor, or a constant, between what was found and what is expected, and what it is called."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import combinations, product
from typing import Any, TypeAlias

import numpy as np

from unmask.properties.claims.entries import APART, ENOUGH, Entries, different

Array: TypeAlias = Any

#: How near two numbers are that are called the same, beyond the rounding of each.
SAME = 1e-9
#: Of the entries that are off, one in so many shows a factor, at least.
MANY = 3


def named_factor(every: Sequence[Entries]) -> str:
    """A factor that is a power of a size, at all inputs: ``expected × t``, ``expected / K``."""
    factors = [_factor(seen) for seen in every]
    if any(c is None for c in factors):
        return ""
    shown = [(c, room, seen) for c, seen in zip(factors, every, strict=True) if (room := _ratio_room(seen)) is not None]
    ratios = [c for c, _, _ in shown]
    if len(shown) < 2 or all(_same(c, ratios[0], room) for c, room, _ in shown):
        return ""
    # A number alone at each of the inputs makes a ratio, but no factor: then more inputs must agree.
    enough = different([np.abs(seen.expected[seen.where]) for seen in every], _most_room(every)) >= ENOUGH
    if not enough:
        return ""
    told = [text for text, power in _powers(every[0].sizes, pairs=False) if _fits(power, shown)]
    if not told and different([np.array(ratios)], SAME) >= ENOUGH:
        told = [text for text, power in _powers(every[0].sizes, pairs=True) if _fits(power, shown)][:1]
    if not told:
        return ""
    values = ", ".join(list(dict.fromkeys(f"{c:.4g}" for c in ratios if c is not None))[:4])
    return f"found is {' or '.join(told[:2])} (found/expected is {values})"


def factor_of_some(every: Sequence[Entries]) -> str:
    """A power of a size that is the factor of many entries that are off, at each of the inputs at which some are.

    Others may be off by another amount: those that show how much is left when a share is wrong, say.
    """
    shown = [(ratios, room, seen) for seen in every for ratios, room in [_ratios_off(seen)] if ratios.size]
    for text, power in _powers(every[0].sizes, pairs=False):
        factors = [power(seen.sizes) for _, _, seen in shown]
        values = np.array([math.nan if c is None else c for c in factors])
        if not np.isfinite(values).all() or different([values], SAME) < ENOUGH:
            continue
        near = zip(shown, values, strict=True)
        fits = [np.abs(ratios - c) <= (SAME + room) * max(1.0, abs(c)) for (ratios, room, _), c in near]
        if all(MANY * fit.sum() >= fit.size for fit in fits):
            off, fit = sum(f.size for f in fits), sum(int(f.sum()) for f in fits)
            told = ", ".join(f"{c:.4g}" for c in values[:4])
            return f"found is {text} in {fit} of the {off} entries that are off (found/expected is {told})"
    return ""


def _ratios_off(seen: Entries) -> tuple[Array, Array]:
    """The factor of each entry that is off by more than rounding, and the rounding of that factor."""
    found, expected, room = (a[seen.where] for a in (seen.found, seen.expected, seen.room))
    with np.errstate(invalid="ignore"):
        off = np.isfinite(found) & np.isfinite(expected) & (np.abs(found - expected) > APART * room)
        off &= np.abs(expected) > APART * room
    return found[off] / expected[off], 4 * room[off] / np.abs(expected[off])


Power = Callable[[Mapping[str, float]], float | None]


def _powers(sizes: Mapping[str, float], pairs: bool) -> Iterator[tuple[str, Power]]:
    """Powers of the sizes, or of two of them, each with the words for a factor that is one."""
    signs = ((1, "×"), (-1, "/"))
    if not pairs:
        for name in sizes:
            for sign, mark in signs:
                yield f"expected {mark} {_bracketed(name)}", partial(_power, ((name, sign),))
        return
    for a, b in combinations(sizes, 2):
        for (i, first), (j, second) in product(signs, signs):
            told = f"expected {first} {_bracketed(a)} {second} {_bracketed(b)}"
            yield told, partial(_power, ((a, i), (b, j)))


def _power(factors: tuple[tuple[str, int], ...], sizes: Mapping[str, float]) -> float | None:
    value = 1.0
    for name, sign in factors:
        size = sizes.get(name)
        if size is None or size <= 0:
            return None
        value *= float(size) ** sign
    return value


def _fits(power: Power, shown: Sequence[tuple[float | None, float, Entries]]) -> bool:
    return all(_same(c, power(seen.sizes), room) for c, room, seen in shown)


def constant_factor(every: Sequence[Entries]) -> str:
    """One factor between all entries."""
    factors = [_factor(seen) for seen in every]
    if factors[0] is None or any(c is None for c in factors):
        return ""
    c = factors[0]
    shown = [(f, room) for f, seen in zip(factors, every, strict=True) if (room := _ratio_room(seen)) is not None]
    numbers = [np.abs(seen.expected[seen.where]) for seen in every]
    count = sum(int((n > APART * _most_room(every)).sum()) for n in numbers)
    if different(numbers, _most_room(every)) < ENOUGH or not all(_same(f, c, room) for f, room in shown):
        return ""
    if c == 0:
        return f"found is 0 in each of {count} entries"
    name = _factor_name(c, every)
    return f"found is {c:.9g}{name} times what is expected, in each of {count} entries"


def constant_gap(every: Sequence[Entries]) -> str:
    """One number that is added to, or missing from, all entries."""
    gaps = [_gap(seen) for seen in every]
    if any(g is None for g in gaps):
        return ""
    numbers = [seen.expected[seen.where] for seen in every]
    room = _most_room(every)
    if different(numbers, room) < ENOUGH or different(numbers[:1], room) < min(2, numbers[0].size):
        return ""
    first = gaps[0]
    assert first is not None
    if abs(first) <= APART * room:
        return ""
    names = [
        name
        for name in _constants(every[0].sizes)
        if all(_same(g, _constants(seen.sizes).get(name), 4 * room) for g, seen in zip(gaps, every, strict=True))
    ]
    steady = all(_same(g, first, 4 * room) for g in gaps)
    if not names and not steady and len(every) > 1:
        return ""
    count = sum(n.size for n in numbers)
    if every[0].counts:
        return f"found is {abs(first):g} {'less' if first < 0 else 'more'} than expected in each of {count} entries"
    told = f" = {names[0]}" if names and names[0].strip("−") not in ("1", "1/2") else ""
    value = f"{first:.6g}{told}"
    return (
        f"a constant is {'missing' if first < 0 else 'added'}: found − expected is {value} in each of {count} entries"
    )


def blind_gap(seen: Entries, other: Entries) -> str:
    """A gap that stays where what is expected changes: ``other`` is the same but for what a network returns."""
    if seen.found.shape != other.found.shape or not (seen.where.any() and (seen.where == other.where).all()):
        return ""
    gap, again, room = (
        a[seen.where] for a in (seen.found - seen.expected, other.found - other.expected, seen.room + other.room)
    )
    moved = np.abs(seen.expected - other.expected)[seen.where]
    with np.errstate(invalid="ignore"):
        same = np.abs(gap - again) <= 2 * room
        tells = (moved > APART * room) & (np.abs(gap) > APART * room)
    if not same.all() or not tells.any():
        return ""
    return (
        "the gap does not depend on what the network returns: a constant, of x_0, x_t and t alone, is "
        f"{'missing' if (gap <= room).all() else 'added' if (gap >= -room).all() else 'missing or added'}"
    )


def _factor(seen: Entries) -> float | None:
    """The factor between all entries, 1 where nothing is expected to be but zero; ``None`` if there is none."""
    found, expected, room = (a[seen.where] for a in (seen.found, seen.expected, seen.room))
    if not (np.isfinite(found).all() and np.isfinite(expected).all()):
        return None
    if not expected.size or not (np.abs(expected) > APART * room).any():
        return 1.0 if (np.abs(found - expected) <= room).all() else None
    top = int(np.argmax(np.abs(expected) / room))
    c = float(found[top] / expected[top])
    return c if (np.abs(found - c * expected) <= (1 + 2 * abs(c)) * room).all() else None


def _ratio_room(seen: Entries) -> float | None:
    """Rounding of the factor, ``None`` where nothing but zero is expected."""
    expected, room = np.abs(seen.expected[seen.where]), seen.room[seen.where]
    known = expected > APART * room
    return float((room[known] / expected[known]).min()) * 4 if known.any() else None


def _gap(seen: Entries) -> float | None:
    gap, room = (seen.found - seen.expected)[seen.where], seen.room[seen.where]
    if not gap.size or not np.isfinite(gap).all():
        return None
    middle = float(np.median(gap))
    return middle if (np.abs(gap - middle) <= 2 * room).all() else None


def _most_room(every: Sequence[Entries]) -> float:
    return max(float(seen.room[seen.where].max(initial=0)) for seen in every)


def _same(a: float | None, b: float | None, room: float) -> bool:
    return a is not None and b is not None and abs(a - b) <= (SAME + room) * max(1.0, abs(b))


def _bracketed(name: str) -> str:
    return f"({name})" if " " in name else name


def _factor_name(c: float, every: Sequence[Entries]) -> str:
    """What a factor is called that is the same at all inputs; sizes that could have moved and did not are no name."""
    known = {"log 2": math.log(2), "1/log 2": 1 / math.log(2)}
    if len(every) == 1:
        for name, size in every[0].sizes.items():
            known |= {name: size, f"1/{_bracketed(name)}": 1 / size} if size > 0 else {}
    names = [name for name, value in known.items() if _same(c, value, 0.0) and value != 1]
    unit = " (bits for nats?)" if names[:1] == ["1/log 2"] else ""
    return f" = {' or '.join(names[:2])}{unit}" if names else ""


def _constants(sizes: Mapping[str, float]) -> dict[str, float]:
    """Constants that formulas leave out, at these sizes, by name and with both signs."""
    return {f"{mark}{name}": sign * value for name, value in _plain(sizes) for mark, sign in (("−", -1), ("", 1))}


def _plain(sizes: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    K, L = sizes.get("K"), sizes.get("L", 1)
    if K is not None and K > 1:
        yield "log K", math.log(K)
        if L > 1:
            yield "L log K", L * math.log(K)
        if K > 2:
            yield "log(K − 1)", math.log(K - 1)
    for name in ("T", "L"):
        if sizes.get(name, 1) > 1:
            yield f"log {name}", math.log(sizes[name])
    yield "log 2", math.log(2)
    yield "1", 1.0
    yield "1/2", 0.5
    yield "log(2π)/2", math.log(2 * math.pi) / 2


__all__ = ["blind_gap", "constant_factor", "constant_gap", "factor_of_some", "named_factor"]
