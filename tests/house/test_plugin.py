"""The plugin of pytest: nothing where it is not used, a few lines where it is, and refusals before anything runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.users_file import FLIPPED, MINE, PLUGIN
from unmask.properties import LAWBOOK

pytest_plugins = ["pytester"]

BAYES = "posterior_is_bayes_rule"
USERS_CONFTEST = """\
import sys

def pytest_addoption(parser):
    for option in ("--device", "--dtype", "--report", "--method", "--law", "--budget", "--json", "--seed", "--jobs"):
        parser.addoption(option, default="mine")

def pytest_sessionfinish(session):
    here = [n for n in sys.modules if n.split(".")[0] in ("unmask", "torch", "numpy", "rich")]
    print("\\nimported", sorted(here))
    print("device", session.config.getoption("--device"))
"""


@pytest.fixture
def folder(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder with a right file and a wrong one, in which pytest runs with the plugin and without an environment."""
    for name in ("DTYPE", "DEVICE", "BUDGET", "REPORT"):
        monkeypatch.delenv(f"UNMASK_{name}", raising=False)
    pytester.makepyfile(test_mine=MINE, test_wrong=FLIPPED)
    return pytester


def run(folder: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return folder.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:hypothesispytest", *PLUGIN, *arguments)


# --- beside other people's tests ----------------------------------------------------------------------------


def test_a_run_without_laws_pays_nothing_and_keeps_its_options(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(USERS_CONFTEST, encoding="utf-8")
    (tmp_path / "test_empty.py").write_text("def test_empty():\n    pass\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *PLUGIN, "--device", "abacus", "--report=here"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "imported ['unmask', 'unmask.cli', 'unmask.cli.plugin', 'unmask.cli.usage']" in done.stdout
    assert "device abacus" in done.stdout
    assert "laws:" not in done.stdout
    assert not (tmp_path / "here").exists()


def test_other_tests_are_left_alone(folder: pytest.Pytester) -> None:
    """Named like ours, with parameters like ours."""
    folder.makepyfile(
        test_other=(
            "import pytest\n"
            "@pytest.mark.parametrize('law', ['one', 'two'])\n"
            "def test_law(law, record_property):\n"
            "    record_property('unmask', 'a word')\n"
        )
    )
    done = run(folder, "test_other.py", "--unmask-law", BAYES)
    done.assert_outcomes(passed=2)
    done.stdout.no_fnmatch_line("*laws:*")


# --- laws as tests ------------------------------------------------------------------------------------------


def test_a_few_lines_at_the_end(folder: pytest.Pytester) -> None:
    done = run(folder, "test_mine.py", "--unmask-budget", "quick")
    first = next(i for i, line in enumerate(done.outlines) if "laws: float64 on cpu, budget quick" in line)
    assert len(done.outlines) - first <= 8
    done.stdout.fnmatch_lines(
        ["  Mine  * hold, 0 broken, * not applicable", "why laws do not apply:", "*more reasons: -v*"]
    )
    assert done.ret == 0


def test_more_where_more_is_wanted(folder: pytest.Pytester) -> None:
    done = run(folder, "test_mine.py", "-v", "-k", "bayes", "--unmask-report", "report", "--unmask-json", "all.json")
    done.stdout.fnmatch_lines(["law *worst ulps*", "report: report/index.html and report/laws.json"])
    records = json.loads((folder.path / "all.json").read_text(encoding="utf-8"))
    assert [r["law"] for r in records] == [law.name for law in LAWBOOK if law.about.kind in ("classes", "any")]
    assert [r["law"] for r in records if r["status"] == "holds"] == [BAYES]
    assert {r["reason"] for r in records if r["law"] == "bridges_compose"} == {"not run"}
    assert json.loads((folder.path / "report" / "laws.json").read_text(encoding="utf-8")) == records


def test_a_broken_law_is_told_once(folder: pytest.Pytester) -> None:
    done = run(folder, "test_wrong.py", "--unmask-law", BAYES, "--unmask-law", "bridges_compose")
    done.assert_outcomes(failed=2, deselected=done.parseoutcomes()["deselected"])
    assert done.outlines.count(f"{BAYES} is BROKEN by Mine") == 1
    done.stdout.fnmatch_lines(["  Mine  0 hold, 2 BROKEN*", f"*broken: {BAYES}, bridges_compose"])


def test_a_law_that_claims_nothing_is_told_so_in_a_sentence(folder: pytest.Pytester) -> None:
    stated = "\nfrom unmask.properties import law\n@law()\ndef asserts(posterior):\n    'It is so'\n    return True\n\n"
    folder.makepyfile(test_own=MINE.replace("TestMine =", f"{stated}TestMine ="))
    try:
        done = run(folder, "test_own.py", "--unmask-law", "asserts")
    finally:
        LAWBOOK.remove("asserts")
    done.assert_outcomes(failed=1, deselected=done.parseoutcomes()["deselected"])
    assert done.outlines.count("asserts could not be asked of Mine") == 1
    assert "law asserts returned True; a law returns what close, exact, " in str(done.stdout)
    assert "Traceback" not in str(done.stdout)
    assert "BROKEN" not in str(done.stdout)


def test_a_method_without_a_test_file(folder: pytest.Pytester) -> None:
    """Alone, though there are test files beside it; and chosen from as any test is."""
    done = run(folder, "--unmask-method", "test_mine.py:TestMine", "-k", "bayes or compose", "-v")
    done.stdout.fnmatch_lines([f"unmask::Mine-{BAYES} PASSED*"])
    done.assert_outcomes(passed=2, deselected=done.parseoutcomes()["deselected"])
    broken = run(folder, "--unmask-method", "test_wrong:TestMine", "--unmask-law", BAYES)
    broken.assert_outcomes(failed=1)
    assert broken.outlines.count(f"{BAYES} is BROKEN by Mine") == 1


def test_the_configuration_file_and_the_environment(folder: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.makeini("[pytest]\nunmask_budget = quick\nunmask_dtype = float32\n")
    run(folder, "test_mine.py", "-k", "bayes").stdout.fnmatch_lines(["*laws: float32 on cpu, budget quick*"])
    monkeypatch.setenv("UNMASK_BUDGET", "nightly")
    run(folder, "test_mine.py", "-k", "nothing").stdout.no_fnmatch_line("*laws:*")
    done = run(folder, "test_mine.py", "-k", "bayes", "--unmask-budget", "ci")
    done.stdout.fnmatch_lines(["*laws: float32 on cpu, budget ci*"])


# --- in several processes -----------------------------------------------------------------------------------


@pytest.mark.exhaustive
def test_xdist_tells_the_same(folder: pytest.Pytester) -> None:
    """What is not asked is known only to the processes that collect, and refused by the one that has started them."""
    laws = ("--unmask-law", "bridges_compose", "--unmask-law", "samples_follow_the_marginal")
    done = folder.runpytest_subprocess("-p", "no:cacheprovider", *PLUGIN, "-n", "1", "test_mine.py", *laws)
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(
        [
            "ERROR: unmask: law 'samples_follow_the_marginal' cannot be asked of Mine: does not offer sample",
            "*laws: float64 on cpu, budget ci*",
            "  Mine  1 hold, 0 broken, 1 not applicable",
        ]
    )
    assert done.ret == pytest.ExitCode.USAGE_ERROR


# --- refusals -----------------------------------------------------------------------------------------------

REFUSED = [
    (("--unmask-law", "posterior_is_bays_rule"), "no law named 'posterior_is_bays_rule'; did you mean"),
    (("--unmask-law", "samples_follow_the_marginal"), "cannot be asked of Mine: does not offer sample"),
    (("--unmask-device", "gpu"), "no device named 'gpu'; did you mean 'cuda'?"),
    (("--unmask-dtype", "flaot32"), "did you mean 'float32'"),
    (("--unmask-budget", "quik"), "did you mean 'quick'?"),
    (("--unmask-method", "test_mine:TestMime"), "no 'TestMime' in test_mine; did you mean 'TestMine'?"),
    (("--unmask-method", "test_mime.py"), "there is no file 'test_mime.py'; did you mean 'test_mine.py'"),
    (("--unmask-method", "a b"), "'a b' is no address"),
    (("--unmask-method", "test_mine.py", "--unmask-method", "test_wrong.py"), "2 subjects have the name 'Mine'"),
]


@pytest.mark.parametrize(("arguments", "said"), REFUSED, ids=[" ".join(a) for a, _ in REFUSED])
def test_what_is_not_there_is_refused_in_a_line(folder: pytest.Pytester, arguments: tuple[str, ...], said: str) -> None:
    done = run(folder, "test_mine.py", *arguments)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = (line for line in done.errlines if line)
    assert line.startswith("ERROR: unmask: ")
    assert said in line
    done.stdout.no_fnmatch_line("*Traceback*")


def test_an_argument_of_conformance_is_refused_where_it_stands(folder: pytest.Pytester) -> None:
    folder.makepyfile(test_bad=MINE.replace("conformance(Mine, ", "conformance('Mine', "))
    done = run(folder, "test_bad.py")
    assert done.ret == pytest.ExitCode.INTERRUPTED
    told = done.outlines
    end = next(i for i, line in enumerate(told) if line.startswith("E "))
    assert told[end] == "E   TypeError: build must be a class or a function of a process, got 'Mine'"
    assert told[end - 2].strip() == "TestMine = conformance('Mine', LINEAR, output=\"subs\")"
    assert not any(line.lstrip().startswith(("conformance.py", "subject.py")) or "/unmask/" in line for line in told)
