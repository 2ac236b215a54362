"""Adapters of public packages: what can be said of them without the packages."""

import ast
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from examples.peers import table
from unmask.properties import LAWBOOK

ROOT = Path(__file__).parents[2]
PEERS = ROOT / "examples" / "peers"
ADAPTERS = sorted(PEERS.glob("*_adapter.py"))
SCRIPTS = sorted((PEERS / "findings").glob("*.py"))
PAGE = (ROOT / "docs" / "findings.md").read_text()


def known(adapter: Path) -> dict[str, dict[str, str]]:
    """The laws that fail, by subject, as the file has them."""
    there: dict[str, Any] = {"__builtins__": {}, "dict": dict}
    for node in ast.parse(adapter.read_text()).body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            # The package is not here: constants that are made of it are none of those that are meant.
            with suppress(NameError):
                there[ast.unparse(target)] = eval(ast.unparse(node.value), there)
    return dict(there.get("KNOWN", {}))


def imports(source: str) -> set[str]:
    tree = ast.parse(source)
    names = [a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names]
    names += [str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in names}


def test_every_package_has_an_adapter() -> None:
    names = table.versions(table.REQUIREMENTS.read_text())
    assert [f"{name.replace('-', '_')}_adapter.py" for name in sorted(names)] == [path.name for path in ADAPTERS]


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda path: path.stem)
def test_what_is_known_is_told(adapter: Path) -> None:
    """Each law is there, and each reason begins with a script that shows it, or says what is meant."""
    scripts = {path.stem for path in SCRIPTS}
    for subject, laws in known(adapter).items():
        assert f'"{subject.partition("-")[0]}' in adapter.read_text()
        for law, reason in laws.items():
            assert law in LAWBOOK, law
            assert law in PAGE, f"{law} of {subject} is not told in docs/findings.md"
            shown, colon, _ = reason.partition(": ")
            assert colon, reason
            assert shown in {*scripts, "meant"}, reason


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_finding_stands_by_itself(script: Path) -> None:
    """It uses the package alone, says where the defect is, and prints what is expected and what is found."""
    source = script.read_text()
    assert not imports(source) & {"unmask", "tests", "examples", "hypothesis"}
    told = ast.get_docstring(ast.parse(source))
    assert told is not None
    assert ".py" in told
    assert "expected" in source.lower()
    assert "found" in source.lower()
    assert f"findings/{script.name}" in PAGE, "docs/findings.md does not name it"


def test_what_make_runs_has_something_to_run() -> None:
    """Python runs a module that only defines things in silence, and calls that a success."""
    names = set(re.findall(r"-m ((?:unmask|tests|examples|benchmarks)\.[\w.]+)", (ROOT / "Makefile").read_text()))
    assert {"unmask.cli", "examples.peers.table"} <= names
    for name in names:
        place = ROOT.joinpath(*name.removeprefix("unmask.").split("."))
        source = place / "__main__.py" if place.is_dir() else place.with_suffix(".py")
        assert '__name__ == "__main__"' in source.read_text(), name


def test_a_page_of_records() -> None:
    records: list[table.Record] = [
        {"law": "one", "method": "m", "status": "holds", "reason": ""},
        {"law": "two", "method": "m", "status": "known", "reason": "because"},
        {"law": "three", "method": "m", "status": "absent", "reason": "nothing there"},
    ]
    written = table.page({"pack": records}, {"pack": "1.0"})
    assert "[pack 1.0 | 1 holds, 1 known | as known]" in written
    assert "| `one` | ✓ |" in written
    assert "`three`" not in written
    assert "* `two` of m, known: because" in written
    assert table.summary("pack", "1.0", [{"status": "broken"}]) == "[pack 1.0 | 1 broken | laws are broken]"
