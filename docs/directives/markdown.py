"""Text of ours as Markdown: as it stands, with subscripts typeset, in tables, behind a fold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

#: Columns that fit a phone.
WIDE = 3
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|<>$~^-])")
#: ``x_{t-1}``, ``α_t``, ``2^{-24}``, ``x_0^i``: one letter, digit or bracket before, a word or braces behind.
_SCRIPT = re.compile(
    r"(?<=[A-Za-zα-ωΑ-Ω0-9)\]′̃])(?P<kind>[_^])(?:[{(](?P<braced>[^{}()]*)[)}]|(?P<word>[A-Za-z0-9α-ω−-]+|∞))"
)
_CODE = re.compile(r"``(.+?)``|`(.+?)`")
_NAME = re.compile(r"\b[a-z]+(?:_[a-z0-9]{2,})+\b")


def escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return _SPECIAL.sub(r"\\\1", text)


def typeset(text: str) -> str:
    """Prose of ours as Markdown: code in backticks stays code, names of code become it, subscripts are set as such."""
    parts: list[str] = []
    last = 0
    for match in re.finditer(rf"{_CODE.pattern}|(?P<name>{_NAME.pattern})", text):
        parts += [_scripts(text[last : match.start()]), f"`{match[1] or match[2] or match['name']}`"]
        last = match.end()
    return "".join([*parts, _scripts(text[last:])])


def _scripts(text: str) -> str:
    found, last = [], 0
    for match in _SCRIPT.finditer(text):
        tag = "sub" if match["kind"] == "_" else "sup"
        inside = match["braced"] if match["braced"] is not None else match["word"]
        found += [escaped(text[last : match.start()]), f"<{tag}>{escaped(inside.replace('-', '−'))}</{tag}>"]
        last = match.end()
    return "".join([*found, escaped(text[last:])])


def cell(text: str) -> str:
    """Markdown in a cell of a table: on one line."""
    return " ".join(text.split())


def law_link(name: str) -> str:
    """To where the handbook tells of a law."""
    return f"[`{name}`](#law-{name})"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table, in lines; a phone shows the cells of a wide one below each other."""
    shown = [f"| {' | '.join(map(cell, row))} |" for row in (head, ["---"] * len(head), *rows)]
    return ["", *(["{.stacked}"] if len(head) > WIDE else []), *shown, ""]


def fenced(text: str, language: str = "text") -> list[str]:
    """A block of code, whatever fences it holds."""
    ticks = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return ["", f"{ticks}{language}", *text.splitlines(), ticks, ""]


def folded(title: str, lines: Sequence[str]) -> list[str]:
    """Lines that a click shows."""
    return ["", "<details>", f"<summary>{title}</summary>", "", *lines, "", "</details>", ""]


class Written(SphinxDirective):
    """A directive whose content is Markdown that :meth:`lines` writes."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True

    def lines(self) -> list[str]:
        """What it stands for."""
        raise NotImplementedError

    @property
    def names(self) -> list[str]:
        """What is listed in it: words of its argument and of its content, without what follows a ``#``."""
        text = [*self.arguments, *self.content]
        return [word for line in text for word in line.partition("#")[0].split()]

    def run(self) -> list[nodes.Node]:
        """Parsed where it stands."""
        try:
            lines = self.lines()
        except (KeyError, ValueError) as problem:
            raise self.error(str(problem)) from problem
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


__all__ = ["Written", "cell", "escaped", "fenced", "folded", "law_link", "table", "typeset"]
