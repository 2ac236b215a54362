"""What is said of a method depends on no law that was asked before, and asking leaves nothing behind."""

from __future__ import annotations

import pickle
import random
import warnings
from typing import Any

import numpy as np
import pytest
import torch

from tests.methods.cold import IMPLEMENTATIONS as COLD
from tests.methods.gaussian import ALL as GAUSSIAN
from tests.methods.mdlm import MDLM_DISCRETE
from unmask.properties import LAWBOOK, Law, Method, Run, examine

RUN = Run(budget="quick", derandomize=True)
#: Cheap ones, of three kinds: diffusion over classes, Gaussian diffusion, and degradation.
METHODS = (MDLM_DISCRETE, next(m for m in GAUSSIAN if m.name == "vdm-data"), COLD[0])

Pair = tuple[Law, Method]
Verdicts = dict[tuple[str, str], Any]


def pairs() -> list[Pair]:
    return [(law, method) for method in METHODS for law in LAWBOOK if law.absent_because(method) is None]


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


def test_no_order_of_laws_changes_a_verdict(in_the_books_order: tuple[Verdicts, Any, Any]) -> None:
    first, _, _ = in_the_books_order
    order = pairs()
    random.Random(0).shuffle(order)
    second = verdicts(order)
    assert len(first) > 100
    assert {key: (first[key], second[key]) for key in first if first[key] != second[key]} == {}


def test_asking_leaves_the_global_state_alone(in_the_books_order: tuple[Any, dict[str, Any], dict[str, Any]]) -> None:
    _, before, after = in_the_books_order
    assert {name: (before[name], after[name]) for name in before if before[name] != after[name]} == {}
