"""The command ``unmask``: what it says, what it refuses, and how it ends."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.house.users_file import FLIPPED, MINE
from unmask.cli import progress, requests, suite, workers
from unmask.cli.command import main
from unmask.cli.descriptions import law_page, sentences
from unmask.cli.expression import matcher
from unmask.cli.summary import Tally, reason_lines, subject_lines, tallies, verdict
from unmask.cli.usage import UsageProblem
from unmask.properties import LAWBOOK
from unmask.properties.report import Record
from unmask.properties.subjects.kinds import kinds

BAYES = "posterior_is_bayes_rule"
#: Laws that the file speaks about, of which one is broken by the wrong one.
FEW = ("-k", "posterior_is_bayes_rule or loss_vanishes_when", "--budget", "quick", "--seed", "1")


@dataclass(frozen=True)
class Done:
    """What a call of the command printed, and its exit code."""

    code: int
    out: str
    err: str


@pytest.fixture
def unmask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """The command, called in a folder with a right file and a wrong one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "modules", sys.modules)
    for name in ("BUDGET", "DTYPE", "DEVICE"):
        monkeypatch.delenv(f"UNMASK_{name}", raising=False)
    (tmp_path / "right.py").write_text(MINE, encoding="utf-8")
    (tmp_path / "wrong.py").write_text(FLIPPED, encoding="utf-8")
    before = set(sys.modules)

    def call(*arguments: str) -> Done:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        told = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, told.out, told.err)

    yield call
    # The next test has other files of the same names.
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


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
        done = unmask(
            "verify", "wrong.py:TestMine", "--budget", "quick", "--seed", "3", "--jobs", jobs, "--json", "x.json"
        )
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
    (("--budget", "quik"), "no budget named 'quik' (there are quick, ci, nightly); did you mean 'quick'?"),
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


def refused_in_a_line(done: Done, said: str) -> None:
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


@pytest.mark.skipif("__import__('torch').cuda.is_available()", reason="says what is said where no GPU is")
def test_no_gpu_on_this_machine(unmask: Any) -> None:
    refused_in_a_line(unmask("verify", "right.py", "--device", "cuda"), "device 'cuda' is not on this machine: ")


# --- reading ------------------------------------------------------------------------------------------------


def test_laws_are_listed_with_what_they_say(unmask: Any) -> None:
    every = unmask("laws").out
    lines = every.splitlines()
    assert sum(line.startswith("    ") for line in lines) == len(LAWBOOK)
    headings = [line.partition(":")[0] for line in lines if line and not line.startswith(" ")]
    assert sorted(headings) == sorted({*kinds(), "any"}), "each kind once"
    some = unmask("laws", "--chapter", "posteriors").out
    assert some.splitlines()[:2] == ["classes: Diffusion over classes", "  Posteriors"]
    assert re.search(rf"^    {BAYES} +q\(x_s\|x_t,x_0\) is Bayes' rule", some, re.M)
    assert len(some) < len(every) / 4
    cold = unmask("laws", "--kind", "degradation").out.splitlines()
    own = [law.name for law in LAWBOOK if law.about.kind == "degradation"]
    assert [line.split()[0] for line in cold if line.startswith("    ")] == own


def test_a_law_is_told_whole(unmask: Any) -> None:
    told = unmask("law", BAYES).out
    law = LAWBOOK[BAYES]
    for part in (law.told.statement, law.told.chapter, law.told.cites, *law.told.mutants):
        assert part in told
    assert re.search(r"written in +unmask\.properties\.laws\.\S+, line \d+", told)


SAID = [
    (BAYES, "It is about subjects of the kind classes (Diffusion over classes) that offer posterior."),
    (BAYES, "It draws times s < t and a process."),
    ("gradient_is_the_gradient_of_the_nelbo", "It takes gradient, the derivative of loss with respect to output."),
    ("nelbo_converges_as_steps_shrink", "on the discrete clock"),
    ("positions_may_be_permuted", "not asked of the kind autoregression, which treats positions by their order."),
    ("rows_do_not_see_each_other", "It is about subjects of every kind. It asks whatever is offered of what is listed"),
    ("rows_do_not_see_each_other", "degradation: degrade, restore, restore_naively"),
    ("steps_draw_rare_classes", "It waits for rare events, and the quick budget leaves it out."),
    ("a_mask_is_lifted_in_proportion", "It is asked about processes of the family absorbing."),
    ("calls_do_not_remember_each_other", "Of its budget, an example counts as"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "said"), SAID)
