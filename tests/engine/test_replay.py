"""A failure's replay line: where it finds the subject, and that pasting it shows the same failure."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from unmask.properties import LAWBOOK, Process, Schedule, Subject, conformance, processes, replay
from unmask.properties.subjects.addresses import address, load_subjects

SUBJECTS = """\
from unmask.properties import Subject, conformance, processes

class Mine:
    def __init__(self, p):
        self.p = p

    def posterior(self, x0, xt, s, t):
        return (xt if {wrong} else x0)[..., None].eq(__import__("torch").arange(self.p.K)).to(self.p.dtype)

SPACE = processes("absorbing", T=(1, 1))
def make(name):
    return Subject(Mine, SPACE, name=name)
"""
PROCESS = Process("absorbing", 2, "discrete", Schedule("free", betas=("1/2",)), T=1, mask=1)  # type: ignore[arg-type]
LAW = "posterior_ends_at_the_data"


def subjects(wrong: bool, *lines: str) -> str:
    return SUBJECTS.format(wrong=wrong) + "\n".join(lines) + "\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working directory; what is imported from it is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delenv("PYTHONPATH", raising=False)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
    importlib.invalidate_caches()


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    importlib.invalidate_caches()


def only(where: str) -> Subject:
    (subject,) = load_subjects(where)
    return subject


# --- addresses ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("MINE = make('a')", "MINE"),
        ("ALL = [make('a'), make('b'), make('c')]", "ALL[2]"),
        ("ALL = (make('a'), make('b'))", "ALL[1]"),
        ("ALL = {'left': make('a'), 'it\\'s:right': make('b')}", 'ALL["it\'s:right"]'),
        ("ALL = {3: make('a')}", "ALL[3]"),
        ("TestMine = conformance(make('a'))", "TestMine"),
        ("class TestMine(conformance(make('a'))): pass", "TestMine"),
        ("TestMine = conformance(make('a')); MINE = TestMine.unmask_subject; ALL = [MINE]", "MINE"),
    ],
)
@pytest.mark.parametrize("file", ["mine.py", "package/mine.py", "with-dash/mine.py"])
def test_an_address_leads_back(here: Path, file: str, line: str, what: str) -> None:
    write(here / file, subjects(True, line))
    where = {"mine.py": "mine", "package/mine.py": "package.mine", "with-dash/mine.py": file}[file]
    subject = only(f"{where}:{what}")
    assert address(subject) == f"{where}:{what}"


def test_what_is_found_through_pytest_alone_is_named_by_its_path(here: Path) -> None:
    """pytest puts the folder of a test file on the path; the next Python does not."""
    write(here / "tests" / "deep" / "test_mine.py", subjects(True, "MINE = make('a')"))
    sys.path.insert(0, str(here / "tests" / "deep"))
    subject: Subject = importlib.import_module("test_mine").MINE
    assert address(subject) == "tests/deep/test_mine.py:MINE"
    assert only("tests/deep/test_mine.py:MINE") is subject, "the same file is not loaded twice"


def test_a_name_that_another_package_has_is_not_trusted(
    here: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A folder without ``__init__.py`` gives way to a regular package of its name anywhere on the path."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    write(elsewhere / "trials" / "__init__.py", "")
    write(here / "trials" / "mine.py", subjects(True, "MINE = make('a')"))
    subject = only("trials.mine:MINE")
    assert address(subject) == "trials.mine:MINE"
    monkeypatch.syspath_prepend(str(elsewhere))
    assert address(subject) == "trials/mine.py:MINE"


def test_outside_of_the_working_directory(
    here: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path_factory.mktemp("other")
    write(other / "far_away.py", subjects(True, "MINE = make('a')"))
    subject = only(f"{other / 'far_away.py'}:MINE")
    assert address(subject) == f"{(other / 'far_away.py').as_posix()}:MINE"
    monkeypatch.setenv("PYTHONPATH", str(other))
    assert address(subject) == "far_away:MINE"
    del sys.modules["far_away"]


def test_where_it_was_made_comes_before_where_it_is_imported(here: Path) -> None:
    write(here / "kit" / "__init__.py", "from kit.mine import MINE\nALL = [MINE]\n")
    write(here / "kit" / "mine.py", subjects(True, "MINE = make('a')"))
    write(here / "aaa.py", "from kit import *\n")
    # Loaded by its path, this one comes before the others in sys.modules.
    subject = only("aaa.py:MINE")
    assert address(subject) == "kit.mine:MINE"


def posterior(p: Process) -> SimpleNamespace:
    """What offers something, for the tests of where it is."""
    return SimpleNamespace(posterior=lambda **arguments: None)


def test_bound_nowhere() -> None:
    base = Subject(posterior, processes("uniform"), name="a")
    assert address(base) is None
    assert address(base.but(name="b")) is None
    assert conformance(base) is not None, "a class that no module holds is no address either"
    assert address(base) is None


def test_a_module_made_in_memory_is_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("made_in_memory")
    module.MINE = Subject(posterior, processes("uniform"))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "made_in_memory", module)
    assert address(module.MINE) is None


def test_the_machinery_is_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = Subject(posterior, processes("uniform"))
    monkeypatch.setattr("unmask.properties.engine.conformance.MINE", mine, raising=False)
    assert address(mine) is None


# --- loading ------------------------------------------------------------------------------------------------


def test_all_subjects_of_a_file(here: Path) -> None:
    write(here / "mine.py", subjects(True, "A = make('a')", "B = [make('b')]", "C = A", "T = conformance(make('t'))"))
    write(here / "listed.py", subjects(True, "A = make('a')", "ALL = [A, make('b'), A]"))
    assert [m.name for m in load_subjects("mine.py")] == ["a", "t"]
    assert [m.name for m in load_subjects("listed")] == ["a", "b"]
    assert [m.name for m in load_subjects("listed:ALL")] == ["a", "b"]


def test_two_files_of_one_name_and_their_neighbors(here: Path) -> None:
    for folder in ("a", "b"):
        write(here / folder / f"beside_{folder}.py", f"NAME = {folder!r}\n")
        write(
            here / folder / "test_mine.py",
            subjects(True, f"from beside_{folder} import NAME", "MINE = make(NAME)"),
        )
    first, second, again = (only(f"{folder}/test_mine.py:MINE") for folder in ("a", "b", "a"))
    assert (first.name, second.name) == ("a", "b")
    assert again is first


def test_relative_imports_of_a_file_in_a_package(here: Path) -> None:
    write(here / "suite" / "pack" / "__init__.py", "")
    write(here / "suite" / "pack" / "beside.py", "NAME = 'b'\n")
    write(here / "suite" / "pack" / "test_mine.py", subjects(True, "from .beside import NAME", "MINE = make(NAME)"))
    assert only("suite/pack/test_mine.py:MINE").name == "b"


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("", r"an address is 'package.module:NAME'"),
        ("mine:", r"an address is 'package.module:NAME'"),
        ("mine:A.b", r"an address is"),
        ("nobody.wrote:A", r"cannot import 'nobody.wrote' \(No module named 'nobody'\)"),
        ("nobody/wrote.py:A", r"cannot import 'nobody/wrote.py' \(there is no file .*wrote.py\)"),
        ("bad.py:A", r"cannot import 'bad.py' \(.*line 1\)"),
        ("mine:Z", r"no 'Z' in mine; the subjects in it: A, ALL, Test"),
        ("mine:SPACE", r"'SPACE' in mine is Space, not a Subject"),
        ("mine:ALL[7]", r"no entry \[7\] in 'ALL'"),
        ("mine:ALL[A]", r"no entry \[A\] in 'ALL'"),
        ("mine:MIXED", r"'MIXED' in mine is list, not a Subject"),
        ("mine:NONE", r"'NONE' in mine is list, not a Subject"),
        ("mine:MIXED[1]", r"'MIXED\[1\]' in mine is int, not a Subject"),
        ("empty", r"no subject in empty"),
    ],
)
def test_an_address_that_leads_nowhere(here: Path, where: str, says: str) -> None:
    lines = ("A = make('a')", "ALL = [A]", "MIXED = [A, 1]", "NONE = []", "Test = conformance(A)")
    write(here / "mine.py", subjects(True, *lines))
    write(here / "empty.py", "")
    write(here / "bad.py", "A = \n")
    with pytest.raises(ValueError, match=says) as problem:
        load_subjects(where)
    assert repr(where) in str(problem.value)


def test_a_file_that_fails_is_not_kept(here: Path) -> None:
    write(here / "late.py", "raise RuntimeError('not yet')\n")
    with pytest.raises(RuntimeError, match="not yet"):
        load_subjects("late.py:A")
    write(here / "late.py", subjects(True, "A = make('a')"))
    assert only("late.py:A").name == "a"


# --- replaying ----------------------------------------------------------------------------------------------


def test_the_law_may_stand_in_the_file_of_the_subject(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stated = (
        "from unmask.properties import exact, law",
        "@law(chapter='Mine', cites='me', mutants=('none',))",
        "def one_is_one(p):",
        "    'One is one'",
        "    return exact(1, 1)",
        "MINE = make('a')",
    )
    write(here / "mine.py", subjects(True, *stated))
    try:
        replay("one_is_one", "mine.py:MINE", p=PROCESS)
        replay("one_is_one", "mine.py:MINE", p=PROCESS)
    finally:
        LAWBOOK.remove("one_is_one")
    assert capsys.readouterr().out == "one_is_one holds for a with these inputs (worst gap 0 ulps)\n" * 2


TESTS = """\
import pytest
from unmask.properties import LAWBOOK
from unmask.properties.engine.conformance import hold

