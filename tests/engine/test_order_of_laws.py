"""What is said of a method depends on no law that was asked before, and asking leaves nothing behind."""

from __future__ import annotations

import importlib.util
import pickle
import random
import sys
import warnings
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.methods.cold import IMPLEMENTATIONS as COLD
from tests.methods.gaussian import ALL as GAUSSIAN
from tests.methods.mdlm import MDLM_DISCRETE
from unmask.properties import LAWBOOK, Law, Process, Run, Schedule, Subject, examine
from unmask.properties.engine.plan import Plan, plan
from unmask.properties.engine.trial import Trial
from unmask.properties.subjects.processes.rounded import RoundedProcess

RUN = Run(budget="quick", derandomize=True)
#: Cheap ones, of three kinds: diffusion over classes, Gaussian diffusion, and degradation.
METHODS = (MDLM_DISCRETE, next(m for m in GAUSSIAN if m.name == "vdm-data"), COLD[0])

Pair = tuple[Law, Subject]
Verdicts = dict[tuple[str, str], Any]


def pairs() -> list[Pair]:
    return [(law, method) for method in METHODS for law in LAWBOOK if isinstance(plan(law, method), Plan)]


def verdicts(order: list[Pair]) -> Verdicts:
    """All that a record says, but for how long it took."""
    records = [examine(law, method, RUN) for law, method in order]
    return {(r.method, r.law): (r.status, r.worst_ulps, r.examples, r.reason, r.failure, r.fits) for r in records}


def held() -> dict[str, Any]:
    """Everything global that laws, or the machinery, could leave changed."""
    return {
        "random": random.getstate(),
        "numpy.random": pickle.dumps(np.random.get_state(legacy=False)),  # noqa: NPY002
        "torch": torch.get_rng_state().tolist(),
        "default dtype": torch.get_default_dtype(),
        "default device": torch.get_default_device(),
        "threads": torch.get_num_threads(),
        "gradients": torch.is_grad_enabled(),
        "deterministic algorithms": torch.are_deterministic_algorithms_enabled(),
        "floating-point errors": np.geterr(),
        "printing": np.get_printoptions(),
        "warnings": list(warnings.filters),
    }


@pytest.fixture(scope="module")
def in_the_books_order() -> tuple[Verdicts, dict[str, Any], dict[str, Any]]:
    before = held()
    return verdicts(pairs()), before, held()


@pytest.mark.exhaustive
def test_no_order_of_laws_changes_a_verdict(in_the_books_order: tuple[Verdicts, Any, Any]) -> None:
    first, _, _ = in_the_books_order
    order = pairs()
    random.Random(0).shuffle(order)
    second = verdicts(order)
    assert len(first) > 100
    assert {key: (first[key], second[key]) for key in first if first[key] != second[key]} == {}


@pytest.mark.exhaustive
def test_asking_leaves_the_global_state_alone(in_the_books_order: tuple[Any, dict[str, Any], dict[str, Any]]) -> None:
    _, before, after = in_the_books_order
    assert {name: (before[name], after[name]) for name in before if before[name] != after[name]} == {}


@pytest.mark.parametrize("first", [0.25, Fraction(1, 4)])
def test_the_truth_at_a_time_is_the_same_whoever_asks_first(first: Any) -> None:
    """A float is equal to its fraction, and hashes like it, but is computed with in floats."""
    p = Process("ehrenfest", 2, "continuous", Schedule("linear"))
    truth, late = RoundedProcess(p.exact), Fraction(1, 2)
    found = [(truth.marginal(t), truth.transition(t, late), truth.noise_rate(t)) for t in (first, Fraction(1, 4))]
    alone = RoundedProcess(p.exact)
    expected = alone.marginal(Fraction(1, 4)), alone.transition(Fraction(1, 4), late), alone.noise_rate(Fraction(1, 4))
    for values in found:
        for value, right in zip(values, expected, strict=True):
            np.testing.assert_array_equal(value, right)


def test_the_cases_do_not_depend_on_what_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hypothesis draws numbers that it finds in the source of imported modules, of which more may come later."""
    cases: list[list[str]] = []
    run = Trial.run

    def noted(trial: Trial) -> Any:
        cases[-1].append(repr(trial.inputs))
        return run(trial)

    monkeypatch.setattr(Trial, "run", noted)
    for name in ("mine", "yours"):
        cases.append([])
        for law in [law for law in LAWBOOK if "seed" in law.draws and isinstance(plan(law, COLD[0]), Plan)]:
            examine(law, COLD[0], Run(derandomize=True))
        source = tmp_path / f"{name}.py"
        source.write_text(f"NUMBERS = {list(range(4000, 5000, 7))}\n")
        spec = importlib.util.spec_from_file_location(name, source)
        assert spec is not None
        monkeypatch.setitem(sys.modules, name, importlib.util.module_from_spec(spec))
    assert len(cases[0]) > 100
    assert cases[0] == cases[1]
