"""The laws of losses and of their gradients hold on every path: in blocks, of layers, and on Triton's kernels."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.kernels.laws.__main__ import broken
from tests.kernels.laws.interpreter import ENVIRONMENT, INSTALLED, UNAVAILABLE, interprets
from tests.kernels.laws.subjects import ASKED, asked, few_rows_at_a_time, of_a_layer
from tests.thinned import thinned
from unmask.properties import Law, Run, Subject, examine

KERNELS = tuple(f"triton_{name}_sums.{way}" for name in ("softmax", "entropy") for way in ("_forward", "_backward"))
IN_BLOCKS = [*of_a_layer(), *asked("float64")]
#: Those in float64, of which there are most, in three processes; half of one is enough for a quick run.  Each of these
#: launches every kernel.
PARTS = thinned([("float64", 1, 6), *(("float64", part, 3) for part in range(3)), ("float32", 0, 1)], 5)


def in_the_interpreter(*what: str) -> list[str]:
    """The lines that the laws print in a process of its own; the last one tells of launches.

    Triton asks once, as functions are decorated, whether it should interpret them.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.kernels.laws", *what],
        cwd=Path(__file__).parents[3],
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def untouched(launched: str) -> list[str]:
    """The kernels that were not launched."""
    return [name for name in KERNELS if f"'{name}': " not in launched]


@pytest.mark.skipif(UNAVAILABLE, reason="Triton has no build for this system")
@pytest.mark.parametrize("which", PARTS, ids=lambda which: "-".join(map(str, which)))
def test_laws_hold_in_the_interpreter(which: tuple[str, int, int]) -> None:
    *wrong, launched = in_the_interpreter("laws", *map(str, which))
    assert wrong == [], "\n".join(wrong)
    assert untouched(launched) == []


if torch.cuda.is_available() and INSTALLED and not interprets():

    @pytest.mark.cuda
    @pytest.mark.parametrize("dtype", ASKED)
    def test_laws_hold_on_cuda(dtype: str) -> None:
        wrong = list(broken(dtype))
        assert wrong == [], "\n".join(wrong)


@pytest.mark.parametrize(("law", "subject"), IN_BLOCKS, ids=[f"{m.name}-{law.name}" for law, m in IN_BLOCKS])
def test_laws_hold_a_few_rows_at_a_time(law: Law, subject: Subject) -> None:
    with few_rows_at_a_time():
        record = examine(law, subject, Run(budget="quick", derandomize=True))
    assert record.status == "holds", record.failure or record.reason


def test_who_launches_nothing_is_told() -> None:
    told = "launched {'triton_softmax_sums._forward': 3, 'triton_entropy_sums._forward': 1}"
    assert untouched(told) == ["triton_softmax_sums._backward", "triton_entropy_sums._backward"]