@pytest.fixture
def nameless():
    return MINE.but(name="nameless")

def test_nameless(nameless, unmask_run, record_property):
    hold(LAWBOOK["posterior_ends_at_the_data"], nameless, unmask_run, record_property)

TestMine = conformance(MINE)
TestEntry = conformance(ALL[1])
TestNoName = conformance(make("noname"))
"""


def python(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"CI": "true", "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


PASTED = """\
for line in {lines!r}:
    try:
        exec(line)
    except AssertionError as problem:
        print(problem)
"""


@pytest.mark.exhaustive
def test_lines_pasted_from_a_run_of_pytest(tmp_path: Path) -> None:
    """From a deep folder without packages: lines with an address fail again, the nameless one says what is missing."""
    file = tmp_path / "tests" / "deep" / "test_mine.py"
    write(file, subjects(True, "MINE = make('mine')", "ALL = [make('unused'), make('entry')]", TESTS))
    plugin = [] if entry_points(group="pytest11", name="unmask") else ["-p", "unmask.cli.plugin"]
    options = ("-q", "-p", "no:cacheprovider", "-k", f"nameless or {LAW}")
    told = python("-m", "pytest", *plugin, *options, cwd=tmp_path).stdout
    stories = re.findall(
        rf"^ *({LAW} is BROKEN by (\w+)\n.*?^ +replay +(from .*?\n(?: +\(SUBJECT.*?\n)?))", told, re.M | re.S
    )
    lines = {name: line.strip() for _, name, line in stories}
    wanted = {"mine": "MINE", "entry": "ALL[1]", "noname": "TestNoName"}
    path = "tests/deep/test_mine.py"
    assert set(lines) == {*wanted, "nameless"}, told
    for name, what in wanted.items():
        assert f"replay('{LAW}', '{path}:{what}', p=" in lines[name]
    bare, hint = lines["nameless"].split("\n")
    assert f"replay('{LAW}', SUBJECT, p=" in bare
    assert hint.strip() == "(SUBJECT: the Subject itself; it is bound to no module attribute)"

    again = python("-c", PASTED.format(lines=[lines[name] for name in wanted]), cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    for story, name, _ in stories:
        assert (story.strip() in again.stdout) == (name in wanted)


def test_the_line_shows_what_the_subject_is_now(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(here / "wrong.py", subjects(True, "MINE = make('wrong')"))
    write(here / "right.py", subjects(False, "MINE = make('right')"))
    with pytest.raises(AssertionError, match=rf"{LAW} is BROKEN by wrong") as problem:
        replay(LAW, "wrong.py:MINE", p=PROCESS, t=1)
    told = str(problem.value)
    assert "found     0\n    expected  1\n" in told
    line = told[told.index("from unmask") :].strip()
    assert "'wrong:MINE'" in line
    with pytest.raises(AssertionError) as again:
        exec(line)
    assert str(again.value) == told
    with pytest.raises(AssertionError, match="BROKEN by nobody"):
        exec(line.replace("'wrong:MINE'", "SUBJECT"), {"SUBJECT": only("wrong:MINE").but(name="nobody")})
    exec(line.replace("wrong:", "right:"))
    assert capsys.readouterr().out.startswith(f"{LAW} holds for right with these inputs (worst gap 0 ulps)")


OF_A_FAMILY = """\
import torch
from fractions import Fraction
from unmask.properties import Family, Subject, processes
from unmask.reference.noise.corruption import DiscreteTime, uniform

def exact(p):
    return DiscreteTime(tuple(uniform(Fraction(beta), p.K) for beta in p.schedule.betas), [Fraction(1, p.K)] * p.K)

class Mine:
    def __init__(self, p):
        self.K, self.dtype = p.K, p.dtype

    def transition(self, s, t):
        return torch.eye(self.K, dtype=self.dtype)

OWN = Family("scrambling", build=exact, clocks=("discrete",), schedules=("free",))
METHOD = Subject(Mine, processes(OWN, K=(2, 3), T=(1, 2)), name="mine")
"""


def test_a_family_of_ones_own_is_known_once_the_subject_is_loaded(tmp_path: Path) -> None:
    """In another process than the one that failed, as whoever pastes the line has it."""
    (tmp_path / "mine.py").write_text(OF_A_FAMILY, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH")]))}

    def run(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        return done.stdout + done.stderr

    law = "transition_is_the_definition"
    told = run("-m", "unmask.cli", "verify", "mine.py:METHOD", "--law", law, "--budget", "quick")
    (line,) = set(re.findall(r"replay    (from .*)", told))
    assert "p=lambda: Process('scrambling'" in line
    assert "transition_is_the_definition is BROKEN by mine" in run("-c", line)
