"""The tutorials, as they stand: their files in an empty directory, their commands, and the output that they show."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents.test_readme import Block, blocks_of, path_with
from tests.thinned import thinned

ROOT = Path(__file__).parents[2]
TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.md"))


def in_order(shown: list[str], found: list[str]) -> str | None:
    """The first shown line that does not come in its turn, ``…`` standing for anything; ``None`` if all do."""
    rest = iter(found)
    for line in shown:
        pattern = ".*".join(re.escape(part) for part in line.strip().split("…"))
        pattern = re.escape(line.strip()) if line.strip() in found else pattern
        if not any(re.fullmatch(pattern, other) for other in rest):
            return line
    return None


def write(block: Block, folder: Path) -> None:
    """A file of the page, or a change of one."""
    _, name, *how = block.info.split()
    file = folder / name
    if how == ["replace"]:
        old, new = block.text.split("---\n")
        text = file.read_text(encoding="utf-8")
        assert text.count(old) == 1, block
        file.write_text(text.replace(old, new), encoding="utf-8")
    else:
        assert not how, block
        file.write_text(block.text, encoding="utf-8")


def run(block: Block, folder: Path) -> None:
    """Held to what it shows."""
    command, *shown = block.text.splitlines()
    words = command.removeprefix("$ ").split()
    assert words[0] == "pytest", command
    done = subprocess.run(
        [sys.executable, "-m", *words, "-p", "no:cacheprovider"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path_with(ROOT), "OMP_NUM_THREADS": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    found = [line.strip() for line in done.stdout.splitlines()]
    missing = in_order([line for line in shown if line.strip()], found)
    assert missing is None, f"{block} shows {missing!r}, and the run says\n{done.stdout}\n{done.stderr}"


def test_there_are_tutorials() -> None:
    assert [page.stem for page in TUTORIALS] == ["your-reported-perplexity", "your-sampler", "your-training-loss"]


@pytest.mark.parametrize("page", thinned(TUTORIALS, 3, 2), ids=lambda page: page.stem)
def test_a_tutorial_tells_what_happens(page: Path, tmp_path: Path) -> None:
    ran = 0
    for block in blocks_of(page.name, page.read_text(encoding="utf-8")):
        if block.language == "python":
            write(block, tmp_path)
        elif block.language == "console" and block.runs:
            run(block, tmp_path)
            ran += 1
    assert ran == 2


@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.stem)
def test_what_is_put_under_the_laws_is_short(page: Path) -> None:
    """A declaration, a call and a line: those that count, without imports and blank lines."""
    (test,) = [
        block
        for block in blocks_of(page.name, page.read_text(encoding="utf-8"))
        if block.info.startswith("python test_")
    ]
    lines = [line for line in test.text.splitlines() if line.strip() and not re.match(r"(from|import) ", line)]
    assert len(lines) <= 15


def test_lines_come_in_order() -> None:
    assert in_order(["a", "b … d"], ["a", "x", "b c d"]) is None
    assert in_order(["b", "a"], ["a", "b"]) == "a"
