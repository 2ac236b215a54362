"""``validate=False`` reads no values, so that nothing synchronizes; shapes and dtypes are still checked."""

from __future__ import annotations

import math

import pytest
import torch

from tests.bad_input.implementations.chains import HALF, IDS
from tests.bad_input.implementations.given import MASK, K, at, fast, ids, logits


def test_interpolating() -> None:
    p = fast.Interpolating.absorbing(fast.LogLinear(validate=False), K, MASK, validate=False)
    assert p.marginal(ids(0, MASK), at(0.5)).shape == (1, 2, K)
    assert fast.SEDD(p).loss(logits(math.nan), ids(0, 1), ids(0, MASK), at(0.5)).shape == (1,)
    with pytest.raises(ValueError, match="t must have shape"):
        p.marginal(ids(0, 1), at(0.5, 0.5))
    with pytest.raises(TypeError, match="x0 must have dtype"):
        p.marginal(torch.zeros(1, 2), at(0.5))


def test_chains() -> None:
    p = fast.BirthDeath(fast.LogLinear(validate=False), 4, validate=False)
    assert p.marginal(IDS, HALF).shape == (1, 2, 4)
    assert p.reverse(torch.zeros(1, 2, 4), IDS, HALF / 2, HALF).shape == (1, 2, 4)
    with pytest.raises(ValueError, match="t must have shape"):
        p.marginal(IDS, torch.tensor([0.5, 0.5]))
