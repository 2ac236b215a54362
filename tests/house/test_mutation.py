"""The run of mutants: what a mutant is, in which order laws are asked, what is kept, and what is told."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from benchmarks.mutation.generate import Mutant, compiles, refusals, splice
from benchmarks.mutation.hold import Result, _Finder, order
from benchmarks.mutation.reach import Reach
from benchmarks.mutation.report import REASONS, Kind, Reasons, Results, reasons, survivors, table, verdict
from benchmarks.mutation.staging import ROOT, fingerprint, stage

SOURCE = '''"""A module."""

def double(x, *, validate=True):
    if x is None:
        raise ValueError("x must not be None")
    checks.integer("x", x, 0)
    return x + x


def __repr__(self):
    return "é" + "name"
'''
PLUS = SOURCE.index("x + x") + 2
MUTANT = Mutant("numbers/double", 7, PLUS, PLUS + 1, "*", "return x + x", "return x * x")


def test_a_splice_is_told_by_its_line() -> None:
    start = SOURCE.index("x + x")
    assert splice("numbers/double", SOURCE, start, start + 5, "x * x") == Mutant(
        "numbers/double", 7, PLUS, PLUS + 3, "* x", "return x + x", "return x * x"
    )
    assert "return x * x\n\n" in MUTANT.applied(SOURCE)
    assert MUTANT.name != Mutant("numbers/double", 8, PLUS, PLUS + 1, "*", "return x + x", "return x * x").name


def test_what_refuses_or_describes_is_left_alone() -> None:
    stretches = list(refusals(SOURCE))

    def within(text: str) -> bool:
        return any(low <= SOURCE.index(text) < high for low, high in stretches)

    assert within("x must not be")
    assert within('"x", x, 0')
    assert within("name")
    assert within("True")
    assert not within("x + x")
    assert compiles(SOURCE)
    assert not compiles(SOURCE + "return")


def test_a_mutated_module_is_found_before_the_real_one(tmp_path: Path) -> None:
    path = tmp_path / "double.py"
    path.write_text("def double(x):\n    return x + x\n")
    finder = _Finder("somewhere.double", path, "def double(x):\n    return x * x\n")
    assert finder.find_spec("somewhere.else") is None
    spec = finder.find_spec("somewhere.double")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.double(3) == 9


def test_laws_are_asked_in_order_and_on_quick_subjects_first() -> None:
    pairs = [("b", "slow"), ("b", "quick"), ("b", "middle"), ("a", "slow"), ("c", "quick")]
    reach = Reach(pairs, [3.0, 1.0, 2.0, 9.0, 0.5], {"m": {1: [], 2: [0, 3], 3: [4]}})
    assert order(reach, [0, 1, 2, 3], ["a", "b", "c"]) == [3, 1, 2, 0]
    assert reach.of("m", 2) == [0, 3]
    assert reach.of("m", 1) == [0, 3, 4], "a line of the module itself is everybody's"
    assert reach.of("m", 9) == reach.of("other", 2) == []


def test_results_are_kept_for_one_state_of_the_tree(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    Results(path, "now").add(MUTANT, Result("killed", "a_law", "a_subject", "quick", 3, 9))
    assert MUTANT in Results(path, "now")
    assert MUTANT not in Results(path, "later")
    assert json.loads(path.read_text())["mutants"][MUTANT.name]["law"] == "a_law"


def test_survivors_are_told_until_somebody_explains_them(tmp_path: Path) -> None:
    kept = Results(tmp_path / "results.json", "now")
    kept.add(MUTANT, Result("survived", budget="ci", asked=18, of=9))
    told = "numbers/double.py:7  (18 times asked)\n  - return x + x\n  + return x * x"
    assert survivors(kept.known, Reasons({})) == [told]
    why = Reasons({("numbers/double", "return x + x", "return x * x"): ("equivalent", "x is 2")})
    assert survivors(kept.known, why) == []
    assert [verdict(entry, why) for entry in kept.known.values()] == ["equivalent"]
    assert table(kept.known, why).splitlines()[-1].split() == ["all", "1", "0", "0", "1", "0", "0", "0", "-"]


def test_every_reason_is_one_and_its_line_is_still_there() -> None:
    for (module, before, after), (said, why) in reasons().lines.items():
        source = (ROOT / "implementations" / f"{module}.py").read_text(encoding="utf-8")
        assert before in {line.strip() for line in source.split("\n")}, (module, before)
        assert before != after
        assert said in ("equivalent", "open")
        assert len(why) > 10


def test_a_kind_covers_one_change_and_nothing_else() -> None:
    moved = Kind(r"device=[\w.]+", "device=None", "on one device nothing is different")
    line = "x = torch.zeros(3, device=y.device) + torch.ones(3, device=z)"
    assert moved.covers(line, line.replace("device=y.device", "device=None"))
    assert moved.covers(line, line.replace("device=z", "device=None"))
    assert not moved.covers(line, line.replace("ones", "zeros"))
    assert not moved.covers(line, line.replace("y.device", "None").replace("device=z", "device=None"))
    assert Reasons({}, [moved]).of({"module": "m", "before": "f(device=d)", "after": "f(device=None)"}) == (
        "equivalent",
        moved.why,
    )


def test_every_kind_says_why() -> None:
    for kind in reasons().kinds:
        assert len(kind.why) > 10
        assert not kind.covers("a", "a")


def test_a_reason_that_says_nothing_is_refused(tmp_path: Path) -> None:
    bad = tmp_path / "survivors.toml"
    bad.write_text('[[survivor]]\nmodule = "a"\nbefore = "b"\nafter = "c"\nverdict = "fine"\nwhy = "d"\n')
    with pytest.raises(ValueError, match="verdict must be"):
        reasons(bad)
    assert REASONS.exists()


def test_the_tree_is_staged_once(tmp_path: Path) -> None:
    for folder in ("implementations", "properties", "reference", "cli", "tests/methods"):
        (tmp_path / "root" / folder).mkdir(parents=True)
        (tmp_path / "root" / folder / "a.py").write_text("A = 1\n")
    root, out = tmp_path / "root", tmp_path / "out"
    source = stage(out, root)
    copied = source / "unmask" / "implementations" / "a.py"
    copied.write_text("A = 2\n")
    assert stage(out, root) == source
    assert copied.read_text() == "A = 2\n"
    before = fingerprint(root)
    (root / "reference" / "a.py").write_text("A = 3\n")
    assert fingerprint(root) != before
    stage(out, root)
    assert copied.read_text() == "A = 1\n"
