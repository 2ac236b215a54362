"""From a paper's equation to the functions of the reference, the laws and the mistakes that belong to it.

    ```{paper} MDLM
    ```

writes a table of all facts of a paper; ``{facts}`` those at the places that are named, a line each:

    ```{facts}
    Austin et al. 2021, eq. 3 (posterior)
    ```
"""

from __future__ import annotations

import importlib
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from docs.directives.callers import computes, function_link, public, shown
from docs.directives.markdown import Written, law_link, table, typeset
from docs.directives.names import Name, named_by, reached
from unmask.properties import LAWBOOK
from unmask.properties.report.papers import PAPERS, Paper
from unmask.properties.report.traceability import NO_FACT, Place, citations, fact_at, places
from unmask.properties.report.traceability import table as all_facts

if TYPE_CHECKING:
    from sphinx.application import Sphinx

#: How a docstring of the reference names a place: "(arXiv 2107.03006, eq. 3)", also over a line's end.
_CITED = re.compile(r"arXiv\s+(\d{4}\.\d{5})(?:v\d+)?,\s+([^);]+)")
#: Modules that everything computes with: they say nothing of a fact.
EVERYWHERE = ("numbers.", "noise.corruption.")
#: How many functions are told that a law computes with.
MOST = 3
_WORDS = {
    "equations": "eq.", "equation": "eq.", "theorem": "thm", "proposition": "prop.", "algorithm": "alg.",
    "sections": "sec.", "section": "sec.", "appendix": "app.", "definition": "def.",
}


@lru_cache(maxsize=1)
def by_place() -> dict[tuple[str, str], list[str]]:
    """Functions of the reference by paper and place: those whose docstrings name it, first those that begin with it."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    numbers = {paper.arxiv.partition("v")[0]: paper for paper in PAPERS}
    for name, value in public().items():
        # A module that cites at its head, and not in its functions, speaks for all of them.
        head = importlib.import_module(value.__module__).__doc__ or ""
        for cited in [*_CITED.finditer(value.__doc__ or "")] or _CITED.finditer(head):
            paper = numbers.get(cited[1])
            for place in _places(cited[2]) if paper else []:
                found.setdefault((paper.cited, place.at), {}).setdefault(name, cited.start())  # type: ignore[union-attr]
    return {place: sorted(names, key=names.__getitem__) for place, names in found.items()}


def _places(told: str) -> list[Place]:
    text = " ".join(told.split()).rstrip(".")
    for word, kind in _WORDS.items():
        text = re.sub(rf"\b{word}\b", kind, text)
    try:
        return places(text)
    except ValueError:
        return []


def functions_at(paper: Paper, where: str) -> list[str]:
    """Those of the reference that name one of the places of a fact, and, if a place has several facts, speak of it."""
    found = []
    for place in places(where):
        words = re.findall(r"[a-z]{4,}", place.name.lower())
        named = by_place().get((paper.cited, place.at), [])
        told = {name: f"{name} {public()[name].__doc__}".lower() for name in named}
        found += [name for name in named if not place.name or any(word in told[name] for word in words)]
    return list(dict.fromkeys(found))


def _computed_with(start: Name) -> list[str]:
    """The functions of the reference that the code of a law or a test names, or else those that its helpers do."""
    for names in (named_by(start), reached(start, computes)):
        found = [name for name in map(shown, names) if name is not None and not name.startswith(EVERYWHERE)]
        if found:
            return found
    return []


def told_of_reference(paper: Paper, row: dict[str, Any]) -> str:
    """The functions that state a fact, or else those that the law or the test about it computes with, in Markdown."""
    if stated := functions_at(paper, row["where"]):
        return ", ".join(map(function_link, stated))
    checks = [LAWBOOK[name].check for name in _laws_about(paper, row)[:1]]
    starts = [Name(check.__module__, check.__name__) for check in checks]
    for test in row["tests"]:
        file, _, name = test.partition("::")
        starts.append(Name(file.removesuffix(".py").replace("/", "."), name.partition("[")[0]))
    found = next(filter(None, map(_computed_with, starts)), [])
    return f"checked with {', '.join(map(function_link, found[:MOST]))}" if found else "–"


def _laws_about(paper: Paper, row: dict[str, Any]) -> list[str]:
    """What cites little else is about this fact above all, unless the fact says which law it is."""
    said = fact_at(paper, places(row["where"])[0]).law
    return sorted(row["laws"], key=lambda name: (name != said, len(citations(LAWBOOK[name].told.cites))))


def _row(paper: Paper, row: dict[str, Any]) -> tuple[str, ...]:
    first, *others = [law_link(name) for name in _laws_about(paper, row)] or [""]
    tests = ", ".join(f"`{test.rpartition('::')[2]}`" for test in row["tests"])
    laws = f"**{first}**{', also ' if others else ''}{', '.join(others)}" if first else tests
    caught = len({mutant for name in row["laws"] for mutant in LAWBOOK[name].told.mutants})
    return (
        f"**{typeset(row['where'])}**",
        typeset(row["gist"]),
        told_of_reference(paper, row),
        laws or f"not checked: {typeset(row['reason'])}",
        str(caught) if caught else "–",
    )


class PaperTable(Written):
    """``{paper}``: every fact of a paper."""

    def lines(self) -> list[str]:
        """What states something true or false of an implementation, then errors in print."""
        name = " ".join(self.arguments)
        paper = next((paper for paper in PAPERS if paper.name == name), None)
        if paper is None:
            raise ValueError(f"no paper {name!r}; there are {[paper.name for paper in PAPERS]}")
        rows = [row for row in all_facts() if row["paper"] == paper.cited and row["status"] != NO_FACT]
        head = ("where", "what it says", "reference", "checked by", "mistakes")
        lines = [f"{paper.cited}, arXiv {paper.arxiv}. Facts in our own words, under the paper's numbers.", ""]
        lines += table(head, [_row(paper, row) for row in rows])
        found = [f"* **{typeset(row['where'])}**: {typeset(row['finding'])}." for row in rows if row["finding"]]
        return [*lines, "", "Errors in print, and conditions that are not stated:", "", *found, ""] if found else lines


class Facts(Written):
    """``{facts}``: those at some places, a line each."""

    def lines(self) -> list[str]:
        """What each says, and where it is checked."""
        rows = {(row["paper"], row["where"]): row for row in all_facts()}
        shown = []
        for line in filter(str.strip, self.content):
            found = citations(line.strip())
            if not found:
                raise ValueError(f"{line!r} cites none of the papers")
            for paper, place in found:
                row = rows[paper.cited, fact_at(paper, place).where]
                where, gist, functions, laws, _ = _row(paper, row)
                shown.append((f"{paper.name}, {where}", gist, functions, laws))
        return table(("equation", "what it says", "reference", "checked by"), dict.fromkeys(shown))


def register(app: Sphinx) -> None:
    """The directives ``paper`` and ``facts``."""
    app.add_directive("paper", PaperTable)
    app.add_directive("facts", Facts)


__all__ = ["by_place", "functions_at", "register", "told_of_reference"]
