"""The profile of a process of one's own: a function, logarithms, a method; and its picture."""

from __future__ import annotations

import math
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.methods.d3pm import D3PM_ABSORBING, D3PM_UNIFORM
from tests.methods.reference import BY_RATES
from unmask.implementations import DiscretizedGaussian, Grid, Interpolating
from unmask.properties import Process, Schedule, delta_profile, draw_profiles
from unmask.reference.noise.ordinal import ehrenfest_binomials
from unmask.reference.smoothness.projective_distance import ehrenfest_distance, uniform_distance

#: A rounding for each product, sum and logarithm behind a distance, of which there are no more than 32.
EPS = float(np.finfo(np.float64).eps)
ROUNDED = 32 * EPS
ROOT = Path(__file__).parents[2]
FREE = Schedule("free", betas=(Fraction(1, 4), Fraction(1, 2)))
UNIFORM = Process("uniform", 3, "discrete", FREE, T=2)
ABSORBING = Process("absorbing", 4, "discrete", FREE, T=2, mask=1)


def test_of_a_function() -> None:
    found = delta_profile(lambda a: ehrenfest_binomials(a, 5), [Fraction(3, 4), Fraction(1, 4)])
    for line, gap in (("neighbors", 1), ("median", 2), ("largest", 4)):
        expected = [float(ehrenfest_distance(a, gap)) for a in (Fraction(3, 4), Fraction(1, 4))]
        assert np.allclose(getattr(found, line), expected, rtol=ROUNDED, atol=0)
    assert (found.difference("largest") == np.tanh(found.largest / 4)).all()


def test_of_logarithms_out_of_the_range_of_floats() -> None:
    process = DiscretizedGaussian(6, [2.0**-10], dtype=torch.float64)
    plain = delta_profile(lambda t: process.transition(torch.tensor(0), torch.tensor(t)), [1])
    logs = delta_profile(process.log_product, [1], logs=True)
    assert plain.largest[0] == math.inf
    assert 1000 < logs.largest[0] < math.inf


@pytest.mark.parametrize("offers", ["transition", "projective_distance"])
def test_of_a_method(offers: str) -> None:
    one = D3PM_UNIFORM.but(name="one", offers=(offers,))
    found = delta_profile(one, [1, 2], p=UNIFORM)
    expected = [float(uniform_distance(a, 3)) for a in (Fraction(3, 4), Fraction(3, 8))]
    for line in ("neighbors", "median", "largest"):
        assert np.allclose(getattr(found, line), expected, rtol=ROUNDED, atol=0)
    assert found.name == "one"


def test_of_the_reference() -> None:
    p = Process("ehrenfest", 4, "continuous", Schedule("linear"))
    found = delta_profile(BY_RATES, [Fraction(1, 4), Fraction(1, 2)], p=p)
    expected = [float(ehrenfest_distance(1 - t, 1)) for t in (Fraction(1, 4), Fraction(1, 2))]
    assert np.allclose(found.neighbors, expected, rtol=ROUNDED, atol=0)


def test_the_mask_is_no_data_and_no_pair() -> None:
    """Visible states are infinitely far apart; the mask would be nobody's neighbor."""
    by_method = delta_profile(D3PM_ABSORBING, [1, 2], p=ABSORBING)
    masks = Interpolating.absorbing(Grid([0.25, 0.5]), 4, 1, dtype=torch.float64)
    by_function = delta_profile(lambda t: masks.transition(torch.tensor(0), torch.tensor(t)), [1, 2], mask=1)
    for found in (by_method, by_function):
        assert (found.neighbors == math.inf).all()
        assert (found.difference("median") == 1).all()
    all_masked = np.eye(3)[[2, 2, 2]]
    assert math.isnan(delta_profile(lambda t: all_masked, [1], mask=2).largest[0])


def test_without_matplotlib_it_says_so(tmp_path: Path) -> None:
    profile = delta_profile(lambda t: np.full((2, 2), 0.5), [1])
    if find_spec("matplotlib") is None:
        with pytest.raises(ImportError, match="matplotlib"):
            draw_profiles([profile], tmp_path / "a.svg")
    else:
        for name in ("a.svg", "b.svg"):
            draw_profiles([profile], tmp_path / name)
        assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_the_picture_is_there_and_knows_no_date() -> None:
    text = (ROOT / "docs" / "figures" / "delta_profile.svg").read_text(encoding="utf-8")
    assert text.startswith("<?xml")
    assert "<dc:date>" not in text
