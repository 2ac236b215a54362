"""``index.html``: the run as one self-contained page that needs no network."""

from __future__ import annotations

import base64
import hashlib
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup, escape

from unmask.properties.engine.record import UNJUDGED, Record, Status
from unmask.properties.report.grid import GLYPHS, Grid, arrange, by_kind, plural, title_of, ulps_text
from unmask.properties.report.limits import Line, measured
from unmask.properties.report.mathml import mathml
from unmask.properties.report.traceability import built_in

_WORDS: Mapping[Status, str] = {
    "holds": "holds",
    "broken": "BROKEN",
    "known": "known failure",
    "blocked": "another law says why",
    "error": "error of the law",
    "unasked": "nothing to judge",
    "absent": "does not apply",
}


#: What a cell means, for somebody who has read nothing else.
_MEANINGS: Mapping[Status, str] = {
    "holds": "it held in every example that was drawn",
    "broken": "an example was found for which it does not hold",
    "known": "it fails, as the method itself declares",
    "absent": "it does not apply, and the cell says why",
    "unasked": "every example that was drawn had to be refused, or none could have failed",
    "blocked": "there was no answer to judge, and another law says why",
    "error": "the law itself failed, or the reference, which says nothing about the method",
}
#: What is told of a run in which nothing of the kind has happened.
_ALWAYS: tuple[Status, ...] = ("holds", "broken", "absent")


@dataclass(frozen=True)
class _Law:
    """One law of the lawbook: its equation is in the page here, and once more only where it is broken."""

    anchor: str
    record: Record
    equation: Markup | None  # None: the sentence is all there is
    counts: Mapping[Status, int]
    handbook: str  # where the handbook tells of it; empty where it does not


@dataclass(frozen=True)
class _Story:
    """One failure, with the anchor by which its cell finds it."""

    anchor: str
    record: Record


@dataclass(frozen=True)
class _Kind:
    """One table: the methods of a kind under the laws about them."""

    anchor: str
    title: str
    grid: Grid
    anchors: Mapping[tuple[str, str], str]  # of a cell
    groups: tuple[tuple[str, int], ...]  # neighbors whose names begin alike, and how many they are
    totals: Mapping[Status, int]
    by_method: Mapping[str, Mapping[Status, int]]
    by_law: Mapping[str, Mapping[Status, int]]

    @property
    def width(self) -> float:
        """The width in rem below which the table has to scroll."""
        return 20 + (1.75 if len(self.grid.methods) <= 24 else 1.5) * len(self.grid.methods) + 6


def write_html(
    records: Sequence[Record],
    path: str | Path,
    title: str = "The laws of discrete diffusion",
    environment: Mapping[str, str] | None = None,
    addresses: Mapping[str, str] | None = None,
    handbook: str = "",
) -> None:
    """Write the page.

    ``environment`` says what was run: versions, dtype, device, budget, seed policy; ``addresses`` where a method can be
    loaded from, for the commands that run a cell once more; ``handbook`` where the handbook lies, seen from the page:
    nowhere where it is empty.
    """
    text = render_html(records, title, environment or {}, addresses or {}, handbook)
    Path(path).write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")


def render_html(
    records: Sequence[Record],
    title: str,
    environment: Mapping[str, str],
    addresses: Mapping[str, str],
    handbook: str = "",
) -> str:
    """The page as a string."""
    whole = arrange(records)
    grids = by_kind(records)
    ours = {law.name for law in built_in()}
    taken: set[str] = set()
    laws = {
        name: _Law(
            anchor=_anchor(f"law/{name}", taken),
            record=record,
            equation=_equation(record.tex),
            counts={status: sum(grid.count(status, law=name) for grid in grids.values()) for status in GLYPHS},
            handbook=f"{handbook}/{in_handbook(name, record.chapter)}" if handbook and name in ours else "",
        )
        for name, record in whole.laws.items()
    }
    kinds = [_kind(kind, grid, taken) for kind, grid in grids.items()]
    anchors = {
        (name, *cell): anchor for name, kind in zip(grids, kinds, strict=True) for cell, anchor in kind.anchors.items()
    }
    totals: dict[Status, int] = {status: sum(kind.totals[status] for kind in kinds) for status in GLYPHS}
    script = _resource("report.js")
    return _template().render(
        title=title,
        environment=environment,
        kinds=kinds,
        chapters=whole.chapters,
        methods=sum(len(grid.methods) for grid in grids.values()),
        handbook=handbook,
        not_run=sum(grid.not_run for grid in grids.values()),
        limits=_limits(records),
        laws=laws,
        broken=_stories(records, laws, anchors, "broken"),
        known=_stories(records, laws, anchors, "known"),
        totals=totals,
        verdict=_verdict(totals, laws),
        glyphs=GLYPHS,
        words=_WORDS,
        meanings={status: text for status, text in _MEANINGS.items() if status in _ALWAYS or totals[status]},
        unjudged=UNJUDGED,
        commands={method: f"unmask verify {shlex.quote(address)}" for method, address in addresses.items()},
        options=_options(environment),
        style=Markup(_resource("report.css")),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        plural=plural,
        ulps=ulps_text,
        folding=_folding,
        powers=_powers,
    )


