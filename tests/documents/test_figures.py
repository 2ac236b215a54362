"""The figures that are shown are those that the laws draw."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.figures import FIGURES, Figure, draw
from tests.thinned import thinned
from unmask.properties import LAWBOOK

FOLDER = Path(__file__).parents[2] / "docs" / "figures"


@pytest.mark.parametrize("figure", thinned(FIGURES, 4), ids=lambda figure: figure.name)
def test_a_figure_is_drawn_again_to_the_byte(figure: Figure, tmp_path: Path) -> None:
    path = tmp_path / f"{figure.name}.svg"
    draw(figure, path)
    shown = FOLDER / path.name
    assert shown.exists(), "make figures"
    assert path.read_bytes() == shown.read_bytes(), f"{shown} is not what the laws draw now: make figures"


def test_every_figure_is_of_a_law_about_a_limit() -> None:
    assert {LAWBOOK[figure.law].told.chapter for figure in FIGURES} == {"Limits"}
    assert {figure.name for figure in FIGURES} <= {path.stem for path in FOLDER.glob("*.svg")}
