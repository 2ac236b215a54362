"""The house rules that a program can check: who imports whom, what lies where and is shipped, how long a file is."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
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

# The chapters, in the order in which they build on one another, and what is divided into them.
CHAPTERS = (
    "kernels",
    "numbers",
    "noise",
    "likelihood",
    "d3pm",
    "sedd",
    "masked",
    "flow",
    "sampling",
    "gaussian",
    "limits",
    "smoothness",
    "degradation",
    "programs",
    "networks",
    "conduct",
)
DIVIDED = ("reference", "implementations", "properties/laws", "tests")
# Tests of what is no chapter, and what tests are made of.
TESTS_OWN = {
    *("engine", "claims", "report", "documents", "handbook", "house", "methods", "foreign", "mutants", "bad_input"),
    "power",
}

MOST_MODULES = 14
FULL = {"tests/mutants"}

# The rooms of the laws, each built of those before it.  What lies beside them makes them public.
ROOMS = ("claims", "subjects", "engine", "laws", "report")

# Modules that import each other, until they no longer do.
KNOWN_CIRCLES: set[frozenset[str]] = set()
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
        ("implementations", "from unmask.properties import Subject"),
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
        ("cli", "import click, pytest\nfrom unmask.cli import suite\nfrom unmask.properties import Subject"),
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


@pytest.mark.parametrize("shelf", DIVIDED)
def test_folders_are_chapters(shelf: str) -> None:
    found = {path.name for path in (ROOT / shelf).iterdir() if any(path.rglob("*.py"))}
    assert found - {*CHAPTERS, *(TESTS_OWN if shelf == "tests" else ())} == set()


def test_every_chapter_is_written() -> None:
    folders = {path.name for shelf in DIVIDED for path in (ROOT / shelf).iterdir() if any(path.rglob("*.py"))}
    assert {*CHAPTERS, *TESTS_OWN} - folders == set()


def test_folders_are_small() -> None:
    """A folder of more modules than one takes in at a glance is several; its ``__init__`` is not counted."""
    modules = {
        name_of(folder): sum(path.stem != "__init__" for path in folder.glob("*.py"))
        for side in (*SIDES, "tests")
        for folder in folders_of(side)
    }
    assert {name for name, n in modules.items() if n > MOST_MODULES} == FULL


def graph_of(side: str) -> dict[str, set[str]]:
    """Each module of a side, and which others of it it names in its imports, those inside functions included.

    That a module's packages are imported before it is not counted: it is so for all.
    """
    paths = {package_of(p) if p.stem == "__init__" else module_of(p): p for p in sources(side)}

    def module(name: str) -> str:
        """What is imported from: the longest beginning of a name that is a module."""
        while name and name not in paths:
            name = name.rpartition(".")[0]
        return name

    return {own: {module(name) for name in imports_of(path)} - {"", own} for own, path in paths.items()}


def by_folder(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """The same between folders; the root is one of them, and so none may import what it makes public."""
    packages = {name.rpartition(".")[0] for name in graph}
    room = {name: name if name in packages else name.rpartition(".")[0] for name in graph}
    found: dict[str, set[str]] = {room[name]: set() for name in graph}
    for name, others in graph.items():
        found[room[name]] |= {room[other] for other in others} - {room[name]}
    return found


def circles(graph: dict[str, set[str]]) -> set[frozenset[str]]:
    """The largest sets in which each leads to each other."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        ahead = [*graph[start]]
        while ahead:
            if (name := ahead.pop()) not in seen:
                seen.add(name)
                ahead += graph[name]
        return seen

    after = {name: reached(name) for name in graph}
    return {frozenset(o for o in after[name] if name in after[o]) for name in graph if name in after[name]}


@pytest.mark.parametrize("side", SIDES)
def test_modules_do_not_import_in_circles(side: str) -> None:
    known = {circle for circle in KNOWN_CIRCLES if all(within(name, {f"unmask.{side}"}) for name in circle)}
    assert circles(graph_of(side)) == known


@pytest.mark.parametrize("side", ["reference", "implementations"])
def test_chapters_do_not_import_in_circles(side: str) -> None:
    assert circles(by_folder(graph_of(side))) == set()


def upwards(graph: dict[str, set[str]]) -> set[tuple[str, str]]:
    """Modules in rooms of the laws, each with what it imports of a later room, or from beside the rooms."""
    rank = {f"unmask.properties.{room}": n for n, room in enumerate(ROOMS)}

    def floor(name: str) -> int:
        return next((n for room, n in rank.items() if within(name, {room})), len(ROOMS))

    return {(own, other) for own, others in graph.items() for other in others if floor(own) < floor(other)}


def test_rooms_of_the_laws_build_on_one_another() -> None:
    inside = {path.parent for path in sources("properties")} - {ROOT / "properties"}
    assert {path.relative_to(ROOT / "properties").parts[0] for path in inside} == set(ROOMS)
    assert upwards(graph_of("properties")) == set()


def test_going_upwards_bites() -> None:
    claims, engine, root = "unmask.properties.claims.a", "unmask.properties.engine.b", "unmask.properties"
    assert upwards({root: {claims, engine}, engine: {claims}, claims: set()}) == set()
    assert upwards({engine: {root}, claims: {engine}}) == {(engine, root), (claims, engine)}


def test_circles_bite() -> None:
    straight = {"a": {"a.x.m", "a.y.n"}, "a.x": set(), "a.x.m": {"a.y.n"}, "a.y": set(), "a.y.n": set(), "a.y.o": set()}
    assert circles(straight) == circles(by_folder(straight)) == set()
    between = straight | {"a.y.o": {"a.x.m"}}
    assert circles(between) == set()
    assert circles(by_folder(between)) == {frozenset({"a.x", "a.y"})}
    assert circles(straight | {"a.y.n": {"a.x.m"}}) == {frozenset({"a.x.m", "a.y.n"})}
    assert frozenset({"a", "a.y.o"}) in circles(straight | {"a": {"a.y.o"}, "a.y.o": {"a"}})


def test_unmask_is_a_namespace() -> None:
    """A folder called ``unmask`` in the root would hide the installed one from whoever works there."""
    assert not (ROOT / "unmask").exists()
    assert not (ROOT / "unmask.py").exists()


def texts() -> list[Path]:
    # In a second working tree of the same repository, .git is a file that says where the first one is.
    found = [path for path in ROOT.iterdir() if path.is_file() and path.name != ".git"]
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
