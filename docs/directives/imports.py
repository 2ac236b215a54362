"""The picture of the architecture: who imports whom, counted from the files as they are."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes

from docs.directives.markdown import Written
from tests.house.test_structure import imports_of

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]
#: Rooms from the ground up, a row each: what is drawn higher may import what is below.
ROWS = (
    ("reference", "implementations"),
    ("properties/claims", "properties/subjects"),
    ("properties/engine", "properties/laws"),
    ("properties/report", "cli"),
    ("tests",),
)
ROOMS = tuple(room for row in ROWS for room in row)


def room_of(name: str) -> str | None:
    """The room of a module by its dotted name."""
    parts = name.removeprefix("unmask.").split(".")
    joined = "/".join(parts[:2])
    return joined if joined in ROOMS else parts[0] if parts[0] in ROOMS else None


def arrows() -> Counter[tuple[str, str]]:
    """How many files of a room import from another."""
    found: Counter[tuple[str, str]] = Counter()
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            there = set(map(room_of, imports_of(path)))
            found.update((room, other) for other in there if other and other != room)
    return found


def picture() -> str:
    """As SVG: a box for each room, an arrow from who imports to who is imported, as thick as there are files."""
    width, gap, box, height = 760, 130, 190, 48
    places: dict[str, tuple[float, float]] = {}
    for level, row in enumerate(reversed(ROWS)):
        for number, room in enumerate(row):
            places[room] = ((number + 0.5) * width / len(row), 40 + level * gap)
    parts = [
        f'<svg viewBox="0 0 {width} {80 + gap * (len(ROWS) - 1)}" role="img" xmlns="http://www.w3.org/2000/svg" '
        'class="architecture"><title>Who imports whom</title>',
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'markerUnits="userSpaceOnUse" orient="auto"><path d="M0,0 L8,4 L0,8 z" class="head"/></marker></defs>',
    ]
    for (source, target), count in sorted(arrows().items()):
        (x1, y1), (x2, y2) = places[source], places[target]
        down = y2 > y1
        side = box / 2 if x2 > x1 else -box / 2
        start = (x1, y1 + height / 2) if down else (x1 + side, y1)
        end = (x2, y2 - height / 2) if down else (x2 - side, y2)
        thick = 0.8 + 0.5 * min(count, 40) ** 0.5
        kind = "arrow faint" if source == "tests" else "arrow"
        label = f"{source} imports {target} in {count} files"
        parts.append(
            f'<line x1="{start[0]:.0f}" y1="{start[1]:.0f}" x2="{end[0]:.0f}" y2="{end[1]:.0f}" '
            f'stroke-width="{thick:.1f}" class="{kind}" marker-end="url(#head)"><title>{label}</title></line>'
        )
    for room, (x, y) in places.items():
        parts.append(
            f'<rect x="{x - box / 2:.0f}" y="{y - height / 2:.0f}" width="{box}" height="{height}" class="room"/>'
            f'<text x="{x:.0f}" y="{y + 5:.0f}" text-anchor="middle">{room}</text>'
        )
    return "".join([*parts, "</svg>"])


class Imports(Written):
    """``{imports}``: the picture."""

    def run(self) -> list[nodes.Node]:
        """Drawn as the page is built."""
        return [nodes.raw("", f'<figure class="picture">{picture()}</figure>', format="html")]


def register(app: Sphinx) -> None:
    """The directive ``imports``."""
    app.add_directive("imports", Imports)


__all__ = ["Imports", "arrows", "picture", "register"]
