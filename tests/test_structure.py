"""The house rules that a program can check: who imports whom, what is shipped, and how long a file is."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SIDES = ("cli", "implementations", "properties", "reference")
FOLDERS = (*SIDES, "tests", "examples", "benchmarks", "docs", ".ci")
TEXT = {".py", ".md", ".toml", ".txt", ".j2", ".css", ".html", ".yml", ".yaml", ".json", ""}

# Which of our own packages each side may import, and, where that is limited, which libraries.
OURS = {
    "reference": {"unmask.reference"},
    "implementations": {"unmask.implementations"},
    "properties": {"unmask.properties", "unmask.reference"},
    "cli": {"unmask.cli", "unmask.properties"},
}
LIBRARIES = {"reference": {"numpy", "scipy", "mpmath"}}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def folders_of(side: str) -> Iterator[Path]:
    """Every folder of a side that holds Python files."""
    return (path for path in (ROOT / side).glob("**") if any(path.glob("*.py")))


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(tree: ast.AST, package: str, *, lazy: bool = True) -> Iterator[str]:
    """The absolute names a module imports; without ``lazy`` only those of its import time.

    ``package`` is the module's own package, from which relative imports count.
    """
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            # `from unmask import reference` names the package only in its second half.
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif lazy or not (isinstance(node, FUNCTIONS) or only_for_types(node)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
                yield from (str(name.value) for name in node.args[:1] if isinstance(name, ast.Constant))
            yield from imports(node, package, lazy=lazy)


def only_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def within(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def violations(source: str, side: str, package: str) -> list[str]:
    """What a module of ``side`` imports and must not."""
    found = []
    for name in imports(ast.parse(source), package):
        top = name.partition(".")[0]
        if top in SIDES:
            found.append(f"{name}: a bare import, say unmask.{name}")
        elif top == "unmask" and side in OURS and not within(name, OURS[side]):
            found.append(f"{name}: {side} may import only {', '.join(sorted(OURS[side]))} of ours")
        elif top in {"tests", "examples", "benchmarks"} and side in OURS:
            found.append(f"{name}: {side} is shipped without it")
        elif side in LIBRARIES and top not in {"unmask", *LIBRARIES[side], *sys.stdlib_module_names}:
            found.append(f"{name}: {side} may import only the standard library and {sorted(LIBRARIES[side])}")
    return found


def package_of(path: Path) -> str:
    parts = path.relative_to(ROOT).parent.parts
    return ".".join(("unmask", *parts) if parts and parts[0] in SIDES else parts)


def module_of(path: Path) -> str:
    return f"{package_of(path)}.{path.stem}"


def imports_of(path: Path, *, lazy: bool = True) -> set[str]:
    return set(imports(ast.parse(path.read_text(encoding="utf-8")), package_of(path), lazy=lazy))


@pytest.mark.parametrize("path", sources(*SIDES, "tests", "examples", "benchmarks"), ids=name_of)
def test_arrows(path: Path) -> None:
    side = path.relative_to(ROOT).parts[0]
    assert violations(path.read_text(encoding="utf-8"), side, package_of(path)) == []


@pytest.mark.parametrize(
    ("side", "source"),
    [
        ("reference", "import torch"),
        ("reference", "from unmask.implementations import uniform"),
        ("reference", "from unmask import implementations"),
        ("reference", "def f():\n    import unmask.properties"),
        ("reference", "from ..implementations import uniform"),
        ("reference", "import importlib\nimportlib.import_module('unmask.properties.law')"),
        ("implementations", "import unmask.reference.noise.posterior"),
        ("implementations", "from unmask.properties import Method"),
        ("implementations", "from tests import methods"),
        ("properties", "from unmask.implementations.uniform import posterior"),
        ("properties", "if True:\n    from implementations import uniform"),
        ("properties", "from unmask.cli import suite"),
        ("cli", "from unmask.reference.noise.posterior import posterior"),
        ("cli", "def f():\n    from unmask.implementations import MDLM"),
        ("tests", "import properties"),
        ("tests", "from reference.posterior import posterior"),
    ],
)
def test_arrows_bite(side: str, source: str) -> None:
    assert len(violations(source, side, f"unmask.{side}" if side in SIDES else side)) == 1


@pytest.mark.parametrize(
    ("side", "source"),
    [
        ("reference", "from fractions import Fraction\nimport numpy as np\nfrom .numbers import exp"),
        (
            "reference",
            "from mpmath import mpf\nfrom scipy.linalg import expm\nimport unmask.reference.numbers.arithmetic",
        ),
        ("implementations", "import torch\nfrom unmask.implementations import uniform\nfrom . import x"),
        ("properties", "from unmask.reference.noise.posterior import posterior\nimport hypothesis"),
        ("cli", "import click, pytest\nfrom unmask.cli import suite\nfrom unmask.properties import Method"),
        ("tests", "import unmask.properties, unmask.implementations\nfrom tests import methods"),
    ],
)
def test_arrows_let_pass(side: str, source: str) -> None:
    assert violations(source, side, f"unmask.{side}" if side in SIDES else side) == []


def test_triton_is_imported_lazily() -> None:
    """A module that needs Triton as it is imported may be imported only inside a function."""
    eager = {module_of(path): imports_of(path, lazy=False) for path in sources(*SIDES)}
    kernels = {module for module, names in eager.items() if any(within(name, {"triton"}) for name in names)}
    assert not any(module.endswith(".__init__") for module in kernels), "a package must import without Triton"
    drawn_in = {
        module: sorted(name for name in names if within(name, kernels))
        for module, names in eager.items()
        if module not in kernels
    }
    assert {module: names for module, names in drawn_in.items() if names} == {}


def test_the_ways_in_import_the_laws_lazily() -> None:
    """The plugin is loaded into every run of pytest on a machine: it may cost only what it needs."""
    heavy = {"unmask.properties", "torch", "hypothesis", "numpy", "rich"}
    eager = {name_of(path): imports_of(path, lazy=False) for path in sources("cli")}
    assert {file: sorted(n for n in names if within(n, heavy)) for file, names in eager.items()} == {
        file: [] for file in eager
    }


def test_the_laws_are_asked_from_one_module() -> None:
    """Of the command and the plugin, that is; type annotations do not count."""
    callers = set()
    for path in sources("cli"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if only_for_types(node):
                vars(node)["body"] = []
        if any(within(name, {"unmask.properties"}) for name in imports(tree, package_of(path))):
            callers.add(name_of(path))
    assert callers == {"cli/suite.py"}


def test_every_package_is_listed() -> None:
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    found = {".".join(("unmask", *path.relative_to(ROOT).parts)) for side in SIDES for path in folders_of(side)}
    assert set(tool["packages"]) == found
    assert len(tool["packages"]) == len(found), "listed twice"


@pytest.mark.parametrize("side", SIDES)
def test_packages_are_regular_and_typed(side: str) -> None:
    assert [name_of(folder) for folder in folders_of(side) if not (folder / "__init__.py").is_file()] == []
    assert (ROOT / side / "py.typed").is_file()


def test_unmask_is_a_namespace() -> None:
    """A folder called ``unmask`` in the root would hide the installed one from whoever works there."""
    assert not (ROOT / "unmask").exists()
    assert not (ROOT / "unmask.py").exists()


def texts() -> list[Path]:
    found = [path for path in ROOT.iterdir() if path.is_file()]
    found += [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    return sorted(path for path in found if path.suffix in TEXT and "__pycache__" not in path.parts)


def test_no_machine_paths() -> None:
    """No file names a place that exists on one machine only."""
    places = "|".join(["home", "root", "Users", "work", "farm", "mnt"])
    somewhere = re.compile(rf"(?<![\w.])/(?:{places})/\w")
    assert somewhere.search("see " + "/".join(["", "home", "somebody", "notes"]))
    lines = [
        f"{name_of(path)}:{number}"
        for path in texts()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if somewhere.search(line)
    ]
    assert lines == []


def test_one_idea_one_file() -> None:
    """A file of more than 450 lines, docstrings included, holds more than one idea; tables of cases may be longer."""
    lengths = {name_of(p): len(p.read_text(encoding="utf-8").splitlines()) for p in sources(*SIDES)}
    assert {name: n for name, n in lengths.items() if n > 450} == {}
