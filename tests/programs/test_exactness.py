"""The page about what is exact has every law, and says what is judged."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.programs.exactness import START, laws, row
from unmask.properties import LAWBOOK

PAGE = (Path(__file__).parents[2] / "docs" / "exactness.md").read_text(encoding="utf-8")


def test_every_law_has_a_row() -> None:
    assert PAGE.startswith(START)
    assert re.findall(r"^\| `(\w+)`", PAGE, re.MULTILINE) == [
        law.name for chapter in dict.fromkeys(law.told.chapter for law in laws()) for law in laws()
        if law.told.chapter == chapter
    ]


@pytest.mark.parametrize("name", ["masked_sets_follow_the_noise", "what_is_visible_stays", "the_mask_is_ruled_out"])
def test_rows_say_what_is_judged(name: str) -> None:
    assert row(LAWBOOK[name]) in PAGE
