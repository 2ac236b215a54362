"""The table, and the file that keeps all figures."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "results"
FIGURES, PAGE = FOLDER / "synchronizations.json", FOLDER / "synchronizations.md"
HEAD = """\
# What calls wait for

Written by `python -m benchmarks.synchronizations`; `synchronizations.json` has every call by itself.  Counted on a
device that is not there, with kernels of Triton as on CUDA, and values checked by default, which is not at all on a
device.

* synchronizations: how often the host waits for the device, forward and backward; without Triton, where that differs.
* copies: from the host to the device, each of which makes the host wait too.
* operations: started on the device, forward / backward, from the least to the most of the calls in the line.
* breaks: of the graph under `torch.compile`, forward; 0 is one graph, and ? has not been counted.  What draws breaks at
  its `torch.Generator`, which `torch.compile` does not trace, and what waits, where it reads a number.

| call | of | synchronizations | copies | operations | breaks | waits for |
|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Figure:
    """Of one call; ``breaks`` is ``None`` where nobody has asked, and ``plain`` are waits without Triton."""

    name: str
    of: str
    waits: int
    plain: int
    copies: int
    forward: int
    backward: int | None
    host: int
    breaks: int | None
    reason: str

    @property
    def title(self) -> str:
        """As that of the call."""
        return f"{self.name}, {self.of}" if self.of else self.name


def kept() -> dict[str, Figure]:
    """The figures of the last run, by title."""
    if not FIGURES.exists():
        return {}
    figures = [Figure(**figure) for figure in json.loads(FIGURES.read_text())]
    return {figure.title: figure for figure in figures}


def keep(figures: Iterable[Figure]) -> None:
    """Write both files."""
    figures = list(figures)
    FIGURES.write_text("[\n" + ",\n".join(json.dumps(asdict(figure)) for figure in figures) + "\n]\n")
    PAGE.write_text(HEAD + "".join(f"| {' | '.join(row)} |\n" for row in rows(figures)))


def rows(figures: Iterable[Figure]) -> Iterator[tuple[str, ...]]:
    """Calls of one function that wait alike share a line."""

    def alike(figure: Figure) -> tuple[object, ...]:
        return figure.name, figure.waits, figure.plain, figure.copies, _text(figure.breaks), figure.reason

    figures = list(figures)
    first = {figure.name: place for place, figure in reversed(list(enumerate(figures)))}
    for _, group in groupby(sorted(figures, key=lambda f: (first[f.name], alike(f))), key=alike):
        found = list(group)
        one = found[0]
        waits = str(one.waits) if one.plain == one.waits else f"{one.waits}; {one.plain} without Triton"
        operations = _range([f.forward for f in found])
        if one.backward is not None:
            operations += f" / {_range([f.backward or 0 for f in found])}"
        of = "; ".join(f.of for f in found if f.of)
        yield f"`{one.name}`", of, waits, str(one.copies), operations, _text(one.breaks), one.reason


def _text(number: int | None) -> str:
    return "?" if number is None else str(number)


def _range(numbers: list[int]) -> str:
    return str(numbers[0]) if len(set(numbers)) == 1 else f"{min(numbers)}-{max(numbers)}"


__all__ = ["FIGURES", "Figure", "keep", "kept", "rows"]
