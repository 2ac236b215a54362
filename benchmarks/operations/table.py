"""The table of a run, on the terminal and as a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.table import Table

from benchmarks.operations.measure import Spread
from benchmarks.operations.operation import Operation
from benchmarks.operations.run import CHECKED, COMPILED, OPERATIONS, OURS, PLAIN, Missing, Results, Row

OURSELVES = (OURS, CHECKED, PLAIN, COMPILED)
GIVEN_BACK, PACKAGES = "given back", "public packages"
COLUMNS = ("operation", "target", OURS, CHECKED, GIVEN_BACK, "milliseconds", "memory", PLAIN, COMPILED, PACKAGES)
NOTES = {
    OURS: "without checks of values (`validate=False`)",
    CHECKED: "with them, as is the default",
    GIVEN_BACK: "`ours` again, while large tensors that are freed are given back to the system, as glibc does by "
    "default: each new page then costs more than the arithmetic on it, and whoever makes fewer tensors gains",
    "milliseconds": "of `ours`, on the wall, the median",
    "memory": "the peak besides the input, of `ours` and, after the slash, of `plain`, in tensors of the logits' size",
    PLAIN: "the paper's formula in plain PyTorch over all classes (`plain_losses`, `plain_steps`), in multiples of the "
    "cross-entropy and of ours",
    COMPILED: "the same under `torch.compile`",
    PACKAGES: "used as they are installed, beside their own peak of memory",
}

INTRODUCTION = """\
Written by `make bench`; `operations.json` has all figures.  Each is a multiple of the time that PyTorch's
cross-entropy took on the same logits just before and just after, the median of the rounds, with the least and the most
of them: of the processor's time, which waiting for a busy machine does not change much, or, on a GPU, of the time on
the wall.  Memory that is freed is kept and used again, as the allocators of GPUs do.  Losses run forward and backward
to the logits, which are the output of a network (no leaf, no gradient kept), steps and draws forward.  Numbers in
brackets lead to the reasons below.  Where the time of losses under uniform noise goes is in `uniform_losses.md`; a
linear layer and its loss together are timed by `python -m benchmarks.linear_and_loss`.
"""
GROWTH = """\
Ours, without checks.  What does not grow stays as it is: 4 sequences of 32 positions over 16,384 classes, their
times spread over `(0, 1)`; for chains 4 sequences of 64 positions, 64 classes and 64 steps.  `laid anew` includes
building what a process keeps of all its steps.
"""


def ratio(row: Row, results: Results) -> Spread:
    """Times the cross-entropy: of the processor's time, on a GPU of the time on the wall."""
    return row.wall_ratio if results.machine.get("gpu") else row.processor_ratio


def lines(results: Results) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The group of each operation that was measured, and its cells, one for each of ``COLUMNS``."""
    for base in (row for row in results.rows if row.operation.startswith("cross-entropy,")):
        wall = f"{1e3 * base.wall.median:.3g} ({1e3 * base.wall.low:.3g}-{1e3 * base.wall.high:.3g})"
        public = _public(results, "cross-entropy") if "backward" in base.operation else ""
        yield "cross-entropy", (f"`F.{_code(base.operation)}", "", "1", "", "1", wall, _tensors(base), "", "", public)
    for operation in OPERATIONS:
        ours, plain = results.row(operation.name, OURS), results.row(operation.name, PLAIN)
        if ours is None:
            continue
        others = (_times(results.row(operation.name, by), results) for by in (CHECKED, PLAIN, COMPILED))
        checked, plainly, compiled = others
        memory = _tensors(ours) + (f" / {_tensors(plain)}" if plain else "")
        times = (_times(ours, results), checked, _spread(ours.given_back), f"{1e3 * ours.wall.median:.3g}")
        if plain is not None:
            plainly += f", {ratio(plain, results).median / ratio(ours, results).median:.3g} × ours"
        rest = (memory, plainly, compiled, _public(results, operation.name))
        yield operation.group, (operation.name, _target(operation), *times, *rest)


def _code(name: str) -> str:
    head, _, tail = name.partition(", ")
    return f"{head.replace('-', '_')}`, {tail}"


def _times(row: Row | None, results: Results) -> str:
    return "" if row is None else _spread(ratio(row, results))


def _spread(spread: Spread | None) -> str:
    return "" if spread is None else f"{spread.median:.3g} ({spread.low:.3g}-{spread.high:.3g})"


def _tensors(row: Row) -> str:
    return "?" if row.tensors is None else f"{row.tensors:.2f}"


def _target(operation: Operation) -> str:
    said = []
    if operation.target is not None:
        said.append(f"≤ {operation.target:g}")
    if operation.tensors is not None:
        said.append(f"{operation.tensors:g} tensors")
    if operation.gain is not None:
        said.append(f"≥ {operation.gain:g} times as fast as plain")
    return ", ".join(said)


def _public(results: Results, operation: str) -> str:
    said = []
    for row in results.rows:
        if row.operation == operation and row.by not in OURSELVES:
            note = f"; {row.note}" if row.note else ""
            said.append(f"{row.by} {_times(row, results)}, {_tensors(row)} tensors{note}")
    numbers = {reason: number for number, reason in enumerate(missing(results), 1)}
    for entry in results.missing:
        if entry.operation == operation and entry.by != COMPILED:
            said.append(f"{entry.by} – [{numbers[_reason(entry)]}]")
    return "; ".join(said) or "none"


def missing(results: Results) -> dict[str, list[str]]:
    """By reason, which operations are missing; their order numbers the reasons."""
    found: dict[str, list[str]] = {}
    for entry in results.missing:
        found.setdefault(_reason(entry), []).append(entry.operation)
    return found


def _reason(entry: Missing) -> str:
    return f"{entry.by}: {entry.reason}"


def terminal(results: Results) -> Iterator[Table | str]:
    """What is printed."""
    table = Table(title="times F.cross_entropy on the same logits: median (least-most of the rounds)")
    for column in COLUMNS:
        table.add_column(column, justify="left" if column in ("operation", PACKAGES) else "right")
    for _, group in groupby(lines(results), key=lambda line: line[0]):
        for _, cells in group:
            table.add_row(*(cell.replace("`", "") for cell in cells))
        table.add_section()
    yield table
    for number, (reason, operations) in enumerate(missing(results).items(), 1):
        yield f"[{number}] {reason}: {', '.join(operations)}"


def facts(results: Results) -> Iterator[str]:
    """On what, of what size, and how often, a line each."""
    yield "; ".join(f"{key} {value}" for key, value in results.machine.items() if value is not None)
    yield "; ".join(f"{key} = {value}" for key, value in results.shape.items() if value is not None)
    yield f"{results.rounds} rounds"


def page(results: Results, figures: Sequence[str]) -> str:
    """The table, its reading, and the pictures, in Markdown."""
    said = ["# Every operation beside `F.cross_entropy`", "", INTRODUCTION, "", "* " + "\n* ".join(facts(results)), ""]
    said += [f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
    said += [f"| {' | '.join(cell.replace('|', '∣') for cell in cells)} |" for _, cells in lines(results)]
    said += ["", *(f"* {column}: {note}." for column, note in NOTES.items()), ""]
    said += [
        f"{number}. {reason}: {', '.join(operations)}."
        for number, (reason, operations) in enumerate(missing(results).items(), 1)
    ]
    if results.growth:
        said += ["", "## Growth", "", GROWTH, "", *(f"![{figure}]({figure}.svg)" for figure in figures)]
    return "\n".join(said) + "\n"


__all__ = ["COLUMNS", "NOTES", "facts", "lines", "missing", "page", "ratio", "terminal"]