def test_what_a_law_is_about_is_told_in_sentences(unmask: Any, name: str, said: str) -> None:
    assert said in " ".join(unmask("law", name).out.split())


def test_every_law_can_be_told() -> None:
    for law in LAWBOOK:
        lines = law_page(law).splitlines()
        assert lines[0] == law.name
        about = " ".join(sentences(law))
        assert about.startswith("It is about subjects of ")
        assert about.endswith(".")
        assert not re.search(r"\bNone\b|  |<|\(\)| ,|\.\.", re.sub("(r < )?s < t", "s", about)), about


def test_methods_are_listed_with_what_they_offer(unmask: Any) -> None:
    told = unmask("methods", "right").out
    assert told.startswith("Mine  (right:TestMine)\n")
    assert re.search(r"kind +classes: Diffusion over classes\n", told)
    assert re.search(r"offers +posterior, loss\n", told)
    about = sum(law.about.kind in ("classes", "any") for law in LAWBOOK)
    asked = re.search(rf"laws +(\d+) of {about} can be asked\n", told)
    assert asked is not None
    heading = unmask("verify", "right.py:TestMine", "--budget", "quick", "--seed", "1").out.splitlines()[0]
    assert heading.startswith(f"Mine under {asked[1]} of {about} laws:"), "the same numbers as in a run"


def test_what_objects_may_offer_is_told_kind_by_kind(unmask: Any) -> None:
    told = unmask("capabilities", "classes").out
    assert told.startswith("classes: Diffusion over classes\n")
    signature = "    posterior(x0: ids [N, L], xt: ids [N, L], s: times [N], t: times [N]) -> reals [N, L, K]\n"
    assert f"{signature}        `q(x_s^i | x_t^i, x_0^i)`.\n" in told
    assert "    time runs from the data" in told.replace("* ", "  "), "the conventions"
    assert re.search(r"^        subs +logits; MDLM's", told, re.M)
    assert "times: grid" in told
    assert re.search(r"`times` is a list of floats \(continuous clock\) or ints that fall", told)
    assert re.search(r"^    grid +a list of falling times, Python numbers$", told, re.M)
    assert "Only on the continuous clock." in told
    assert "N: int, L: int" in told
    assert "blocks: list[int]" in told


def test_every_capability_of_every_kind_is_told(unmask: Any) -> None:
    told = unmask("capabilities").out
    for kind in kinds().values():
        assert f"{kind.name}: {kind.title}\n" in told
        for name in kind.capabilities:
            assert f"\n    {name}(" in told
    assert max(map(len, told.splitlines())) <= 125
    assert "``" not in told


# --- parts --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "matching"),
    [
        ("bayes", ["bayes_rule"]),
        ("BAYES", ["bayes_rule"]),
        ("not bayes", ["prior_is_one", "a_prior"]),
        ("prior and not one", ["a_prior"]),
        ("bayes or prior and one", ["bayes_rule", "prior_is_one"]),
        ("(bayes or prior) and one", ["prior_is_one"]),
    ],
)
def test_expressions(expression: str, matching: list[str]) -> None:
    assert [n for n in ("bayes_rule", "prior_is_one", "a_prior") if matcher(expression)(n)] == matching


@pytest.mark.parametrize("expression", ["", "a b", "a and", "f(a)", "1", "a.b", "a == b", "(a", "not"])
def test_expressions_that_do_not_read(expression: str) -> None:
    with pytest.raises(UsageProblem, match="parts of names"):
        matcher(expression)


