"""The how-to pages, as they stand: files, commands and what these print; snippets for CI; and the glossary."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from tests.documents.test_readme import Block, blocks_of, path_with, refused
from tests.handbook.test_complete import CHAPTERS
from tests.handbook.test_tutorials import in_order, write
from tests.thinned import thinned
from unmask.properties.report.traceability import built_in

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted((DOCS / "how-to").glob("*.md"))
NAMES = [
    *("find-the-declaration", "read-a-failure", "run-in-ci", "run-on-a-gpu", "run-on-many-cores"),
    *("verify-your-method", "write-a-family", "write-a-kind", "write-a-law", "write-an-adapter"),
]
#: The page that a quick run types: the cheapest with files, commands and what these print.
TYPED = NAMES.index("write-a-kind")
#: How the commands that pages show are started here.
STARTS = {"python": (), "pytest": ("-m", "pytest", "-p", "no:cacheprovider"), "unmask": ("-m", "unmask.cli")}
#: What would change what commands print.
ELSEWHERE = ("CI", "BUILD_NUMBER", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "TRITON_INTERPRET")
#: How many columns of code a page shows without scrolling.
COLUMNS = 95
#: Words that terms of the glossary share.
GENERAL = {"noise", "of", "over", "per", "sampler", "schedule", "step", "the"}
#: What a chapter says in place of a term's own words.
INSTEAD = {
    "doubly stochastic": "columns sum to one",
    "DWDSE": "diffusion-weighted denoising score entropy",
    "trajectory": "trajectories",
}


def fences(page: Path) -> list[Block]:
    return blocks_of(page.name, page.read_text(encoding="utf-8"))


def commands(block: Block) -> list[tuple[str, list[str]]]:
    """The commands of a console block, and the lines that each prints."""
    found: list[tuple[str, list[str]]] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append((line.removeprefix("$ "), []))
        else:
            assert found, f"{block}: {line!r} stands before any command"
            found[-1][1].append(line)
    return found


def started(command: str) -> tuple[dict[str, str], list[str]]:
    """The variables that a command sets, and how it is started here."""
    words = shlex.split(command)
    own = {}
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        name, _, own[name] = words.pop(0).partition("=")
    assert words[0] in STARTS, f"{command}: only {', '.join(STARTS)} are run"
    return own, [sys.executable, *STARTS[words[0]], *words[1:]]


def run(block: Block, folder: Path) -> None:
    """Every command prints what is shown, and ends as the fence says: ``exit=2``, or else 0."""
    expected = next((int(word[5:]) for word in block.info.split() if word.startswith("exit=")), 0)
    inherited = {k: v for k, v in os.environ.items() if k not in ELSEWHERE and not k.startswith("UNMASK_")}
    for command, shown in commands(block):
        own, words = started(command)
        done = subprocess.run(
            words,
            cwd=folder,
            env=inherited | {"PYTHONPATH": path_with(ROOT), "OMP_NUM_THREADS": "1", "COLUMNS": "200"} | own,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        found = [line.strip() for line in done.stdout.splitlines()]
        missing = in_order([line for line in shown if line.strip() not in ("", "…")], found)
        assert missing is None, f"{block} shows {missing!r}, and {command!r} says\n{done.stdout}"
        assert done.returncode == expected, f"{block}: {command!r} ended with {done.returncode}\n{done.stdout}"


def test_all_pages_are_there() -> None:
    assert [page.stem for page in PAGES] == NAMES


@pytest.mark.parametrize("page", thinned(PAGES, len(PAGES), TYPED), ids=lambda page: page.stem)
def test_a_page_tells_what_happens(page: Path, tmp_path: Path) -> None:
    ran = 0
    for block in fences(page):
        if block.language == "python":
            write(block, tmp_path)
        elif block.language == "console":
            run(block, tmp_path)
            ran += 1
    assert ran


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_pages_are_short_and_everything_on_them_is_run(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    assert 40 <= len(lines) <= 140
    assert [line for line in lines if len(line) > 120] == []
    for block in fences(page):
        assert block.language in ("python", "console", "yaml"), block
        assert [line for line in block.text.splitlines() if len(line) > COLUMNS] == [], block
        if block.language == "console":
            for command, _ in commands(block):
                words = command.split()
                assert words[0] != "unmask" or refused(words[1:2]) == [], block


def scripts(document: object) -> list[str]:
    """The lines of shell in a workflow of GitHub, or a job of GitLab."""
    if isinstance(document, list):
        return [line for part in document for line in scripts(part)]
    if not isinstance(document, dict):
        return []
    found = []
    for key, value in document.items():
        if key in ("run", "script", "before_script"):
            texts = value if isinstance(value, list) else [value]
            found += [line for text in texts for line in text.splitlines()]
        else:
            found += scripts(value)
    return found


def test_workflows_are_yaml_with_options_that_exist(pytestconfig: pytest.Config) -> None:
    blocks = [block for page in PAGES for block in fences(page) if block.language == "yaml"]
    assert len(blocks) == 2
    for block in blocks:
        document = yaml.safe_load(block.text)
        lines = scripts(document)
        asked = 0
        for line in lines:
            words = shlex.split(line)
            if words[:1] == ["pytest"]:
                for word in words[1:]:
                    if word.startswith("-"):
                        pytestconfig.getoption(word.partition("=")[0])  # raises ValueError where it is none
                asked += "-n auto" in line and "--unmask-json" in line
            elif words[:1] == ["unmask"]:
                assert refused(words[1:]) == [], line
        assert asked == 1, block
        assert any("pip install" in line and "https://download.pytorch.org/whl/cpu" in line for line in lines), block
        told = str(document)
        assert "'cache'" in told, block
        assert "laws.json" in told.partition("artifact")[2], block
        for variable in re.findall(r"\bUNMASK_(\w+)", block.text):
            pytestconfig.getoption(f"--unmask-{variable.lower()}")
        # The same cases come every time where CI is set, unless the budget is that of nights.
        assert "cron" not in told or ("UNMASK_BUDGET" in told and "'nightly'" in block.text), block


def terms() -> list[tuple[str, str]]:
    """The glossary's terms, each with what is said of it."""
    text = (DOCS / "indices" / "glossary.md").read_text(encoding="utf-8")
    return re.findall(r"^(\S.*)\n: ((?:.+\n?)+)", text, re.MULTILINE)


