"""Records arranged as laws by methods, a grid for each kind: the one view that the terminal and the page both draw."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from unmask.properties.engine.record import Record, Status
from unmask.properties.subjects.kinds import kinds

# What a reader must not miss comes first.
_SEVERITY: Mapping[Status, int] = {
    "broken": 6,
    "error": 5,
    "known": 4,
    "blocked": 3, "unasked": 2,
    "holds": 1,
    "absent": 0,
}

GLYPHS: Mapping[Status, str] = {
    "holds": "✓",
    "broken": "✗",
    "known": "!",
    "error": "E",
    "blocked": "×",
    "unasked": "?",
    "absent": "–",
}


@dataclass(frozen=True)
class Grid:
    """Laws by methods.  Chapters, laws and methods keep the order in which the records first name them.

    ``laws`` holds one record of each law: statement, citation and mutants do not vary by method.
    """

    chapters: Mapping[str, tuple[str, ...]]
    methods: tuple[str, ...]
    laws: Mapping[str, Record]
    cells: Mapping[tuple[str, str], Record]

    def count(self, status: Status, *, law: str | None = None, method: str | None = None) -> int:
        """How many cells (of one law, of one method) have this status."""
        return sum(
            record.status == status and law in (None, record.law) and method in (None, record.method)
            for record in self.cells.values()
        )

    @property
    def not_run(self) -> int:
        """Cells without a record: laws that a selection of tests left out."""
        return len(self.laws) * len(self.methods) - len(self.cells)

    @property
    def absent_share(self) -> float:
        """The share of the cells whose law does not apply; 0 where there is none."""
        return self.count("absent") / len(self.cells) if self.cells else 0.0

    @property
    def absent_reasons(self) -> tuple[tuple[str, int], ...]:
        """Why laws do not apply, each with the number of its cells, most frequent ones first."""
        absent = (record for record in self.cells.values() if record.status == "absent")
        return tuple(Counter(record.reason for record in absent).most_common())


def arrange(records: Sequence[Record]) -> Grid:
    """The grid of these records.

    A law and a method that were run more than once (in two test classes, say) share a cell, and the cell
    shows the worst outcome, so that nothing broken is hidden.
    """
    chapters: dict[str, dict[str, None]] = {}
    laws: dict[str, Record] = {}
    cells: dict[tuple[str, str], Record] = {}
    for record in records:
        first = laws.setdefault(record.law, record)
        chapters.setdefault(first.chapter, {}).setdefault(record.law)
        seen = cells.get((record.law, record.method))
        if seen is None or _SEVERITY[record.status] > _SEVERITY[seen.status]:
            cells[record.law, record.method] = record
    return Grid(
        chapters={chapter: tuple(names) for chapter, names in chapters.items()},
        methods=tuple(dict.fromkeys(record.method for record in records)),
        laws=laws,
        cells=cells,
    )


def by_kind(records: Sequence[Record]) -> dict[str, Grid]:
    """A grid for each kind of subject, in the order in which the records first name them.

    A law about one kind has no place in the table of another.
    """
    of_kind: dict[str, list[Record]] = {}
    for record in records:
        of_kind.setdefault(record.kind, []).append(record)
    return {kind: arrange(of_it) for kind, of_it in of_kind.items()}


def title_of(kind: str) -> str:
    """The heading of a kind; its name, where a report of elsewhere names one that is not known here."""
    known = kinds()
    return known[kind].title if kind in known else kind


def absent_shares(records: Sequence[Record]) -> dict[str, float]:
    """For each kind, the share of its cells whose law does not apply."""
    return {kind: grid.absent_share for kind, grid in by_kind(records).items()}


def summary(records: Sequence[Record]) -> str:
    """One line of counts, such as ``57 laws × 12 methods: 510 hold, 2 BROKEN, 1 known, 171 – (25 %)``.

    The percentage is the share of laws that do not apply.
    """
    grids = by_kind(records)
    return _counted(
        len({record.law for record in records}),
        sum(len(grid.methods) for grid in grids.values()),
        list(grids.values()),
    )


def kind_summaries(records: Sequence[Record]) -> list[str]:
    """The same line for each kind, behind its title."""
    return [
        f"{title_of(kind)}: {_counted(len(grid.laws), len(grid.methods), [grid])}"
        for kind, grid in by_kind(records).items()
    ]


def _counted(laws: int, methods: int, grids: Sequence[Grid]) -> str:
    counts = Counter(record.status for grid in grids for record in grid.cells.values())
    not_run = sum(grid.not_run for grid in grids)
    broken = f"{counts['broken']} BROKEN" if counts["broken"] else "0 broken"
    share = f" ({counts['absent'] / counts.total():.0%})".replace("%", " %") if counts["absent"] else ""
    parts = [f"{counts['holds']} hold", broken, f"{counts['known']} known", f"{counts['absent']} –{share}"]
    parts += [f"{counts[status]} {status}" for status in ("error", "unasked", "blocked") if counts[status]]
    if not_run:
        parts.append(f"{not_run} not run")
    of_kinds = f" of {len(grids)} kinds" if len(grids) > 1 else ""
    return f"{plural(laws, 'law')} × {plural(methods, 'method')}{of_kinds}: {', '.join(parts)}"


def plural(count: int, noun: str) -> str:
    """``1 law``, ``2 laws``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def ulps_text(value: float | None) -> str:
    """A gap in ulps for people: three digits or a whole number, and a dash where a law measures none."""
    if value is None:
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if 1e3 <= abs(value) < 1e9:
        return f"{value:,.0f}"
    return f"{value:.3g}"  # NaN prints as itself
