"""The handbook is complete and true: its sessions run, and nothing public, no law and no paper is left out."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from docs.directives import allowed
from docs.directives.callers import public
from docs.directives.laws import failures
from examples import pictures
from tests.documents.test_readme import blocks_of
from tests.thinned import thinned
from unmask.properties.report.html import in_handbook
from unmask.properties.report.papers import PAPERS
from unmask.properties.report.traceability import built_in

DOCS = Path(__file__).parents[2] / "docs"
CHAPTERS = (
    *("what-noise-does", "going-back", "what-the-bound-is", "d3pm", "sedd", "mdlm-and-bert", "flow-matching"),
    *("ordered-levels", "samplers", "programs", "does-noise-suit-your-data", "numbers"),
)
PAGES = sorted(path for path in DOCS.rglob("*.md") if "directives" not in path.parts)
#: What every chapter about the field has.
PARTS = ("$$\n", "](../figures/", "```{reference}", "```{laws}", "```{facts}", "```{mistakes}", ">>> ")


def name_of(path: Path) -> str:
    return path.relative_to(DOCS).as_posix()


def sessions(path: Path) -> str:
    """What is typed on a page, as one session."""
    blocks = blocks_of(path.name, path.read_text(encoding="utf-8"))
    return "\n".join(block.text for block in blocks if block.language == "pycon")


def listed(directive: str, text: str) -> list[str]:
    """The names in all blocks of a directive."""
    found = []
    for block in blocks_of("", text):
        if block.language == f"{{{directive}}}":
            found += [w for line in block.text.splitlines() if not line.startswith(":") for w in line.split()]
    return found


@pytest.mark.parametrize("page", [page for page in PAGES if ">>> " in page.read_text(encoding="utf-8")], ids=name_of)
def test_what_is_typed_prints_what_is_shown(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    test = doctest.DocTestParser().get_doctest(sessions(page), {"__name__": "__main__"}, page.name, str(page), 0)
    failed = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).run(test).failed
    assert not failed, capsys.readouterr().out


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent.name == "handbook"], ids=name_of)
def test_decimals_in_the_text_were_printed(page: Path) -> None:
    """A number with a point in running text is one that a session on the page prints."""
    text = re.sub(r"```.*?```|\]\([^)]*\)|`[^`]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    printed = sessions(page)
    strange = [n for n in re.findall(r"(?<![\w.])\d+\.\d+(?![\w.])", text) if n not in printed]
    assert strange == []


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_has_all_its_parts(chapter: str) -> None:
    text = (DOCS / "handbook" / f"{chapter}.md").read_text(encoding="utf-8")
    needed = ("```{reference}", ">>> ") if chapter == "numbers" else PARTS
    assert [part for part in needed if part not in text] == []


def test_the_chapters_are_those_of_the_table_of_contents() -> None:
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    assert re.findall(r"^handbook/(\S+)$", index, re.MULTILINE) == list(CHAPTERS)
    assert {path.stem for path in (DOCS / "handbook").glob("*.md")} == set(CHAPTERS)


def test_every_public_function_of_the_reference_is_shown_once() -> None:
    shown = [name for page in PAGES for name in listed("reference", page.read_text(encoding="utf-8"))]
    assert sorted(shown) == sorted(public())


def test_every_law_is_shown_once() -> None:
    pages = [page.read_text(encoding="utf-8") for page in sorted((DOCS / "laws").glob("*.md"))]
    chapters = [name for text in pages for name in re.findall(r"```\{laws-of\} (.+)", text)]
    assert sorted(chapters) == sorted({law.told.chapter for law in built_in()})


def test_the_report_leads_to_where_a_law_is_told() -> None:
    for law in built_in():
        page = DOCS / in_handbook(law.name, law.told.chapter).partition("#")[0].replace(".html", ".md")
        assert f"{{laws-of}} {law.told.chapter}\n" in page.read_text(encoding="utf-8"), law.name


def test_every_law_is_seen_to_fail() -> None:
    """By one of the mistakes that it names, with a text that says so."""
    told = failures()
    assert sorted(told) == sorted(law.name for law in built_in())
    for law in built_in():
        assert told[law.name]["mutant"] in law.told.mutants
        assert told[law.name]["text"].startswith(f"{law.name} is BROKEN by "), law.name


def test_every_law_says_what_it_allows() -> None:
    """By the judges that it calls; and where roundings are counted, what they are counted in is told in words."""
    found = {law.name: allowed.told(law) for law in built_in()}
    assert all(lines[0] for lines in found.values())
    counted = {law.name for law in built_in() if "p.depth" in lines_of(found[law.name][:1])}
    assert len(counted) >= 40
    assert all("`p.depth`: Number of roundings" in lines_of(found[name]) for name in counted)
    (told,) = (lines for name, lines in found.items() if name == "posterior_is_bayes_rule")
    assert "(`ops=3 * p.depth + 2 * p.K`, `scale=p.conditioning(t)`)" in told[0]
    assert told[2].startswith("`p.conditioning`: Amplification of a rounding")


def lines_of(lines: list[str]) -> str:
    return "\n".join(lines)


def test_every_paper_has_its_table() -> None:
    text = (DOCS / "indices" / "papers.md").read_text(encoding="utf-8")
    assert re.findall(r"```\{paper\} (.+)", text) == [paper.name for paper in PAPERS]


@pytest.mark.parametrize("chapter", thinned(pictures.chapters(), 4))
def test_a_picture_is_drawn_again_to_the_byte(chapter: str, tmp_path: Path) -> None:
    assert chapter in CHAPTERS
    pictures.draw(chapter, tmp_path / "again.svg")
    shown = DOCS / "figures" / "handbook" / f"{chapter}.svg"
    assert (tmp_path / "again.svg").read_bytes() == shown.read_bytes(), "make figures"
