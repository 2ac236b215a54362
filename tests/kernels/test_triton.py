"""The tests of the sums once more, on Triton's kernels: its interpreter runs them where there is no GPU."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernels.laws.interpreter import UNAVAILABLE
from tests.thinned import thinned

TESTS = Path(__file__).parents[1]
IMPORTED = """
import sys
import unmask.implementations
import unmask.implementations.kernels.softmax_sums, unmask.implementations.kernels.entropy_sums
print(sorted(name for name in sys.modules if name.startswith(("triton", "unmask.implementations.kernels.triton"))))
"""
#: Files of tests, in groups that take about the same time.
TOGETHER = (
    ("kernels/test_triton_arithmetic", "kernels/test_softmax_sums", "kernels/test_entropy_sums"),
    ("kernels/test_conduct",),
    ("conduct/test_kernel_ulps",),
    ("kernels/test_large_vocabularies",),
)


@pytest.mark.skipif(UNAVAILABLE, reason="Triton has no build for this system")
@pytest.mark.parametrize("names", thinned(TOGETHER, 4), ids=" and ".join)
def test_in_the_interpreter(names: tuple[str, ...]) -> None:
    """In a process of its own: Triton asks once, as functions are decorated, whether it should interpret them."""
    tests = [str(TESTS / f"{name}.py") for name in names]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests],
        cwd=TESTS.parent,
        env={**os.environ, "TRITON_INTERPRET": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_triton_is_imported_when_it_is_needed() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORTED], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