def test_a_line_now_and_then_where_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("unmask.cli.progress.time.monotonic", lambda: now)
    out = StringIO()
    with progress.progress(Console(file=out, width=200), 30) as shown:
        assert isinstance(shown, progress.Lines)
        for number in range(30):
            shown.started(f"law_{number}", "mine")
            shown.started(f"law_{number + 1}", "mine")
            now += 1.0
            shown.finished(f"law_{number}", "mine", number // 10)
    assert out.getvalue().splitlines() == [
        "10 s: 10 of 30 asked, 0 broken; now law_10 of mine",
        "20 s: 20 of 30 asked, 1 broken; now law_20 of mine",
    ]


def test_the_first_of_two_sweeps_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("unmask.cli.progress.time.monotonic", lambda: now)
    out = StringIO()
    with progress.progress(Console(file=out, width=200), 12, 2) as shown:
        for sweep in range(2):
            for number in range(12 - sweep):
                for place in (number, min(number + 1, 11 - sweep)):
                    shown.started(f"law_{place}", "mine")
                now += 2.0
                if sweep or number == 11:
                    shown.finished(f"law_{number}", "mine", 1)
                else:
                    shown.passed(f"law_{number}", "mine")
    assert out.getvalue().splitlines() == [
        "10 s: 5 of 12 asked a first time, 0 broken; now law_5 of mine",
        "20 s: 10 of 12 asked a first time, 0 broken; now law_10 of mine",
        "30 s: 4 of 12 asked, 1 broken; now law_3 of mine",
        "40 s: 9 of 12 asked, 1 broken; now law_8 of mine",
    ]


def test_a_bar_on_a_terminal() -> None:
    out = StringIO()
    console = Console(file=out, force_terminal=True, width=100, legacy_windows=False)
    with progress.progress(console, 3) as shown:
        assert isinstance(shown, progress.Bar)
        shown.started("law_1", "mine")
        shown.finished("law_1", "mine", 1)
        shown.started("law_2", "mine")
        shown.shown.refresh()
    assert "2 left, 1 broken" in out.getvalue()
    assert "law_2 of mine" in out.getvalue()


def test_many_methods_are_told_in_a_line_but_for_those_in_trouble() -> None:
    every = {f"m{i}": Tally(holds=3, absent=1) for i in range(9)} | {"bad": Tally(holds=2, broken=["a", "b"])}
    assert subject_lines(every, most=4) == [
        "  10 subjects: 29 hold, 2 BROKEN, 9 not applicable",
        "  bad  2 hold, 2 BROKEN",
        "         broken: a, b",
    ]
    assert len(subject_lines(every)) == 11


def test_what_could_not_be_asked_is_no_success() -> None:
    reasons = {"blocked": "cannot be built", "unasked": "9 of 9 draws were refused", "absent": "does not offer x"}

    def of(law: str, method: str, status: Any) -> Record:
        return Record(law, method, "c", status, "", "", "", (), None, 0, 0.0, reason=reasons.get(status, ""))

    records = [of("a", "m", "holds"), of("b", "m", "unasked"), of("c", "m", "blocked"), of("d", "m", "blocked")]
    records += [of("e", "m", "absent"), *(of("a", f"m{i}", "holds") for i in range(4))]
    found = tallies(records)
    assert found["m"] == Tally(holds=1, absent=1, not_asked=["b", "c", "d"])
    assert subject_lines({"m": found["m"]}) == [
        "  m  1 hold, 0 broken, 1 not applicable, 3 could not be asked",
        "       not asked: b, c, d",
    ]
    assert subject_lines(found, most=4) == [
        "  5 subjects: 5 hold, 0 broken, 1 not applicable, 3 could not be asked",
        *subject_lines({"m": found["m"]}),
    ], "not lost among many"
    assert reason_lines(records, "--json") == [
        "why laws could not be asked:",
        "  2 ×  cannot be built",
        "  1 ×  9 of 9 draws were refused",
        "why laws do not apply:",
        "  1 ×  does not offer x",
    ]
    assert verdict(found) == "all 5 hold, 3 could not be asked"
    assert verdict({"m": Tally(not_asked=["a"])}) == "nothing was asked, 1 could not be asked"


def test_reasons_are_counted() -> None:
    def absent(reason: str, count: int) -> list[Record]:
        return [Record(f"l{i}", "m", "c", "absent", "", "", "", (), None, 0, 0.0, reason=reason) for i in range(count)]

    records = [record for i in range(7) for record in absent(f"reason {i}", i + 1)]
    assert reason_lines(records, "--json") == [
        "why laws do not apply:",
        *(f"  {i + 1} ×  reason {i}" for i in (6, 5, 4, 3, 2)),
        "  … and 2 more reasons: --json",
    ]
    assert reason_lines([], "--json") == []


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
