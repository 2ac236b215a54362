"""What CONTRIBUTING.md lists is what there is: words, chapters, folders, verdicts, kinds of claim."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import get_args, get_type_hints

from tests.house.test_structure import CHAPTERS, ROOMS, SIDES, sources
from unmask.properties import Claim
from unmask.properties.engine.record import STATUSES

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
MOST_TERMS = 30


def section(heading: str) -> str:
    return TEXT.partition(f"## {heading}\n")[2].partition("\n## ")[0]


def words_of_the_code() -> set[str]:
    """The words that names in the code are made of: what it defines, and what its functions take."""
    names = set()
    for path in sources(*SIDES):
        names.add(path.stem)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.arg(arg=name):
                    names.add(name)
                case ast.AnnAssign(target=ast.Name(id=name)):
                    names.add(name)
    split = {word.lower() for name in names for word in re.findall(r"[A-Z]?[a-z]+", name)}
    return split | {word.removesuffix("s") for word in split}


def test_the_glossary_is_short_and_of_the_code() -> None:
    terms = re.findall(r"^\* \*\*(\w+)\*\*: ", section("Glossary"), re.MULTILINE)
    assert section("Glossary").count("\n* ") == len(terms) == len(set(terms)) <= MOST_TERMS
    there_are = {*words_of_the_code(), *SIDES}
    assert [term for term in terms if term not in there_are] == []


def test_the_words_of_the_code_are_read() -> None:
    assert {"capability", "mutant", "broken"} <= words_of_the_code()
    assert "astrolabe" not in words_of_the_code()


def test_chapters_are_one_list() -> None:
    told = TEXT.partition("**Chapters.**")[2].partition("in this order:")[2].partition(".")[0]
    assert tuple(re.findall(r"`(\w+)`", told)) == CHAPTERS


def test_folders_of_the_laws_are_told_in_their_order() -> None:
    assert tuple(re.findall(r"^\d\. `(\w+)`: ", TEXT, re.MULTILINE)) == ROOMS


def test_verdicts_are_those_of_records() -> None:
    assert tuple(re.findall(r"^\| `(\w+)` \|", section("Verdicts"), re.MULTILINE)) == STATUSES


def test_kinds_of_claims_are_those_that_are_judged() -> None:
    told = re.findall(r"^\| `(\w+)` \|", section("How close is close"), re.MULTILINE)
    assert tuple(told) == get_args(get_type_hints(Claim)["kind"])


def test_files_that_are_named_are_there() -> None:
    """Of paths from the root; ``names.py`` and the like stand beside one that has been named."""
    named = re.findall(r"`((?:reference|implementations|properties|cli|tests|examples|docs)/[\w./-]*)`", TEXT)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []
