"""The worst gaps of kernels in units of rounding, by what they compute, dtype and path.

``python -m tests.conduct.kernel_ulps`` prints those of plain PyTorch, and with ``TRITON_INTERPRET=1`` in the
environment those of Triton.  Truths are closed forms in numbers of 40 digits, of the logits as they are read.  A
logarithm is measured by itself and 1, a sum by itself, and a gradient by the terms that it adds up; results in
half precision in roundings of that.  ``kernel_ulps.json`` beside this file holds ceilings, the next powers of two above
twice as much, since other processors add in another order; ``--keep`` writes them anew.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import mpmath
import numpy as np
import torch
from torch import Tensor

from tests.conduct.ulps import ceilings
from tests.kernels.laws.interpreter import interprets, launches
from tests.kernels.sums import DTYPES, Case, case, pull, uniform, upstream
from tests.kernels.test_entropy_sums import ratios_of
from tests.kernels.test_softmax_sums import mixing_of
from unmask.implementations.kernels.entropy_sums import entropy_sums
from unmask.implementations.kernels.linear import LinearOutput, output_sums
from unmask.implementations.kernels.mixing import Mixing
from unmask.implementations.kernels.ratios import Ratios
from unmask.implementations.kernels.rows import in_triton
from unmask.implementations.kernels.softmax_sums import softmax_sums

Array: TypeAlias = Any
#: What is computed, to dtype, to ulps.
Table: TypeAlias = dict[str, dict[str, float]]

CEILINGS = Path(__file__).with_name("kernel_ulps.json")
SIZES = (7, 1025)
KINDS = ("nothing", "number", "vector")
H = 5
_exp, _log, _log1p = (np.frompyfunc(f, 1, 1) for f in (mpmath.exp, mpmath.log, mpmath.log1p))


class Measured(NamedTuple):
    """A result, the truth, and what its roundings are relative to."""

    name: str
    found: Tensor
    truth: Array
    size: Array
    dtype: torch.dtype


def path() -> str:
    """Who visits the rows."""
    return "triton" if in_triton(torch.zeros(1)) else "plain"


def exact(values: Tensor) -> Array:
    """In 40 digits."""
    flat = [mpmath.mpf(float(v)) for v in values.flatten().tolist()]
    return np.array(flat, dtype=object).reshape(tuple(values.shape))


class Softmax(NamedTuple):
    """Sums of one row, their gradient by its logits, and the size of its terms."""

    values: tuple[Any, ...]
    gradient: Array
    terms: Array


def softmax_row(z: Array, i: int, h: int, mixing: tuple[Array, ...] | None, by: list[Any]) -> Softmax:
    """Of logits ``z [K]``, two classes, ``(pi, numerator, away, stay)`` and derivatives by the four sums."""
    e = _exp(z - z.max())
    p = e / e.sum()
    k = np.arange(len(z))
    rest = (k != i) & (k != h)
    others = p[rest].sum()
    values = [_log(p[i]), _log(p[h]), others, mpmath.mpf(0)]
    gradient = by[0] * ((k == i) - p) + by[1] * ((k == h) - p) + by[2] * p * (rest - others)
    terms = (abs(by[0]) + abs(by[1]) + abs(by[2])) * (p + (k == i) + (k == h))
    if mixing is not None:
        pi, numerator, away, stay = mixing
        divisor = away * (p.sum() - p[h]) + stay * p[h]
        odds = numerator / divisor
        counted = rest & (pi > 0)
        per_pi = odds * p / np.where(pi > 0, pi, 1)
        values[3] = (pi * _log1p(per_pi))[counted].sum()
        share = np.where(counted, p / (1 + per_pi), 0)
        by_odds = -share.sum() * odds / divisor * (stay - away) * p[h]
        gradient = gradient + by[3] * (odds * (share - p * share.sum()) + by_odds * ((k == h) - p))
        terms = terms + abs(by[3]) * odds * (1 + (away + stay) / divisor) * (p + (k == i) + (k == h))
    return Softmax(tuple(values), gradient, terms)


def mixing_at(mixing: Mixing | None, r: int, K: int) -> tuple[Array, ...] | None:
    """What a row has of a mixing."""
    if mixing is None:
        return None
    pi = exact(mixing.weight) if isinstance(mixing.weight, Tensor) else np.full(K, mpmath.mpf(mixing.weight))
    return (pi, *(exact(v[r : r + 1])[0] for v in (mixing.numerator, mixing.away, mixing.stay)))


def _sizes_of(values: list[Array]) -> list[Array]:
    logs, sums = ([1 + abs(v) for v in values[:2]], [abs(v) for v in values[2:]])
    return [*logs, *sums]


def softmax_measured(at: Case, kind: str) -> Iterator[Measured]:
    """Of a batch of logits."""
    mixing, leaf = mixing_of(kind, at), at.flat.clone().requires_grad_()
    sums = softmax_sums(leaf, at.rows, at.start, at.here, mixing=mixing)
    by = upstream(tuple(sums))
    pull(tuple(sums), by).backward()
    assert leaf.grad is not None
    rows = [
        softmax_row(z, int(at.start[r]), int(at.here[r]), mixing_at(mixing, r, len(z)), [exact(g)[r] for g in by])
        for r, z in enumerate(exact(at.flat))
    ]
    truths = [np.array(v, dtype=object) for v in zip(*(row.values for row in rows), strict=True)]
    for name, found, truth, size in zip(sums._fields, sums, truths, _sizes_of(truths), strict=True):
        yield Measured(f"softmax_sums.{name}", found, truth, size, found.dtype)
    gradient, terms = (np.stack([getattr(row, part) for row in rows]) for part in ("gradient", "terms"))
    yield Measured("softmax_sums.gradient", leaf.grad, gradient, terms, at.flat.dtype)


def ratios_at(ratios: Ratios | None, r: int, K: int) -> Array | None:
    """The true ratios of a row."""
    if ratios is None:
        return None
    pi = exact(ratios.weight) if isinstance(ratios.weight, Tensor) else np.full(K, mpmath.mpf(ratios.weight))
    return exact(ratios.level[r : r + 1])[0] * pi


def entropy_measured(at: Case, kind: str) -> Iterator[Measured]:
    """Of a batch of log scores."""
    ratios, leaf = ratios_of(kind, at), at.flat.clone().requires_grad_()
    sums = entropy_sums(leaf, at.rows, at.start, at.here, ratios)
    by = upstream(tuple(sums))
    pull(tuple(sums), by).backward()
    assert leaf.grad is not None
    truths, sizes, gradients, terms = [], [], [], []
    for r, z in enumerate(exact(at.flat)):
        i, h, score, ratio = int(at.start[r]), int(at.here[r]), _exp(z), ratios_at(ratios, r, len(z))
        g_start, g = (exact(v)[r] for v in by)
        k, change, size, steep = np.arange(len(z)), score, score, score
        if ratio is not None:
            log_ratio = _log(np.where(ratio > 0, ratio, 1))
            change = score - np.where(ratio > 0, ratio * (1 + z - log_ratio), 0)
            # A rounding of a logarithm moves a term by the score and the ratio.
            moved = (score + ratio) * (1 + abs(z) + abs(log_ratio))
            steep, size = score - ratio, moved
        rest = (k != i) & (k != h)
        truths.append(change[rest].sum())
        sizes.append((abs(change) + (0 if ratio is None else size))[rest].sum())
        gradients.append(np.where(rest, g * steep, np.where((k == i) & (i != h), g_start, 0)))
        terms.append(np.where(rest, abs(g) * size, abs(g_start)))
    yield Measured("entropy_sums.others", sums.others, np.array(truths), np.array(sizes), sums.others.dtype)
    yield Measured("entropy_sums.gradient", leaf.grad, np.stack(gradients), np.stack(terms), at.flat.dtype)


def linear_measured(at: Case, kind: str) -> Iterator[Measured]:
    """Of hidden states, a matrix and a bias, of as many rows."""
    dtype, (R, K) = at.flat.dtype, at.flat.shape
    mixing = mixing_of(kind, at)
    drawn = (uniform(n, H, like=at.flat).sub(0.6).to(dtype) for n in (R, K))
    parts = [*drawn, at.flat[0]]
    hidden, weight, bias = (part.clone().requires_grad_() for part in parts)
    output = LinearOutput(hidden[None], weight, bias)
    sums = output_sums(output, at.rows, at.start, at.here, mixing=mixing)
    by = upstream(tuple(sums))
    pull(tuple(sums), by).backward()
    h, w, b = (exact(part) for part in parts)
    z = h @ w.T + b
    rows = [
        softmax_row(z[r], int(at.start[r]), int(at.here[r]), mixing_at(mixing, r, K), [exact(g)[r] for g in by])
        for r in range(R)
    ]
    gradient, terms = (np.stack([getattr(row, part) for row in rows]) for part in ("gradient", "terms"))
    # A rounding of the logits moves everything by as much as they are large.
    terms = terms * (1 + abs(h) @ abs(w.T) + abs(b)).max()
    yield Measured("linear.hidden", hidden.grad, gradient @ w, terms @ abs(w), dtype)  # type: ignore[arg-type]
    yield Measured("linear.matrix", weight.grad, gradient.T @ h, terms.T @ abs(h), dtype)  # type: ignore[arg-type]
    yield Measured("linear.bias", bias.grad, gradient.sum(0), terms.sum(0), dtype)  # type: ignore[arg-type]


def worst(measured: Measured) -> float:
    """The largest gap of all entries, in ulps of the result's dtype."""
    gap = abs(exact(measured.found.detach()) - measured.truth)
    size = np.where(gap > 0, measured.size, 1) * mpmath.mpf(torch.finfo(measured.dtype).eps)
    return float((gap / size).max(initial=0))


