"""The command ``unmask``: what it says, what it refuses, and how it ends."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.house.users_file import MINE
from unmask.cli import progress, requests, suite, workers
from unmask.properties import LAWBOOK
from unmask.properties.report import Record

BAYES = "posterior_is_bayes_rule"
#: Laws that the file speaks about, of which one is broken by the wrong one.
FEW = ("-k", "posterior_is_bayes_rule or loss_vanishes_when", "--budget", "quick", "--seed", "1")

#: A dozen more.
SOME = ("-k", "posterior or reverse", "--budget", "quick", "--seed", "3")


# --- verify -------------------------------------------------------------------------------------------------


def test_a_green_run_says_some_ten_lines(unmask: Any) -> None:
    done = unmask("verify", "right.py:TestMine", "--budget", "quick", "--seed", "5", "--report", "report")
    lines = done.out.splitlines()
    assert done.code == 0, done.out + done.err
    assert len(lines) <= 11
    assert re.fullmatch(r"Mine under \d+ of \d+ laws: float64 on cpu, budget quick, seed 5", lines[0])
    assert re.fullmatch(r"  Mine  (\d+) hold, 0 broken, \d+ not applicable", lines[1])
    assert "why laws do not apply:" in lines
    assert any(re.fullmatch(r"  … and \d+ more reasons: --table, --json", line) for line in lines)
    assert f"report: {Path('report/index.html')} and {Path('report/laws.json')}" in lines
    assert re.fullmatch(r"all \d+ hold, after [\d.]+ s", lines[-1])
    written = json.loads(Path("report/laws.json").read_text(encoding="utf-8"))
    every = {law.name for law in LAWBOOK if law.about.kind in ("classes", "any")}
    assert {r["law"] for r in written} == every, "what does not apply is there too, with its reason"
    assert all(r["reason"] for r in written if r["status"] == "absent")
    assert {r["kind"] for r in written} == {"classes"}
    assert {r["method"] for r in written} == {"Mine"}


def test_a_broken_law_is_told_once(unmask: Any) -> None:
    done = unmask("verify", "wrong.py:TestMine", *FEW)
    assert done.code == 1
    assert done.out.count(f"{BAYES} is BROKEN by Mine") == 1
    assert "    found     " in done.out
    assert "    replay    from unmask.properties import" in done.out
    assert re.search(rf"^  Mine  1 hold, 1 BROKEN\n +broken: {BAYES}\n", done.out, re.M), done.out
    assert re.search(r"^1 BROKEN, after [\d.]+ s\n\Z", done.out, re.M)


def test_the_first_broken_law_may_be_the_last(unmask: Any) -> None:
    done = unmask("verify", "wrong.py:TestMine", "--stop-at-first", "--budget", "quick", "--json", "all.json")
    assert done.code == 1
    assert done.out.count("is BROKEN by") == 1
    records = json.loads(Path("all.json").read_text(encoding="utf-8"))
    assert sum(r["status"] == "broken" for r in records) == 1
    assert any(r["reason"] == "not run" for r in records)
    assert re.search(r"1 BROKEN, \d+ not applicable, \d+ not run", done.out)


def test_records_on_standard_output_are_nothing_but_records(unmask: Any, tmp_path: Path) -> None:
    chatty = MINE.replace("xt, s, t):", "xt, s, t):\n        print('chatty')", 1)
    (tmp_path / "chatty.py").write_text(chatty + "print('loaded')\n", encoding="utf-8")
    done = unmask("verify", "chatty.py:TestMine", *FEW, "--json", "-")
    assert [r["status"] for r in json.loads(done.out) if r["law"] == BAYES] == ["holds"]
    assert "loaded" in done.err
    assert "all 2 hold" in done.err


def test_several_processes_find_what_one_finds(unmask: Any) -> None:
    found = []
    for jobs in ("1", "2"):
        done = unmask("verify", "wrong.py:TestMine", *SOME, "--jobs", jobs, "--json", "x.json")
        assert done.code == 1
        records = json.loads(Path("x.json").read_text(encoding="utf-8"))
        found.append([(r["law"], r["status"], r["examples"], r["failure"]) for r in records])
    assert found[0] == found[1]


def test_processes_that_cannot_be_forked_load_the_method_themselves(
    unmask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suite, "can_fork", lambda run: False)
    done = unmask("verify", "right.py:TestMine", *FEW, "--jobs", "2")
    assert done.code == 0, done.out + done.err
    assert "Mine  2 hold" in done.out


def test_a_process_that_dies_is_an_error_and_the_rest_goes_on(unmask: Any, tmp_path: Path) -> None:
    dying = MINE.replace("xt, s, t):", "xt, s, t):\n        __import__('os')._exit(7)", 1)
    (tmp_path / "dying.py").write_text(dying, encoding="utf-8")
    done = unmask("verify", "dying.py:TestMine", *FEW, "--jobs", "2")
    assert done.code == 3
    assert f"ERROR: {BAYES} could not be asked of Mine" in done.out
    assert "ended with exit code 7" in done.out
    assert "Mine  1 hold, 0 broken, 1 in ERROR" in done.out
    assert f"error: {BAYES}" in done.out
    assert "1 in ERROR, after" in done.out


def test_an_error_of_the_suite_is_nobodys_broken_law(unmask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*arguments: Any) -> Any:
        raise ZeroDivisionError("of the law's own")

    monkeypatch.setattr(suite, "examine", fails)
    done = unmask("verify", "right.py:TestMine", "--law", BAYES)
    assert done.code == 3
    assert "ZeroDivisionError: of the law's own" in done.out


def test_the_table_is_shown_where_it_is_wanted(unmask: Any) -> None:
    done = unmask("verify", "right.py:TestMine", *FEW, "--table")
    assert "worst ulps" in done.out
    assert "worst ulps" not in unmask("verify", "right.py:TestMine", *FEW).out


def test_what_is_drawn_can_be_drawn_again(unmask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    seeds = [re.search(r"seed (\d+)", unmask("verify", "right.py:TestMine", "--law", BAYES).out) for _ in "ab"]
    assert seeds[0] is not None
    assert seeds[1] is not None
    assert seeds[0][1] != seeds[1][1]
    monkeypatch.setenv("CI", "true")
    assert "seed" not in unmask("verify", "right.py:TestMine", "--law", BAYES).out


def test_the_environment_has_the_defaults(unmask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNMASK_BUDGET", "quick")
    monkeypatch.setenv("UNMASK_DTYPE", "float32")
    assert ": float32 on cpu, budget quick" in unmask("verify", "right.py:TestMine", "--law", BAYES).out
    assert "budget ci" in unmask("verify", "right.py:TestMine", "--law", BAYES, "--budget", "ci").out


NO_CLAIMS = MINE + """
from unmask.properties import law

