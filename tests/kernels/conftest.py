"""In Triton's interpreter, tests of kernels take half the time; and chosen rows are visited in both of two ways."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import nullcontext

import pytest
import torch

from tests.kernels.laws.interpreter import interprets, launches
from unmask.implementations.kernels import rows


@pytest.fixture(scope="session", autouse=True)
def _quick_interpreter() -> Iterator[None]:
    with launches() if interprets() else nullcontext():
        yield


@pytest.fixture(params=["in-blocks"] if interprets() else ["in-blocks", "one-by-one"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """How the CPU visits chosen rows, as if they had few classes, or many: some at a time, or one by one."""
    monkeypatch.setattr(rows, "APART", {"in-blocks": sys.maxsize, "one-by-one": 0}[request.param])
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield request.param
    torch.set_num_threads(threads)