def measured() -> Table:
    """The worst gaps on this path, of all sizes."""
    table: Table = {}
    # No kernel of Triton visits the logits of a layer.
    ways = (softmax_measured, entropy_measured, *((linear_measured,) if path() == "plain" else ()))
    with mpmath.workdps(40), launches() if interprets() else nullcontext():
        for dtype in DTYPES:
            for at in (case(K, dtype, "all") for K in SIZES):
                for found in (m for way in ways for kind in KINDS for m in way(at, kind)):
                    row = table.setdefault(found.name, {})
                    name = str(dtype).removeprefix("torch.")
                    row[name] = max(row.get(name, 0.0), worst(found))
    return table


def kept() -> dict[str, Table]:
    """The ceilings that are kept, by path."""
    tables: dict[str, Table] = json.loads(CEILINGS.read_text(encoding="utf-8")) if CEILINGS.exists() else {}
    return tables


def grown(table: Table, ceiling: Table) -> list[str]:
    """A line for each gap that exceeds its ceiling, or has none."""
    return [
        f"{name} in {dtype}: {gap:.3g} ulps, at most {ceiling.get(name, {}).get(dtype)}"
        for name, row in table.items()
        for dtype, gap in row.items()
        if not gap <= ceiling.get(name, {}).get(dtype, -1.0)
    ]


def write(tables: dict[str, Table], target: Path) -> None:
    """As JSON, one result a line."""
    paths = []
    for name, table in sorted(tables.items()):
        lines = [f"  {json.dumps(what)}: {json.dumps(row)}" for what, row in sorted(table.items())]
        paths.append(f" {json.dumps(name)}: {{\n" + ",\n".join(lines) + "\n }")
    target.write_text("{\n" + ",\n".join(paths) + "\n}\n", encoding="utf-8")


def main(arguments: list[str]) -> None:
    """Print the table of this path, and with ``--keep`` write its ceilings."""
    table = measured()
    if "--keep" in arguments:
        twice = {name: {dtype: 2 * gap for dtype, gap in row.items()} for name, row in table.items()}
        write(kept() | {path(): ceilings(twice)}, CEILINGS)
    for name, row in sorted(table.items()):
        print(f"{path()} {name:24}", *(f"{dtype} {gap:8.3g}  " for dtype, gap in row.items()))


if __name__ == "__main__":
    main(sys.argv[1:])
