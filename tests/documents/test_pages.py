"""The pages name laws that exist, show pictures that are there, and link to what can be found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import unmask.implementations
import unmask.properties
from unmask.properties import LAWBOOK

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs" / name for name in ("does-diffusion-suit-your-data.md", "essay-claims.md")]
#: A page's code, and names in running text; what is called so in the suite.
BLOCK = re.compile(r"```.*?```", re.DOTALL)
NAME = re.compile(r"`([a-z]+(?:_[a-z0-9]+)+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
EXAMPLES = {"like_this"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_names_are_those_of_laws_or_functions(page: Path) -> None:
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    there_are = {*LAWBOOK.names(), *unmask.implementations.__all__, *unmask.properties.__all__, *EXAMPLES}
    assert sorted(set(NAME.findall(text)) - there_are) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(BLOCK.sub("", page.read_text(encoding="utf-8"))):
        if link.startswith("http"):
            continue
        file, _, anchor = link.partition("#")
        target = page.parent / file
        assert target.is_file(), link
        if anchor:
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", h).strip().lower().replace(" ", "-") for h in headings}, link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_files_that_are_named_are_there(page: Path) -> None:
    for name in re.findall(r"`((?:reference|examples|docs|tests)/[\w./-]+)`", page.read_text(encoding="utf-8")):
        assert (ROOT / name).is_file(), name


def test_code_on_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGES[0].read_text(encoding="utf-8"), re.DOTALL)
    exec(code, {})
    assert capsys.readouterr().out == "[0.75 0.5  0.25]\n"
