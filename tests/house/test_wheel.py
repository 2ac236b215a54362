"""What is installed: ``unmask`` and nothing beside it, typed, and complete."""

import configparser
import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SIDES = ("cli", "implementations", "properties", "reference")


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    done = subprocess.run(command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built from a copy: setuptools would take the leftovers of earlier builds along."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for side in SIDES:
        shutil.copytree(ROOT / side, source / side, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "-q")
    run(*pip, "wheel", "--no-deps", "--no-index", "--no-build-isolation", "-w", str(out), ".", cwd=source)
    (path,) = out.iterdir()
    return zipfile.ZipFile(path)


@pytest.fixture(scope="module")
def installed(wheel: zipfile.ZipFile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's contents, as ``pip install --target`` lays them."""
    where = tmp_path_factory.mktemp("installed")
    wheel.extractall(where)
    return where


def test_holds_unmask_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    (info,) = (top for top in tops if top.endswith(".dist-info"))
    assert tops == {"unmask", info}


def test_holds_every_file(wheel: zipfile.ZipFile) -> None:
    """Modules, markers, templates and style sheets: what is in the folders is in the wheel, but for pages to read."""
    here = {
        f"unmask/{path.relative_to(ROOT).as_posix()}"
        for side in SIDES
        for path in (ROOT / side).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".md"
    }
    shipped = {name for name in wheel.namelist() if name.startswith("unmask/")}
    assert shipped == here
    assert {f"unmask/{side}/py.typed" for side in SIDES} <= shipped
    assert any(name.startswith("unmask/properties/report/") and name.endswith(".j2") for name in shipped)


def test_metadata(wheel: zipfile.ZipFile) -> None:
    names = {name.partition("/")[2]: name for name in wheel.namelist() if ".dist-info/" in name}
    assert "licenses/LICENSE" in names
    points = configparser.ConfigParser()
    points.read_string(wheel.read(names["entry_points.txt"]).decode())
    assert dict(points["pytest11"]) == {"unmask": "unmask.cli.plugin"}
    assert dict(points["console_scripts"]) == {"unmask": "unmask.cli.command:main"}


def test_imports_from_where_it_was_installed(installed: Path, tmp_path: Path) -> None:
    """Isolated, so neither the working directory nor ``PYTHONPATH`` can help."""
    program = """
import sys
sys.path.insert(0, sys.argv[1])
import unmask.cli, unmask.implementations, unmask.properties, unmask.reference
for package in (unmask.cli, unmask.implementations, unmask.properties, unmask.reference):
    print(package.__file__)
print(*sorted({"cli", "implementations", "properties", "reference"} & set(sys.modules)))
"""
    *files, bare = run(sys.executable, "-I", "-c", program, installed, cwd=tmp_path).split("\n")[:5]
    assert [Path(file).resolve() for file in files] == [
        (installed / "unmask" / s / "__init__.py").resolve() for s in SIDES
    ]
    assert bare == ""


def test_mypy_sees_the_types_from_another_project(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    """Installed, not on the path of sources: this is where a missing ``py.typed`` shows."""
    environment = tmp_path / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", environment, cwd=tmp_path)
    (site,) = environment.glob("lib/python*/site-packages")
    wheel.extractall(site)
    (tmp_path / "mine.py").write_text("import unmask.reference as r\nreveal_type(r.__name__)\n", encoding="utf-8")
    python = environment / "bin" / "python"
    told = run(
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--config-file=",
        "--python-executable",
        python,
        "mine.py",
        cwd=tmp_path,
    )
    assert 'Revealed type is "str"' in told
    assert "Success" in told


def test_what_the_tests_import_is_this_checkout() -> None:
    for side in SIDES:
        spec = importlib.util.find_spec(f"unmask.{side}")
        assert spec is not None
        assert spec.origin is not None
        assert Path(spec.origin).resolve() == ROOT / side / "__init__.py"
