"""Whether a method is asked about many classes depends on its own memory, and on nothing that happened before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from tests.methods.mdlm import MDLM
from unmask.properties import LAWBOOK, Process, Run, Schedule, Subject, examine, mutated
from unmask.properties.laws.density import MEASURED_CALLS, class_count, is_dense
from unmask.properties.laws.sampling import tails

ROOT = Path(__file__).parents[2]
#: Two that a method is asked before: one draws as the law about rare classes does, one looks at memory as well.
OTHERS = ("a_generator_fixes_the_draw", "a_large_vocabulary_has_the_reverse_of_a_few_classes")
RARE = "steps_draw_rare_classes"


def seeding(right: Any, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator) -> Tensor:
    """A step of code that knows the global state alone."""
    with torch.random.fork_rng():
        torch.manual_seed(int(torch.randint(2**62, (), generator=generator)))
        return _globally(right, p, output, xt, s, t)


def _globally(right: Any, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    # Rows of the law are all the same: one kernel will do for them.
    few = 1 if p.K > 100 else len(xt)
    kernel = right.reverse(p, output[:few], xt[:few], s[:few], t[:few])
    if few < len(xt):
        return torch.multinomial(kernel[0, 0], len(xt), replacement=True)[:, None]
    return torch.multinomial(kernel.flatten(0, 1), 1).view(xt.shape)


ADAPTED = mutated(MDLM, "a global seed", step=seeding)


def verdicts(laws: list[str]) -> list[Any]:
    """What is said of the adapted method under some laws, one after the other; rare classes are not so rare here."""
    tails.RARE_PROBABILITY, tails.CLASSES = 1e-6, 5000
    runs = [Run(budget="ci" if law == RARE else "quick", derandomize=True) for law in laws]
    records = [examine(LAWBOOK[law], ADAPTED, run) for law, run in zip(laws, runs, strict=True)]
    return [[record.law, record.status, record.worst_ulps, record.reason] for record in records]


def begun(*laws: str) -> subprocess.Popen[str]:
    """:func:`verdicts` in a process of its own."""
    said = f"import json; from tests.conduct.test_density import verdicts; print(json.dumps(verdicts({list(laws)!r})))"
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.Popen([sys.executable, "-c", said], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


def test_a_law_says_the_same_alone_and_after_others() -> None:
    """Code that sets seeds makes torch read its callers' source, once a process: that is no memory of the method's."""
    alone, after = (json.loads(run.communicate()[0])[-1] for run in [begun(RARE), begun(*OTHERS, RARE)])
    assert alone == after
    assert alone[:2] == [RARE, "holds"]


P = Process("uniform", 4, "discrete", Schedule("mutual-information"), T=3)


def light(p: Process) -> Any:
    return torch.ones(4, p.K).cumsum(-1)


def matrix(p: Process) -> Any:
    return torch.ones(p.K, p.K)[0]


def array(p: Process) -> Any:
    return np.ones((p.K, p.K))[0]


def lists(p: Process) -> Any:
    return [[k] * p.K for k in range(p.K)]


def nothing_stored(p: Process) -> Any:
    return torch.ones(1, p.K).expand(p.K, p.K)


def few_stored(p: Process) -> Any:
    return torch.eye(2).to_sparse() @ torch.ones(2, p.K)


def mapped(p: Process) -> Any:
    """What is mapped has no memory of its own."""
    return torch.func.vmap(lambda share: share * torch.ones(p.K))(torch.ones(3))


def mapped_matrix(p: Process) -> Any:
    return torch.func.vmap(lambda row: row.sum() + torch.ones(p.K, p.K)[0])(torch.ones(3, 2))


@lru_cache
def kept(K: int) -> Any:
    return torch.ones(K, K)


def kept_matrix(p: Process) -> Any:
    return kept(p.K) @ torch.ones(p.K)


@lru_cache
def kept_numbers(K: int) -> Any:
    return np.ones((K, K))


def kept_array(p: Process) -> Any:
    return kept_numbers(p.K).sum(0)


def reading(p: Process) -> Any:
    """Takes as much as a whole matrix, but only the first time."""
    _once()
    return torch.ones(p.K)


@lru_cache
def _once() -> bytes:
    return bytes(8 * 600 * 600)


def asked(what: Callable[[Process], Any], name: str = "marginal", p: Process = P) -> bool:
    return is_dense(_method(what), name, p, lambda K: what(replace(p, K=K)), lambda K: [K])


@lru_cache
def _method(what: Callable[[Process], Any]) -> Subject:
    return MDLM.but(name=what.__name__)


@pytest.mark.parametrize("what", [light, nothing_stored, few_stored, mapped, reading])
def test_what_is_light(what: Any) -> None:
    assert not asked(what)


@pytest.mark.parametrize("what", [matrix, array, lists, mapped_matrix, kept_matrix, kept_array])
def test_what_is_dense(what: Any) -> None:
    """Also where the matrix was made before: for another question, or for another process of as many classes."""
    assert all(asked(what, name) for name in MEASURED_CALLS)
    assert asked(what, p=Process("uniform", 4, "discrete", Schedule("mutual-information"), T=2))


def test_one_question_says_nothing_about_another() -> None:
    def by_name(name: str) -> bool:
        what = matrix if name == "loss" else light
        return is_dense(mine, name, P, lambda K: what(replace(P, K=K)), lambda K: [K])

    mine = MDLM.but(name="mine")
    assert [by_name(name) for name in ("loss", "reverse", "loss", "reverse")] == [True, False, True, False]


def test_every_question_has_sizes_of_its_own() -> None:
    sizes = {name: {class_count(f"method {n}", name) for n in range(100)} for name in MEASURED_CALLS}
    assert sum(map(len, sizes.values())) == len(set().union(*sizes.values())) == 16 * len(MEASURED_CALLS)


def test_somebody_else_may_be_tracing() -> None:
    def rows(p: Process) -> Any:
        return np.ones((3, p.K))

    def square(p: Process) -> Any:
        return np.ones((p.K, p.K))

    tracemalloc.start()
    try:
        taken = bytes(2**22)
        assert not asked(rows)
        assert asked(square)
        assert tracemalloc.is_tracing()
    finally:
        tracemalloc.stop()
    assert taken


def test_a_law_too_slow_to_tell_leaves_the_other_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rare steps that take too long do not keep rare samples from being asked about."""
    from tests.methods.sedd import SEDD_UNIFORM

    mine = mutated(SEDD_UNIFORM, "no step", step=lambda *_: 1 / 0)
    monkeypatch.setattr(tails, "_too_slow", {(id(mine), "step"): mine})
    monkeypatch.setattr(tails, "RARE_PROBABILITY", 1e-6)
    monkeypatch.setattr(tails, "CLASSES", 5000)
    record = examine(LAWBOOK["samples_hold_rare_classes"], mine, Run(derandomize=True))
    assert record.status == "holds"
