"""Which law checks which statement of the papers: generated from the laws' own citations.

A law cites ``"Austin et al. 2021, eq. 3 (posterior) and sec. 3; Sahoo et al. 2024, eq. 3-4, 13; somebody else"``:
sources are separated by semicolons, places by commas or *and*; a place without a kind has that of the place before it.
A name in brackets picks one of several facts of a place; where there is only one, it is a remark.  The facts themselves
are in :mod:`unmask.properties.report.papers`, with the tests that check what no law does.

``python -m unmask.properties.report.traceability docs/traceability.md`` writes the page.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unmask.properties.engine.lawbook import LAWBOOK, Law
from unmask.properties.report.papers import PAPERS, Fact, Paper

CHECKED, UNCHECKED, NO_FACT = "checked", "not checked", "not a checkable fact"

_KINDS = {
    "eq.": "equation",
    "thm": "theorem",
    "prop.": "proposition",
    "def.": "definition",
    "alg.": "algorithm",
    "sec.": "statement",
    "app.": "statement",
}
#: Whatever begins like this is meant to be one of the papers.
_AUTHORS = re.compile("|".join(re.escape(paper.cited.split()[0]) for paper in PAPERS))
_BETWEEN = re.compile(r"(?:\s*,\s*(?:and\s+)?|\s+and\s+)(?![^(]*\))")
_PLACE = re.compile(
    rf"(?:(?P<kind>{'|'.join(map(re.escape, _KINDS))}) )?"
    r"(?P<first>\d+(?:\.\d+)*|[A-Z](?:\.\d+)*)(?:-(?P<last>\d+))?(?: \((?P<name>[^()]+)\))?"
)


@dataclass(frozen=True)
class Place:
    """Where a paper says something: ``at``, as in ``"eq. 3"`` or ``"app. A.2.4"``, and a name in brackets after it."""

    at: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.at} ({self.name})" if self.name else self.at


def places(text: str) -> list[Place]:
    """The places that a list of them names, ranges of equations taken apart: ``"eq. 2-3 and thm 1"`` are three.

    Raises
    ------
    ValueError : if a part of it is no place, or a range runs backward.
    """
    found: list[Place] = []
    kind = ""
    for part in _BETWEEN.split(text.strip()):
        match = _PLACE.fullmatch(part)
        kind = (match and match["kind"]) or kind
        if match is None or not kind:
            raise ValueError(
                f"{part!r} is no place: say one of {', '.join(_KINDS)} and a number, and perhaps a name in brackets"
            )
        first, last, name = match["first"], match["last"], match["name"] or ""
        if last is None:
            found.append(Place(f"{kind} {first}", name))
        elif first.isdecimal() and int(first) < int(last):
            found += [Place(f"{kind} {n}", name) for n in range(int(first), int(last) + 1)]
        else:
            raise ValueError(f"{part!r} is no range: say the smaller number first")
    return found


def citations(cites: str) -> list[tuple[Paper, Place]]:
    """What a law's ``cites`` names in the papers of the inventory; other sources are passed over.

    Raises
    ------
    ValueError : if an author's name does not begin one of the papers' citations, or what follows names no places.
    """
    found = []
    for source in (part.strip() for part in cites.split(";")):
        paper = next((paper for paper in PAPERS if source.startswith(f"{paper.cited}, ")), None)
        if paper is not None:
            found += [(paper, place) for place in places(source.removeprefix(f"{paper.cited}, "))]
        elif _AUTHORS.match(source):
            known = ", ".join(repr(paper.cited) for paper in PAPERS)
            raise ValueError(f"{source!r} cites none of {known} with a comma and places after it")
    return found


def fact_at(paper: Paper, place: Place) -> Fact:
    """The fact that a paper states at a place.

    Raises
    ------
    ValueError : if the inventory has none there, or several, of which the name in brackets picks none.
    """
    here = [(fact, own) for fact in paper.facts for own in places(fact.where) if own.at == place.at]
    if len(here) == 1 and not here[0][1].name:
        return here[0][0]
    named = [fact for fact, own in here if own.name == place.name]
    if len(named) == 1:
        return named[0]
    if not here:
        raise ValueError(f"{paper.cited}, {place}: the inventory of {paper.name} has nothing at {place.at}")
    choices = ", ".join(f"({own.name})" for _, own in here)
    raise ValueError(f"{paper.cited}, {place}: say which of the facts there: {choices}")


def built_in() -> list[Law]:
    """The laws of this package, without those that others have entered into the book."""
    return [law for law in LAWBOOK if law.check.__module__.startswith("unmask.properties.laws.")]


def problems(laws: Iterable[Law] | None = None) -> list[str]:
    """Citations that are wrong, each with the law's name: unreadable ones, and those of what the inventory lacks.

    Also those of what is no fact there: a law cannot check a naming or a line of a proof.
    """
    found = []
    for law in built_in() if laws is None else laws:
        try:
            for paper, place in citations(law.told.cites):
                fact = fact_at(paper, place)
                if fact.no_fact:
                    found.append(f"{law.name}: {paper.cited}, {place} is no fact that a law can check: {fact.no_fact}")
        except ValueError as problem:
            found.append(f"{law.name}: {problem}")
    return found


def table(laws: Iterable[Law] | None = None) -> list[dict[str, Any]]:
    """One row for each fact of the papers, in their order.

    Rows have the keys ``paper`` (as laws cite it), ``where``, ``kind``, ``gist``, ``status`` (``"checked"``,
    ``"not checked"`` or ``"not a checkable fact"``), ``laws`` (names; the one that says just this comes first, where
    the fact names one), ``tests`` (node ids), ``reason`` (why it is not checked) and ``finding`` (an error in print or
    a condition that it needs).  ``laws`` default to the built-in ones.

    Raises
    ------
    ValueError : if a citation is wrong; :func:`problems` lists all that are.
    """
    citing: dict[tuple[str, str], list[str]] = {}
    for law in built_in() if laws is None else laws:
        for paper, place in citations(law.told.cites):
            names = citing.setdefault((paper.cited, fact_at(paper, place).where), [])
            if law.name not in names:
                names.append(law.name)
    return [_row(paper, fact, citing.get((paper.cited, fact.where), [])) for paper in PAPERS for fact in paper.facts]


def _row(paper: Paper, fact: Fact, laws: list[str]) -> dict[str, Any]:
    status = NO_FACT if fact.no_fact else CHECKED if laws or fact.tests else UNCHECKED
    return {
        "paper": paper.cited,
        "where": fact.where,
        "kind": _KINDS[places(fact.where)[0].at.split(" ")[0]],
        "gist": fact.gist,
        "status": status,
        "laws": sorted(laws, key=lambda name: name != fact.law),
        "tests": list(fact.tests),
        "reason": fact.no_fact or ("" if status == CHECKED else fact.unchecked),
        "finding": fact.finding,
    }


def write_traceability(path: str | Path, laws: Iterable[Law] | None = None) -> None:
    """Write :func:`table` as JSON (UTF-8).  Raises ``ValueError`` if a citation is wrong."""
    text = json.dumps(table(laws), ensure_ascii=False, indent=1)
    Path(path).write_text(text + "\n", encoding="utf-8", newline="\n")


def counts(rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    """How many rows there are, how many are facts, and how many of these laws, tests alone, or nothing check."""
    facts = [row for row in rows if row["status"] != NO_FACT]
    return {
        "entries": len(rows),
        "checkable": len(facts),
        "by laws": sum(bool(row["laws"]) for row in facts),
        "by tests alone": sum(bool(row["tests"]) and not row["laws"] for row in facts),
        "not checked": sum(row["status"] == UNCHECKED for row in facts),
    }


def page(laws: Iterable[Law] | None = None) -> str:
    """The page ``docs/traceability.md``, in Markdown.  Raises ``ValueError`` if a citation is wrong."""
    known = list(built_in() if laws is None else laws)
    rows, homes = table(known), {law.name: _home(law) for law in known}
    by_paper = [(paper, [row for row in rows if row["paper"] == paper.cited]) for paper in PAPERS]
    totals = [(f"[{p.name}](#{p.name.lower()})", counts(own)) for p, own in by_paper] + [("all", counts(rows))]
    lines = [
        "# What the papers state, and what checks it",
        "",
        "Generated from the laws' citations by `python -m unmask.properties.report.traceability docs/traceability.md`;",
        "a test holds it up to date. Facts are told in our own words, under the papers' numbers; the inventory is",
        "[`properties/report/papers/`](../properties/report/papers/__init__.py).",
        "",
        *_grid(("paper", *totals[0][1]), [(name, *map(str, n.values())) for name, n in totals]),
        "",
        "*Entries* are all places of a paper, *checkable* those that state something true or false of an",
        "implementation. A fact that a law cites is held for every method to which the law applies. Tests without a",
        "law are about the reference, or about one implementation and its definition.",
    ]
    for paper, own in by_paper:
        facts = [row for row in own if row["status"] != NO_FACT]
        lines += [
            "",
            f"## {paper.name}",
            "",
            f"{paper.cited}, [arXiv {paper.arxiv}](https://arxiv.org/abs/{paper.arxiv}).",
        ]
        lines += ["", *_grid(("where", "what it says", "checked by"), [_told(row, homes) for row in facts])]
        found = [f"* **{_plain(row['where'])}**: {_plain(row['finding'])}." for row in own if row["finding"]]
        lines += ["", f"### Errors in print, and conditions not stated ({paper.name})", "", *found]
        others = [(_plain(row["where"]), _plain(row["gist"]), _plain(row["reason"])) for row in own if row not in facts]
        lines += ["", f"### Not checkable ({paper.name})", "", *_grid(("where", "what it is", "why not"), others)]
    return "\n".join(lines) + "\n"


def _home(law: Law) -> str:
    """The file that states a law, in the repository."""
    return law.check.__module__.removeprefix("unmask.").replace(".", "/") + ".py"


def _told(row: dict[str, Any], homes: dict[str, str]) -> tuple[str, str, str]:
    by = [f"[`{name}`](../{homes[name]})" for name in row["laws"]]
    for test in row["tests"]:
        file, _, name = test.partition("::")
        by.append(f"[`{name}`](../{file})")
    return _plain(row["where"]), _plain(row["gist"]), ", ".join(by) or f"**not checked**: {_plain(row['reason'])}"


def _grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]


def _plain(text: str) -> str:
    """Text that Markdown shows as it is, in a table too."""
    return re.sub(r"([|*\[\]])", r"\\\1", text.replace("<", "&lt;"))


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the page to the path given.  Raises ``SystemExit`` without one, and for wrong citations."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if len(given) != 1:
        raise SystemExit("usage: python -m unmask.properties.report.traceability docs/traceability.md")
    wrong = problems()
    if wrong:
        raise SystemExit("\n".join(wrong))
    Path(given[0]).write_text(page(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()

__all__ = [
    "CHECKED",
    "NO_FACT",
    "UNCHECKED",
    "Place",
    "built_in",
    "citations",
    "counts",
    "fact_at",
    "main",
    "page",
    "places",
    "problems",
    "table",
    "write_traceability",
]