def sorting(term: str) -> str:
    """What a term is sorted by: its letters."""
    return re.sub(r"[^a-z0-9 ]", "", term.lower().replace("-", " "))


def test_the_glossary_is_long_and_in_order() -> None:
    words = [sorting(term) for term, _ in terms()]
    assert len(words) >= 70
    assert words == sorted(words)
    assert len(set(words)) == len(words)


def test_the_glossary_links_to_what_is_there() -> None:
    laws = {law.name for law in built_in()}
    assert all(len(line) <= 120 for _, told in terms() for line in told.splitlines())
    for term, told in terms():
        links = re.findall(r"\]\(([^)]+)\)", told)
        assert links, term
        for link in links:
            chapter = re.fullmatch(r"\.\./handbook/([\w-]+)\.md(#.*)?", link)
            if link.startswith("#law-"):
                assert link.removeprefix("#law-") in laws, f"{term}: {link}"
            elif chapter:
                assert chapter[1] in CHAPTERS, f"{term}: {link}"
            else:
                assert (DOCS / "indices" / link.partition("#")[0]).is_file(), f"{term}: {link}"


def looked_for(term: str) -> list[str]:
    """What a page has to say, one of these at least, if it is to tell of a term."""
    if term in INSTEAD:
        return [INSTEAD[term]]
    return [word for word in re.findall(r"[a-z]+", term.lower()) if word not in GENERAL and "$" not in term]


def test_the_glossary_links_to_pages_that_tell_of_the_term() -> None:
    for term, told in terms():
        for link in re.findall(r"\]\((\.\./(?:handbook|tutorials)/[^)#]+)", told):
            page = " ".join((DOCS / "indices" / link).read_text(encoding="utf-8").lower().split())
            words = looked_for(term)
            assert not words or any(re.search(rf"\b{re.escape(word)}", page) for word in words), f"{term}: {link}"
    assert looked_for("low-confidence remasking") == ["low", "confidence", "remasking"]
    assert looked_for("$x_0$, $x_t$") == []


def test_commands_are_read() -> None:
    block = Block("page", 1, "console exit=1", "$ A_B=1 unmask laws\nx\n$ python -c 'a b'\n")
    assert commands(block) == [("A_B=1 unmask laws", ["x"]), ("python -c 'a b'", [])]
    assert started("A_B=1 unmask laws") == ({"A_B": "1"}, [sys.executable, "-m", "unmask.cli", "laws"])
    assert started("python -c 'a b'")[1] == [sys.executable, "-c", "a b"]
    assert scripts({"jobs": {"a": {"steps": [{"run": "x\ny"}], "script": ["z"]}}}) == ["x", "y", "z"]
