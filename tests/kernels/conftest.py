"""In Triton's interpreter, tests of kernels take half the time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from tests.kernels.laws.interpreter import interprets, launches


@pytest.fixture(scope="session", autouse=True)
def _quick_interpreter() -> Iterator[None]:
    with launches() if interprets() else nullcontext():
        yield
