"""Kinds of subjects, and what each may offer and declare: read from the protocols."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from docs.directives.markdown import Written, fenced, law_link, table, typeset
from unmask.properties.report.traceability import built_in
from unmask.properties.subjects.kinds import kind, kinds

if TYPE_CHECKING:
    from sphinx.application import Sphinx

    from unmask.properties.subjects.kind import Kind


def lines_of(entry: Kind) -> list[str]:
    """One kind: its conventions, what outputs mean, its capabilities, each with the laws that name it."""
    doc = inspect.getdoc(entry.vocabulary) or ""
    lines = ["", f"(kind-{entry.name})=", f"## {entry.title}", "", _prose(doc), ""]
    if entry.outputs:
        lines += ["What a network's output may mean:", ""]
        lines += table(("`output=`", "meaning"), [(f"`{name}`", typeset(told)) for name, told in entry.outputs.items()])
    if entry.declares:
        lines += ["What a subject may say of itself:", ""]
        said = [(f"`{name}`", typeset(declared.meaning)) for name, declared in entry.declares.items()]
        lines += table(("declared", "what it says"), said)
    for capability in entry.capabilities.values():
        laws = [law for law in built_in() if law.about.kind == entry.name]
        asked = [law for law in laws if capability.name in map(entry.of, law.needs)]
        takes = ", ".join(f"{name}: {shape}" for name, shape in capability.takes.items())
        lines += ["", f"### `{capability.name}` ({entry.title.lower()})", ""]
        lines += fenced(f"{capability.name}({takes}) -> {capability.gives}")
        lines += [_prose(capability.meaning), ""]
        if asked:
            lines += [f"Asked by {', '.join(law_link(law.name) for law in asked)}.", ""]
    return lines


def _prose(doc: str) -> str:
    """A docstring's paragraphs and lists as Markdown."""
    parts = []
    for line in doc.splitlines():
        bullet = line.lstrip().startswith("* ")
        indent = line[: len(line) - len(line.lstrip())]
        parts.append(f"{indent}* {typeset(line.lstrip()[2:])}" if bullet else indent + typeset(line.lstrip()))
    return "\n".join(parts)


class Vocabulary(Written):
    """``{vocabulary}``: the kinds that are named, or all."""

    def lines(self) -> list[str]:
        """One after the other."""
        chosen = [kind(name) for name in self.names] or list(kinds().values())
        return [line for entry in chosen for line in lines_of(entry)]


def register(app: Sphinx) -> None:
    """The directive ``vocabulary``."""
    app.add_directive("vocabulary", Vocabulary)


__all__ = ["Vocabulary", "lines_of", "register"]