@law()
def asserts(posterior, p):
    '''One line is enough'''
    return {}
"""


@pytest.mark.parametrize(("answer", "said"), [("p.K > 0", "True"), ("None", "None")])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_law_that_claims_nothing_is_told_so_in_a_sentence(
    unmask: Any, tmp_path: Path, answer: str, said: str, jobs: str
) -> None:
    (tmp_path / "own.py").write_text(NO_CLAIMS.format(answer), encoding="utf-8")
    try:
        laws = ("--law", "asserts", "--law", BAYES)
        done = unmask("verify", "own.py:TestMine", *laws, "--seed", "1", "--jobs", jobs)
    finally:
        LAWBOOK.remove("asserts")
    assert done.code == 3
    assert done.out.count("ERROR: asserts could not be asked of Mine\n") == 1
    sentence = f"law asserts returned {said}; a law returns what close, exact, at_most, sampled, independent or conv"
    assert done.out.count(sentence) == 1
    assert "Traceback" not in done.out + done.err
    assert "BROKEN" not in done.out
    assert re.search(r"^  Mine  1 hold, 0 broken, 1 in ERROR\n +error: asserts\n", done.out, re.M)


UNBUILT = MINE.replace("        self.mask", "        raise KeyError('weights')\n        self.mask")


def test_what_cannot_be_built_is_one_broken_law_and_no_success(unmask: Any, tmp_path: Path) -> None:
    (tmp_path / "unbuilt.py").write_text(UNBUILT, encoding="utf-8")
    few = ("--budget", "quick", "--seed", "1", "--json", "all.json")
    done = unmask("verify", "unbuilt.py:TestMine", "--law", "it_can_be_built", "--law", BAYES, *few)
    assert done.code == 1
    assert done.out.count("is BROKEN by") == done.out.count("it_can_be_built is BROKEN by Mine") == 1
    assert re.search(rf"^  Mine  0 hold, 1 BROKEN, 1 could not be asked\n.*\n +not asked: {BAYES}\n", done.out, re.M)
    why = "cannot be built for the processes that the law draws: KeyError: 'weights'"
    assert f"why laws could not be asked:\n  1 ×  {why}\n" in done.out
    assert re.search(r"^1 BROKEN, 1 could not be asked, after [\d.]+ s$", done.out, re.M)
    statuses = {r["law"]: r["status"] for r in json.loads(Path("all.json").read_text(encoding="utf-8"))}
    assert statuses == {"it_can_be_built": "broken", BAYES: "blocked"}
    alone = unmask("verify", "unbuilt.py:TestMine", "--law", BAYES, *few)
    assert alone.code == 2
    assert alone.err == f"unmask: nothing was asked: {why}\n"


# --- two sweeps ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_is_broken_is_told_before_all_have_had_their_examples(
    unmask: Any, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    subjects = requests.subjects_at(["wrong.py:TestMine"])
    run = requests.chosen_run("float64", "cpu", "ci", 3)
    todo = requests.plan(subjects, (), "bayes or compose or loss_vanishes_when or it_can_be_built", run)
    asked: list[tuple[str, str]] = []
    examine = suite.examine

    def noted(law: Any, subject: Any, run: Any) -> Record:
        asked.append((law.name, run.budget))
        return examine(law, subject, run)

    monkeypatch.setattr(suite, "examine", noted)
    meanwhile = progress.Progress(len(todo.pairs), 2)
    found: list[Record] = []
    for answer in workers.results(todo, ["wrong.py:TestMine"], jobs, meanwhile):
        assert isinstance(answer, Record)
        found.append(answer)
        meanwhile.finished(answer.law, answer.method, 0)
    monkeypatch.undo()
    statuses = [record.status for record in found]
    assert statuses == sorted(statuses), "broken ones come first"
    assert {"broken", "holds"} == set(statuses)
    assert sorted(record.law for record in found) == sorted(law.name for law, _ in todo.pairs), "each once"
    assert meanwhile.done == len(todo.pairs)
    assert not meanwhile.running
    assert not meanwhile.again
    broken = {record.law for record in found if record.status == "broken"}
    if jobs == 1:
        twice = [(law.name, budget) for budget in ("quick", "ci") for law, _ in todo.pairs]
        assert asked == [(law, budget) for law, budget in twice if budget == "quick" or law not in broken]
    once = {law.name: examine(law, subject, run).status for law, subject in todo.pairs}
    assert {record.law: record.status for record in found} == once, "what one sweep finds"


# --- refusals -----------------------------------------------------------------------------------------------

REFUSED = [
    (("--law", "posterior_is_bays_rule"), "no law named 'posterior_is_bays_rule'; did you mean 'posterior_is_"),
    (("--law", "samples_follow_the_marginal"), "_marginal' cannot be asked of Mine: does not offer sample"),
    (("--law", "rare", "--budget", "quick"), "no law named 'rare'; did you mean"),
    (("-k", "baies"), "-k 'baies': no law matches"),
    (("-k", "bayes and"), "-k 'bayes and': parts of names joined with and, or, not and parentheses are wanted"),
    (("-k", "samples_follow"), "can be asked of Mine: does not offer"),
    (("--device", "gpu"), "no device named 'gpu'; did you mean 'cuda'?"),
    (("--dtype", "float"), "no dtype named 'float' (there are float64, float32, float16, bfloat16); did you mean"),
    (("--budget", "quik"), "no budget named 'quik' (there are brief, quick, ci, nightly); did you mean 'quick'?"),
    (("--buget", "quick"), "did you mean '--budget'?"),
    (("--jobs", "0"), "Invalid value for '--jobs'"),
    (("wrong.py:TestMine",), "2 subjects have the name 'Mine': right:TestMine, wrong:TestMine; give each its own"),
    (("--json", "no/such/folder.json"), "--json 'no/such/folder.json': there is no folder 'no/such'"),
    (("--report", "wrong.py"), "--report 'wrong.py': a file is there, and a folder is wanted"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "said"), REFUSED, ids=[" ".join(a) for a, _ in REFUSED])
def test_what_is_not_there_is_refused_in_a_line(unmask: Any, arguments: tuple[str, ...], said: str) -> None:
    refused_in_a_line(unmask("verify", "right.py:TestMine", *arguments), said)


ADDRESSES = [
    ("rihgt.py:TestMine", "there is no file 'rihgt.py'; did you mean 'right.py'"),
    ("rihgt:TestMine", "there is no module 'rihgt'; did you mean 'right'"),
    ("tests.metods:MDLM", "there is no module 'tests.metods'; did you mean 'tests.methods'"),
    ("right:TestMime", "no 'TestMime' in right; did you mean 'TestMine'?"),
    ("right.py:xyz", "no 'xyz' in right.py; subjects in it: TestMine"),
    ("right.py:Mine", "unmask: 'Mine' in right.py is a class, not a Subject; the subjects in it: TestMine"),
    ("json:dumps", "unmask: 'dumps' in json is function, not a Subject; the subjects in it: none"),
    ("json", "unmask: no subject in json"),
    ("not an address", "'not an address' is no address: 'package.module:NAME' or 'path/to/file.py:NAME' is"),
    ("broken.py", "broken.py cannot be imported: SyntaxError"),
    ("needs.py", "cannot be imported: ModuleNotFoundError: No module named 'nobody_has_it' (needs.py, line 1)"),
    ("raises.py", "raises.py cannot be imported: ValueError: subject 'Empty' offers nothing that a law speaks"),
]  # fmt: skip


@pytest.mark.parametrize(("address", "said"), ADDRESSES, ids=[a for a, _ in ADDRESSES])
def test_an_address_that_leads_nowhere(unmask: Any, tmp_path: Path, address: str, said: str) -> None:
    (tmp_path / "broken.py").write_text("def (:\n", encoding="utf-8")
    (tmp_path / "needs.py").write_text("import nobody_has_it\n", encoding="utf-8")
    (tmp_path / "raises.py").write_text(
        "from unmask.properties import conformance, processes\n"
        "class Empty:\n"
        "    def __init__(self, p): ...\n"
        "TestEmpty = conformance(Empty, processes('uniform'))\n",
        encoding="utf-8",
    )
    refused_in_a_line(unmask("verify", address), said)


def refused_in_a_line(done: Any, said: str) -> None:
    assert done.code == 2
    assert done.out == "", "before anything runs"
    assert said.lower() in done.err.lower()
    assert done.err.startswith("unmask: ")
    assert done.err.count("\n") == 1
    assert len(done.err) < 250, "not a list of all laws"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("verfy", "right"), "no command named 'verfy'; did you mean 'verify'?"),
        (("verify",), "Missing argument 'PKG.MOD:NAME...'"),
        (("law", "posterior_is_bays_rule"), "did you mean 'posterior_is_bayes_rule'"),
        (("laws", "--chapter", "Posterior"), "no chapter named 'Posterior'; did you mean 'Posteriors'?"),
        (("laws", "--kind", "clases"), "got 'clases'; did you mean 'classes'?"),
        (("laws", "--kind", "degradation", "--chapter", "Conduct"), "no chapter named 'Conduct' about degradation"),
        (("capabilities", "reals"), "kind must be one of"),
        (("law", "a", "b"), "unexpected extra argument"),
    ],
)
def test_other_refusals(unmask: Any, arguments: tuple[str, ...], said: str) -> None:
    refused_in_a_line(unmask(*arguments), said)


def test_no_gpu_on_this_machine(unmask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    refused_in_a_line(unmask("verify", "right.py", "--device", "cuda"), "device 'cuda' is not on this machine: ")


# --- from outside -------------------------------------------------------------------------------------------


def test_nothing_is_imported_before_it_is_needed(tmp_path: Path) -> None:
    program = (
        "import sys, unmask.cli.command, unmask.cli.plugin, unmask.cli.requests\n"
        "heavy = ('torch', 'hypothesis', 'numpy', 'rich', 'unmask.properties', 'unmask.reference')\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_module_is_the_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "unmask.cli", "verify", "--help"]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    for line in ("0  all laws that were asked hold", "1  a law is broken", "2  the request", "3  a law, a family"):
        assert line in told
