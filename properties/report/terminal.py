"""The laws table in a terminal, or in a log."""

from __future__ import annotations

import os
import re
import string
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import IO, Any

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from unmask.properties.engine.record import STATUSES, UNJUDGED, Record, Status
from unmask.properties.report.grid import GLYPHS, Grid, by_kind, kind_summaries, summary, title_of, ulps_text

_WORDS: Mapping[Status, str] = {
    "holds": "✓",
    "broken": "BROKEN",
    "known": "known",
    "error": "ERROR",
    "blocked": "blocked",
    "unasked": "unasked",
    "absent": "–",
}
_STYLES: Mapping[Status, str] = {
    "holds": "green",
    "broken": "bold white on red",
    "known": "bold yellow",
    "error": "bold red",
    "blocked": "yellow",
    "unasked": "yellow",
    "absent": "dim",
}
_MEANINGS: Mapping[Status, str] = {
    "holds": "holds",
    "broken": "BROKEN",
    "known": "known failure",
    "error": "error of the law",
    "blocked": "another law says why",
    "unasked": "nothing to judge",
    "absent": "does not apply",
}
_LETTERS = string.ascii_lowercase + string.ascii_uppercase
_INDENT = "  "
_NARROWEST_LAW = 20
_LOG_WIDTH = 120
_TALL = 30  # from this many laws on, the header has scrolled away by the last row and is repeated there
_ASCII = str.maketrans({"✓": "+", "✗": "X", "–": "-", "×": "x", "─": "-", "·": "-"})


@dataclass(frozen=True)
class _Layout:
    """How a matrix is drawn: which headers and marks, and how many blanks before each column."""

    headers: tuple[str, ...]
    marks: Mapping[Status, str]
    gap: int

    def column(self, grid: Grid, index: int) -> int:
        method = grid.methods[index]
        marks = [self.marks[record.status] for (_, name), record in grid.cells.items() if name == method]
        return max(cell_len(text) for text in (self.headers[index], *marks))

    def width(self, grid: Grid) -> int:
        """The columns of all methods, without the column of law names."""
        return sum(self.gap + self.column(grid, index) for index in range(len(grid.methods)))


def laws_table(records: Sequence[Record], width: int = 120) -> Group:
    """A table for each kind: laws (rows, by chapter) and methods (columns), for a terminal ``width`` cells wide.

    Method names head the columns where they fit; otherwise letters do, and the caption says what they mean.
    One method alone gets a list of its laws instead, with statements, worst gaps, examples and seconds.
    Where there are several kinds, each table is under the title of its own.
    """
    grids = by_kind(records)
    parts: list[RenderableType] = []
    for kind, grid in grids.items():
        title = [title_of(kind)] if len(grids) > 1 else []
        parts += [Text("")] if parts else []
        parts.append(_list(grid, width, title) if len(grid.methods) == 1 else _matrix(grid, width, title))
    return Group(*parts)


def render_laws_table(records: Sequence[Record], width: int = 120, color: bool = False) -> str:
    """The tables, every broken and known failure by name, a line for each of several kinds, and the summary.

    Without ``color`` the text holds no control codes and no trailing blanks.  Lines to be pasted are never
    wrapped.
    """
    table = laws_table(records, width)
    # A table that cannot be narrower overflows: a log with long lines is better than names cut short.
    needed = max(width, Console(width=10**4).measure(table).minimum)
    console = Console(
        file=StringIO(), width=needed, force_terminal=color, color_system="standard" if color else None,
        legacy_windows=False, highlight=False, emoji=False, markup=False,
    )  # fmt: skip
    with console.capture() as capture:
        if records:
            console.print(table)
            console.print()
        for line in _failures(records):
            console.print(line, soft_wrap=True)
        of_kinds = kind_summaries(records)
        for counted in of_kinds if len(of_kinds) > 1 else ():
            console.print(Text(counted), soft_wrap=True)
        failed = any(record.status == "broken" for record in records)
        counts = Text(summary(records), style="bold red" if failed else "bold")
        console.print(counts, soft_wrap=True)
    text = capture.get()
    return text if color else "".join(line.rstrip() + "\n" for line in text.splitlines())


