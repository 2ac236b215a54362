"""``index.html``: the run as one self-contained page that needs no network."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from unmask.properties.engine.record import UNJUDGED, Record, Status
from unmask.properties.report.grid import GLYPHS, Grid, arrange, plural, ulps_text
from unmask.properties.report.limits import measured
from unmask.properties.report.mathml import mathml

_WORDS: Mapping[Status, str] = {
    "holds": "holds",
    "broken": "BROKEN",
    "known": "known failure",
    "absent": "not offered",
    "unasked": "every draw was refused",
    "blocked": "cannot be built",
}


@dataclass(frozen=True)
class _Law:
    """One law of the lawbook: its equation is in the page here, and once more only where it is broken."""

    anchor: str
    record: Record
    equation: Markup | None  # None: show the statement
    counts: Mapping[Status, int]


@dataclass(frozen=True)
class _Story:
    """One failure, with the anchor by which its cell finds it."""

    anchor: str
    record: Record


def write_html(
    records: Sequence[Record],
    path: str | Path,
    title: str = "The laws of discrete diffusion",
    environment: Mapping[str, str] | None = None,
) -> None:
    """Write the page; ``environment`` says what was run: versions, dtype, device, budget, seed policy."""
    text = render_html(records, title, environment or {})
    Path(path).write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")


def render_html(records: Sequence[Record], title: str, environment: Mapping[str, str]) -> str:
    """The page as a string."""
    grid = arrange(records)
    anchors = _anchors(grid)
    laws = {
        name: _Law(
            anchor=anchors[name, ""],
            record=record,
            equation=_equation(record.tex),
            counts={status: grid.count(status, law=name) for status in GLYPHS},
        )
        for name, record in grid.laws.items()
    }
    script = _resource("report.js")
    return _template().render(
        title=title,
        environment=environment,
        grid=grid,
        limits=_limits(records),
        laws=laws,
        anchors=anchors,
        broken=_stories(records, grid, anchors, "broken"),
        known=_stories(records, grid, anchors, "known"),
        totals={status: grid.count(status) for status in GLYPHS},
        by_method={method: {status: grid.count(status, method=method) for status in GLYPHS} for method in grid.methods},
        verdict=_verdict(grid),
        glyphs=GLYPHS,
        words=_WORDS,
        unjudged=UNJUDGED,
        style=Markup(_resource("report.css")),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        plural=plural,
        ulps=ulps_text,
    )


def _limits(records: Sequence[Record]) -> dict[str, list[list[str]]]:
    """The lines of the table of limits, by limit; nothing where no law about one has run."""
    lines: dict[str, list[list[str]]] = {}
    if any(record.fits for record in records):
        for line in measured(records):
            lines.setdefault(line[0], []).append(line)
    return lines


def _verdict(grid: Grid) -> str:
    broken, known = grid.count("broken"), grid.count("known")
    if broken:
        laws = sum(grid.count("broken", law=law) > 0 for law in grid.laws)
        times = "" if broken == laws else f", {broken} times"
        return f"{plural(laws, 'law')} broken{times}"
    if not grid.count("holds"):
        return "Nothing was checked"
    unjudged = grid.count("unasked") + grid.count("blocked")
    but = [f"{plural(known, 'known failure')}"] * bool(known) + [f"{unjudged} that could not be asked"] * bool(unjudged)
    return f"Every law holds, but for {' and '.join(but)}" if but else "Every law holds"


def _equation(tex: str) -> Markup | None:
    element = mathml(tex)
    return None if element is None else Markup(element)  # safe: mathml() lets only MathML through


def _stories(
    records: Sequence[Record], grid: Grid, anchors: Mapping[tuple[str, str], str], status: Status
) -> dict[str, list[_Story]]:
    """The failures of this status by law, in the order of the grid; of a pair run twice, both are told."""
    stories: dict[str, list[_Story]] = {}
    for law in grid.laws:
        of_law = [record for record in records if record.law == law and record.status == status]
        if of_law:
            stories[law] = [_Story(anchors[law, record.method], record) for record in of_law]
    return stories


def _anchors(grid: Grid) -> dict[tuple[str, str], str]:
    """A distinct fragment for every law (method ``""``) and every cell."""
    anchors: dict[tuple[str, str], str] = {}
    taken: set[str] = set()
    for law in grid.laws:
        for method in ("", *grid.methods):
            wanted = re.sub(r"[^A-Za-z0-9_./-]+", "-", f"law/{law}/{method}".rstrip("/"))
            anchor, copy = wanted, 2
            while anchor in taken:
                anchor, copy = f"{wanted}.{copy}", copy + 1
            taken.add(anchor)
            anchors[law, method] = anchor
    return anchors


def _resource(name: str) -> str:
    return files("unmask.properties.report").joinpath(name).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_resource("report.html.j2"))
