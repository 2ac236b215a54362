"""No digit is lost in kernels: the worst gaps of both paths stay below the ceilings that are kept."""

from __future__ import annotations

import json
from pathlib import Path

import mpmath
import numpy as np
import pytest
import torch

from tests.conduct import kernel_ulps as ulps
from tests.kernels.sums import DTYPES


@pytest.mark.exhaustive
def test_gaps_do_not_grow() -> None:
    """Of the path that is taken here; `test_triton.py` asks the other."""
    table, ceilings = ulps.measured(), ulps.kept()[ulps.path()]
    assert ulps.grown(table, ceilings) == []
    assert set(table) == set(ceilings)


def test_every_path_result_and_dtype_has_a_ceiling() -> None:
    kept = ulps.kept()
    assert set(kept) == {"plain", "triton"}
    assert set(kept["plain"]) - set(kept["triton"]) == {f"linear.{part}" for part in ("hidden", "matrix", "bias")}
    dtypes = {str(dtype).removeprefix("torch.") for dtype in DTYPES}
    assert all(set(row) == dtypes for table in kept.values() for row in table.values())


def test_a_gap_that_grows_is_told(tmp_path: Path) -> None:
    told = ulps.grown({"sum": {"float32": 3.0, "float64": 1.0}, "new": {"float32": 0.5}}, {"sum": {"float32": 2.0}})
    assert told == [
        "sum in float32: 3 ulps, at most 2.0",
        "sum in float64: 1 ulps, at most None",
        "new in float32: 0.5 ulps, at most None",
    ]
    ulps.write({"plain": {"sum": {"float32": 2.0}}}, tmp_path / "ulps.json")
    assert json.loads((tmp_path / "ulps.json").read_text()) == {"plain": {"sum": {"float32": 2.0}}}


def test_the_unit_is_a_rounding() -> None:
    """Of a number that is wrong by one in its last place, and of one that is not a number."""
    truth = np.array([mpmath.mpf(1)])
    for found, gap in ((1 + torch.finfo(torch.float32).eps, 1.0), (1.0, 0.0)):
        one = ulps.Measured("sum", torch.tensor([found]), truth, truth, torch.float32)
        assert ulps.worst(one) == gap
    lost = ulps.Measured("sum", torch.tensor([torch.nan]), truth, truth, torch.float32)
    assert ulps.grown({"sum": {"float32": ulps.worst(lost)}}, {"sum": {"float32": 1e9}}) != []
