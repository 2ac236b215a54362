"""What the documents show works: their Python runs, and the commands they name exist."""

import ast
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from tests.house.users_file import MINE
from unmask.cli.command import main
from unmask.properties import LAWBOOK, Subject
from unmask.properties.subjects.kinds.networks import NETWORKS
from unmask.properties.subjects.kinds.programs import PROGRAMS

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("README.md", "CONTRIBUTING.md")


@dataclass(frozen=True)
class Block:
    """A fenced block: where it is, what its fence says, and its text."""

    document: str
    line: int
    info: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"

    @property
    def language(self) -> str:
        return self.info.partition(" ")[0]

    @property
    def runs(self) -> bool:
        return "no-run" not in self.info.split()


def blocks_of(document: str, text: str) -> list[Block]:
    """The fenced blocks of a Markdown text; a block ends at a fence as long as the one that opened it."""
    found: list[Block] = []
    opened: tuple[int, str, str, str] | None = None
    inside: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        fence = re.fullmatch(r"( {0,3})(`{3,})\s*(.*?)\s*", line)
        if opened is None:
            if fence and "`" not in fence[3]:
                opened, inside = (number, fence[1], fence[2], fence[3]), []
        elif fence and len(fence[2]) >= len(opened[2]) and not fence[3]:
            indent = len(opened[1])
            body = "".join(re.sub(rf"^ {{0,{indent}}}", "", row) + "\n" for row in inside)
            found.append(Block(document, opened[0], opened[3], body))
            opened = None
        else:
            inside.append(line)
    if opened is not None:
        raise ValueError(f"{document}:{opened[0]}: a fence is opened and never closed")
    return found


def blocks() -> list[Block]:
    paths = [ROOT / document for document in DOCUMENTS]
    return [
        block for path in paths if path.is_file() for block in blocks_of(path.name, path.read_text(encoding="utf-8"))
    ]


PYTHON = [block for block in blocks() if block.language in {"python", "pycon"}]
SHELL = [block for block in blocks() if block.language in {"console", "sh", "bash", "shell"}]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_documents_exist(document: str) -> None:
    assert (ROOT / document).is_file()


def test_readme_shows_python_that_runs() -> None:
    assert any(block.document == "README.md" and block.runs for block in PYTHON)


def test_few_blocks_are_excused() -> None:
    """``no-run`` is for what needs something that is not here; the blocks that run are the rule."""
    excused = [str(block) for block in PYTHON if not block.runs]
    assert len(excused) <= len(PYTHON) // 3, excused


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_python_blocks(block: Block, tmp_path: Path) -> None:
    """Each in its own process: a law that an example enters is not to be entered for the other tests."""
    session = block.text.lstrip().startswith(">>>")
    if not block.runs:
        assert session or ast.parse(block.text).body
        return
    file = tmp_path / ("session.txt" if session else "block.py")
    file.write_text(block.text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, *(["-m", "doctest"] if session else []), str(file)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path_with(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"


def path_with(folder: Path) -> str:
    return os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])


def test_the_first_block_is_a_strangers_file() -> None:
    """The one that is held against the laws, by itself and with a mistake in it, in the tests of the house."""
    first = next(block for block in PYTHON if block.document == "README.md")
    assert first.text == MINE


def test_everything_that_can_be_declared_is_told() -> None:
    """Only the reference itself declares exact arrays."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    _, _, tables = readme.partition("### What to declare")
    tables, _, _ = tables.partition("### Processes")
    of_all = [key for key in Subject.DECLARED if key != "arrays"]
    of_kinds = [key for kind in (PROGRAMS, NETWORKS) for key in kind.declares]
    assert re.findall(r"^\| `(\w+)` \|", tables, re.MULTILINE) == of_all + of_kinds


def make_targets(makefile: str) -> set[str]:
    rules = re.findall(r"^([A-Za-z][\w -]*?)\s*:(?![=:])", makefile, flags=re.MULTILINE)
    return {target for rule in rules for target in rule.split()}


def make_commands(text: str) -> list[str]:
    """The targets that the ``make`` commands of a shell block name; variables and options are none."""
    found = []
    for command in re.findall(r"^(?:\$\s+)?make\b(.*)$", text, flags=re.MULTILINE):
        words = command.partition("#")[0].split()
        options = {"-C", "-j", "-f"}
        found += [
            word
            for before, word in zip(["", *words], words, strict=False)
            if re.fullmatch(r"[a-z][\w-]*", word) and before not in options
        ]
    return found


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_shell_blocks(block: Block) -> None:
    targets = make_targets((ROOT / "Makefile").read_text(encoding="utf-8"))
    assert [target for target in make_commands(block.text) if target not in targets] == []
    assert [problem for words in unmask_commands(block.text) for problem in refused(words)] == []


def unmask_commands(text: str) -> list[list[str]]:
    """The words of the ``unmask`` commands of a shell block; what stands behind ``#`` are words too."""
    return [re.findall(r"[\w.:/\[\]-]+", line) for line in re.findall(r"^(?:\$\s+)?unmask\s(.*)$", text, re.MULTILINE)]


def refused(words: list[str]) -> list[str]:
    """Of the words of an ``unmask`` command, those that it would not understand."""
    command = main.commands.get(words[0])
    if command is None:
        return words[:1]
    options = {option for p in command.params if isinstance(p, click.Option) for option in p.opts}
    strange = [word for word in words if word.startswith("-") and word not in options]
    return strange + [word for word in words[1:2] if words[0] == "law" and word not in LAWBOOK.names()]


def test_the_readers_read() -> None:
    text = (
        "a\n```python\nx = 1\n```\n"
        "1. b\n   ````python no-run\n   ```\n   y = 2\n   ````\n"
        "```console\n$ make -C here verify METHOD=a.b:C  # no\n```\n"
    )
    first, second, third = blocks_of("README.md", text)
    assert (first.line, first.language, first.runs, first.text) == (2, "python", True, "x = 1\n")
    assert (second.language, second.runs, second.text) == ("python", False, "```\ny = 2\n")
    assert make_commands(third.text) == ["verify"]
    assert unmask_commands("$ unmask law a_b  # see\nunmask-me\n") == [["law", "a_b", "see"]]
    assert refused(["laws", "--chapter", "noise"]) == refused(["law", "bridges_compose"]) == []
    assert refused(["lows"]) == ["lows"]
    assert refused(["verify", "a.b:C", "--jobs", "4", "--job"]) == ["--job"]
    assert refused(["law", "bridges_composed"]) == ["bridges_composed"]
    assert make_targets("A := 1\nall tests: x\n\tdo: y\n.PHONY: all\n") == {"all", "tests"}
    with pytest.raises(ValueError, match="never closed"):
        blocks_of("README.md", "```python\n")
