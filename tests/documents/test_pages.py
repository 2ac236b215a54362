"""The pages name laws that exist, show pictures that are there, and link to what can be found."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import unmask.implementations
import unmask.properties
from tests.house.test_structure import CHAPTERS
from unmask.properties import LAWBOOK

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs" / name for name in ("does-diffusion-suit-your-data.md", "essay-claims.md")]
#: How to read a side, chapter by chapter.
READING = [ROOT / side / "README.md" for side in ("reference", "implementations")]
LINKED = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), ROOT / "examples" / "README.md", *READING]
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


@pytest.mark.parametrize("page", LINKED, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(BLOCK.sub("", page.read_text(encoding="utf-8"))):
        if link.startswith("http"):
            continue
        if link.startswith("#law-"):
            assert link.removeprefix("#law-") in LAWBOOK, link
            continue
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        assert target.is_file(), link
        if anchor:
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", h).strip().lower().replace(" ", "-") for h in headings}, link


@pytest.mark.parametrize("page", LINKED, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_files_that_are_named_are_there(page: Path) -> None:
    folders = "reference|implementations|properties|cli|tests|examples|docs|benchmarks"
    for name in re.findall(rf"`((?:{folders})/[\w./-]*)`", page.read_text(encoding="utf-8")):
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize("page", READING, ids=lambda page: page.parent.name)
def test_reading_pages_lead_through_all_chapters(page: Path) -> None:
    """Each once, in the order of the one list of chapters, which the docstring of the package has as well."""
    named = re.findall(r"\[`\w+`\]\((\w+)/", page.read_text(encoding="utf-8"))
    there_are = [chapter for chapter in CHAPTERS if (page.parent / chapter / "__init__.py").is_file()]
    assert list(dict.fromkeys(named)) == there_are
    docstring = ast.get_docstring(ast.parse((page.parent / "__init__.py").read_text(encoding="utf-8"))) or ""
    items = re.findall(r"^\d+\. (.*?):", docstring, re.MULTILINE)
    assert [chapter for item in items for chapter in re.findall(r"`(\w+)`", item)] == there_are


def test_code_on_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGES[0].read_text(encoding="utf-8"), re.DOTALL)
    exec(code, {})
    assert capsys.readouterr().out == "[0.75 0.5  0.25]\n"