def in_handbook(law: str, chapter: str) -> str:
    """Where the handbook tells of a law: a page for each chapter, and a fragment."""
    page = "-".join(re.findall(r"[a-z0-9]+", chapter.lower()))
    return f"laws/{page}.html#law-{law.replace('_', '-').lower()}"


def _kind(name: str, grid: Grid, taken: set[str]) -> _Kind:
    return _Kind(
        anchor=_anchor(f"kind/{name}", taken),
        title=title_of(name),
        grid=grid,
        anchors={
            (law, method): _anchor(f"law/{law}/{method}", taken)
            for law in grid.laws
            for method in grid.methods
            if (law, method) in grid.cells
        },
        groups=_groups(grid.methods),
        totals={status: grid.count(status) for status in GLYPHS},
        by_method={method: {status: grid.count(status, method=method) for status in GLYPHS} for method in grid.methods},
        by_law={law: {status: grid.count(status, law=law) for status in GLYPHS} for law in grid.laws},
    )


def _groups(methods: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """Neighbors whose names begin with the same word: ``sedd_levels`` and ``sedd/uniform``."""
    words = [re.split(r"[^A-Za-z0-9]", method, maxsplit=1)[0] for method in methods]
    return tuple((word, len(list(same))) for word, same in groupby(words))


def _limits(records: Sequence[Record]) -> dict[str, list[Line]]:
    """The lines of the table of limits, by limit; nothing where no law about one has run.

    Methods of which the same is to be told share a line.
    """
    lines: dict[str, dict[Line, list[str]]] = {}
    if any(record.fits for record in records):
        for line in measured(records):
            lines.setdefault(line.limit, {}).setdefault(line._replace(method=""), []).append(line.method)
    return {
        limit: [line._replace(method=", ".join(methods)) for line, methods in told.items()]
        for limit, told in lines.items()
    }


def _options(environment: Mapping[str, str]) -> str:
    """What a command has to say of the run, where it is not what the command would take anyway."""
    usual = {"dtype": "float64", "device": "cpu"}
    said = {name: environment.get(name, value) for name, value in usual.items()}
    return "".join(f" --{name} {shlex.quote(said[name])}" for name, value in usual.items() if said[name] != value)


def _folding(name: str) -> Markup:
    """A name that may go on in the next line behind each underscore."""
    return Markup("_<wbr>").join(escape(part) for part in name.split("_"))


def _powers(text: str) -> Markup:
    """``K^-2`` and ``T^(-3/2)`` with their exponents raised."""
    # The pieces between the matches are at even places.
    pieces = re.split(r"\^(\([^()]*\)|-?[\d./]*\d)", text)
    return Markup("").join(
        Markup("<sup>{}</sup>").format(piece.strip("()").replace("-", "−")) if place % 2 else piece
        for place, piece in enumerate(pieces)
    )


def _verdict(totals: Mapping[Status, int], laws: Mapping[str, _Law]) -> str:
    broken, known = totals["broken"], totals["known"]
    if broken:
        of_laws = sum(law.counts["broken"] > 0 for law in laws.values())
        times = "" if broken == of_laws else f", {broken} times"
        return f"{plural(of_laws, 'law')} broken{times}"
    if totals["error"]:
        return f"{plural(totals['error'], 'error')} of laws or of the reference"
    if not totals["holds"]:
        return "Nothing was checked"
    unjudged = totals["unasked"] + totals["blocked"]
    but = [f"{plural(known, 'known failure')}"] * bool(known) + [f"{unjudged} that could not be asked"] * bool(unjudged)
    return f"Every law holds, but for {' and '.join(but)}" if but else "Every law holds"


def _equation(tex: str) -> Markup | None:
    element = mathml(tex)
    return None if element is None else Markup(element)  # safe: mathml() lets only MathML through


def _stories(
    records: Sequence[Record], laws: Mapping[str, _Law], anchors: Mapping[tuple[str, str, str], str], status: Status
) -> dict[str, list[_Story]]:
    """The failures of this status by law, in the order of the laws; of a pair run twice, both are told."""
    stories: dict[str, list[_Story]] = {}
    for law in laws:
        of_law = [record for record in records if record.law == law and record.status == status]
        if of_law:
            stories[law] = [_Story(anchors[record.kind, law, record.method], record) for record in of_law]
    return stories


def _anchor(wanted: str, taken: set[str]) -> str:
    """A fragment that nothing else in the page has."""
    wanted = re.sub(r"[^A-Za-z0-9_./-]+", "-", wanted.rstrip("/"))
    anchor, copy = wanted, 2
    while anchor in taken:
        anchor, copy = f"{wanted}.{copy}", copy + 1
    taken.add(anchor)
    return anchor


def _resource(name: str) -> str:
    return files("unmask.properties.report").joinpath(name).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_resource("report.html.j2"))
