"""What the laws say: each with its equation, what it needs, what it allows and why, what it catches, and how it fails.

    ```{laws-of} Posteriors
    ```

writes all laws of a chapter, ``{laws}`` a table of those that are named, and ``{mistakes}`` what people get wrong, of
laws that are named.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docs.directives.allowed import told
from docs.directives.markdown import Written, escaped, fenced, folded, law_link, table, typeset
from docs.directives.mistakes import mistakes
from unmask.cli.descriptions import sentences
from unmask.properties import LAWBOOK, Law
from unmask.properties.report.traceability import built_in

if TYPE_CHECKING:
    from sphinx.application import Sphinx

#: How each law fails: written by ``python -m docs.failures``.
FAILURES = Path(__file__).parents[1] / "laws" / "failures.json"


@lru_cache(maxsize=1)
def failures() -> dict[str, dict[str, str]]:
    """By law: the ``mutant`` that it was held against, the ``subject``, and the ``text`` of the failure."""
    found: dict[str, dict[str, str]] = json.loads(FAILURES.read_text(encoding="utf-8")) if FAILURES.is_file() else {}
    return found


def entry(law: Law) -> list[str]:
    """All about one law."""
    path = law.check.__module__.removeprefix("unmask.").replace(".", "/") + ".py"
    catches = [f"`{name}`: {typeset(mistakes()[name])}" for name in law.told.mutants]
    lines = ["", f"(law-{law.name})=", f"## `{law.name}`", "", typeset(law.told.statement), ""]
    # One below the other, as a page is narrower than a report.
    for part in filter(None, re.split(r"\s*\\q?quad\s*", law.told.tex)):
        lines += ["$$", part, "$$", ""]
    lines += [typeset(" ".join(sentences(law))), ""]
    facts = {
        "Source": [typeset(law.told.cites)] if law.told.cites else ["follows from the definitions"],
        "Allowed": told(law),
        "Catches": catches,
        "Written in": [f"`{path}`"],
    }
    for term, values in facts.items():
        lines += ["", term, *(f": {value}" for value in values)]
    failure = failures().get(law.name)
    if failure:
        lines += folded(f"How it fails: <code>{failure['mutant']}</code>", fenced(failure["text"]))
    return lines


class LawsOf(Written):
    """``{laws-of}``: every law of a chapter."""

    def lines(self) -> list[str]:
        """In the order in which they are written."""
        chapter = " ".join(self.arguments)
        found = [law for law in built_in() if law.told.chapter == chapter]
        if not found:
            there_are = sorted({law.told.chapter for law in built_in()})
            raise ValueError(f"no laws in a chapter {chapter!r}; there are {there_are}")
        return [line for law in found for line in entry(law)]


class Laws(Written):
    """``{laws}``: those that are named, a line each."""

    def lines(self) -> list[str]:
        """What each says."""
        told = {name: LAWBOOK[name].told.statement for name in self.names}
        return table(("law", "what it says"), [(law_link(name), typeset(says)) for name, says in told.items()])


class Mistakes(Written):
    """``{mistakes}``: those that laws catch, or that are named themselves, a sentence each."""

    def lines(self) -> list[str]:
        """Each mistake once, with the first law that names it, where one does."""
        found: dict[str, str] = {}
        for name in self.names:
            if name not in LAWBOOK and name not in mistakes():
                raise ValueError(f"{name} is neither a law nor a mistake")
            by = [name] if name in LAWBOOK else [law.name for law in built_in() if name in law.told.mutants]
            for mistake in LAWBOOK[name].told.mutants if name in LAWBOOK else [name]:
                found.setdefault(mistake, f" Seen by {law_link(by[0])}." if by else "")
        return ["", *(f"* {typeset(mistakes()[name])}{seen}" for name, seen in found.items()), ""]


class Chapters(Written):
    """``{law-chapters}``: how many laws each chapter has."""

    def lines(self) -> list[str]:
        """A row for each, the pages being linked by their tables of contents."""
        chapters: dict[str, list[Law]] = {}
        for law in built_in():
            chapters.setdefault(law.told.chapter, []).append(law)
        return table(("chapter", "laws"), [(escaped(name), str(len(own))) for name, own in chapters.items()])


def register(app: Sphinx) -> None:
    """The directives ``laws-of``, ``laws``, ``mistakes`` and ``law-chapters``."""
    found: dict[str, Any] = {"laws-of": LawsOf, "laws": Laws, "mistakes": Mistakes, "law-chapters": Chapters}
    for name, directive in found.items():
        app.add_directive(name, directive)


__all__ = ["FAILURES", "entry", "failures", "register"]