def print_laws_table(
    records: Sequence[Record],
    file: IO[str] | None = None,
    width: int | None = None,
    color: bool | None = None,
) -> None:
    """Print ``render_laws_table`` to ``file`` (standard output), as wide and as colorful as it allows.

    A file that is not a terminal gets 120 columns, unless the environment's ``COLUMNS`` says otherwise.
    """
    out: IO[str] = sys.stdout if file is None else file
    console = Console(file=out)  # asked only what it knows of the terminal, NO_COLOR included
    if width is None:
        width = console.width if console.is_terminal or "COLUMNS" in os.environ else _LOG_WIDTH
    if color is None:
        color = console.is_terminal and console.color_system is not None and not console.no_color
    text = render_laws_table(records, width, color)
    encoding = getattr(out, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(_ASCII).encode(encoding, "backslashreplace").decode(encoding)
    out.write(text)


def _matrix(grid: Grid, width: int, title: Sequence[str]) -> Table:
    names = max((cell_len(_INDENT + law) for law in grid.laws), default=0)
    names = max([names, *(cell_len(chapter) for chapter in grid.chapters)])
    layout = next((one for one in _layouts(grid) if names + one.width(grid) <= width), _layouts(grid)[-1])
    if names + layout.width(grid) > width:
        names = max(min(names, _NARROWEST_LAW), width - layout.width(grid))
    total = names + layout.width(grid)

    table = Table(
        box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=0, show_footer=len(grid.laws) >= _TALL,
        caption=_legend(grid, layout, total), caption_justify="left", caption_style="",
        header_style="bold", footer_style="bold", **_titled(title),
    )  # fmt: skip
    table.add_column("law", width=names, overflow="fold")
    for index, header in enumerate(layout.headers):
        # The divider that every box draws is the last blank of the gap.
        cells = layout.column(grid, index) + layout.gap - 1
        table.add_column(Text(header), footer=Text(header), width=cells, justify="right", no_wrap=True)
    for number, (chapter, laws) in enumerate(grid.chapters.items()):
        if number:
            table.add_row()
        table.add_row(Text(chapter, style="bold"))
        for law in laws:
            marks = [_mark(grid.cells.get((law, method)), layout.marks) for method in grid.methods]
            table.add_row(Text(_folded(law, names)), *marks)
    return table


def _folded(law: str, width: int) -> str:
    """The name of a law, indented; where it does not fit, it goes on below, a word at a time."""
    lines = [_INDENT]
    for word in re.findall(r"[^_]*_?", law):
        if cell_len(lines[-1] + word) > width and lines[-1].strip():
            lines.append(2 * _INDENT)
        lines[-1] += word
    return "\n".join(lines)


def _layouts(grid: Grid) -> tuple[_Layout, ...]:
    """From the roomiest to the narrowest."""
    letters = tuple(
        _LETTERS[index] if len(grid.methods) <= len(_LETTERS) else str(index + 1) for index in range(len(grid.methods))
    )
    return (
        _Layout(grid.methods, _WORDS, gap=2),
        _Layout(letters, _WORDS, gap=2),
        _Layout(letters, GLYPHS, gap=2),
        _Layout(letters, GLYPHS, gap=1),
    )


def _mark(record: Record | None, marks: Mapping[Status, str]) -> Text:
    return Text("") if record is None else Text(marks[record.status], style=_STYLES[record.status])


def _legend(grid: Grid, layout: _Layout, width: int) -> Text | None:
    lines: list[str] = []
    if layout.headers != grid.methods:
        entries = [f"{header} {method}" for header, method in zip(layout.headers, grid.methods, strict=True)]
        lines += _in_columns(entries, width)
    if layout.marks is GLYPHS:
        used: list[Status] = [status for status in STATUSES if grid.count(status)]
        lines += _in_columns([f"{GLYPHS[status]} {_MEANINGS[status]}" for status in used], width)
    return Text("\n".join(["", *lines])) if lines else None


def _in_columns(entries: Sequence[str], width: int) -> list[str]:
    """Entries in as many even columns as fit, read downward."""
    widest = max(cell_len(entry) for entry in entries) + 3
    across = max(1, (width + 3) // widest)
    down = -(-len(entries) // across)
    lines = []
    for first in range(down):
        row = entries[first::down]
        lines.append("".join(entry + " " * (widest - cell_len(entry)) for entry in row).rstrip())
    return lines


def _titled(title: Sequence[str]) -> dict[str, Any]:
    """What a table needs to stand under a title."""
    if not title:
        return {}
    return {"title": Text(" · ".join(title) + "\n"), "title_justify": "left", "title_style": "bold"}


def _list(grid: Grid, width: int, title: Sequence[str]) -> Table:
    """One method's laws with their statements: beside the names where there is room, below them where not."""
    names = max(cell_len(_INDENT + law) for law in grid.laws)
    marks = max(cell_len(_WORDS[record.status]) for record in grid.cells.values())
    beside = width - names - marks - 40 >= 30
    table = Table(
        box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold",
        **_titled([*title, grid.methods[0]]),
    )  # fmt: skip
    table.add_column("law", overflow="fold", min_width=names if beside else _NARROWEST_LAW, ratio=not beside or None)
    table.add_column("", width=marks)
    if beside:
        table.add_column("statement", overflow="fold", ratio=1)
    for header in ("worst ulps", "examples", "seconds"):
        table.add_column(header, justify="right", no_wrap=True)
    for number, (chapter, laws) in enumerate(grid.chapters.items()):
        if number:
            table.add_row()
        table.add_row(Text(chapter, style="bold"))
        for law in laws:
            record = grid.cells[law, grid.methods[0]]
            about = Text(record.statement, style="dim")
            if record.reason:
                about.append(f"\n{record.status}: {record.reason}", style=_STYLES[record.status])
            name = Text(_INDENT + law)
            below = Group(name, Padding(about, (0, 0, 0, 4)))
            ran = record.status not in UNJUDGED
            table.add_row(
                name if beside else below,
                _mark(record, _WORDS),
                *([about] if beside else []),
                ulps_text(record.worst_ulps) if ran else "",
                str(record.examples) if ran else "",
                f"{record.seconds:.2f}" if ran else "",
            )
    return table


def _failures(records: Sequence[Record]) -> Iterator[Text]:
    """Every broken and every known failure by name: marks in a wide table are easily overlooked.

    Laws that could not be judged share a line where they share the reason.
    """
    broken = [record for record in records if record.status == "broken"]
    known = [record for record in records if record.status == "known"]
    for record in broken:
        yield Text.assemble(("BROKEN", _STYLES["broken"]), f"  {record.law} · {record.method}")
        if record.replay:
            # Flush left: a Python prompt does not take an indented line.
            yield Text(record.replay, style="dim")
    for record in known:
        because = f": {record.reason}" if record.reason else ""
        yield Text.assemble(("known", _STYLES["known"]), f"   {record.law} · {record.method}{because}")
    unjudged: dict[tuple[Status, str, str], list[str]] = {}
    for record in records:
        if record.status == "error":
            yield Text.assemble(("ERROR", _STYLES["error"]), f"   {record.law} · {record.method}")
        if record.status in ("unasked", "blocked"):
            unjudged.setdefault((record.status, record.method, record.reason), []).append(record.law)
    for (status, method, reason), laws in unjudged.items():
        which = laws[0] if len(laws) == 1 else f"{len(laws)} laws"
        yield Text.assemble((status, _STYLES[status]), f" {which} · {method}: {reason}")
    if broken or known or unjudged:
        yield Text("")
