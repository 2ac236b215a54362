"""The implementation's arg max, at sizes and ends that laws draw seldom."""

from __future__ import annotations

import math

import pytest
import torch

from unmask.implementations import (
    ArgMax,
    CosineLogSNR,
    Grid,
    Interpolating,
    LinearBetaLogSNR,
    LinearLogSNR,
    arg_max_alpha,
    arg_max_noised,
    arg_max_slope,
)
from unmask.reference.gaussian import arg_max as exact
from unmask.reference.numbers.arithmetic import MP

EPS = torch.finfo(torch.float64).eps


def at(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.parametrize("K", [2, 3, 30, 128_000])
@pytest.mark.parametrize("log_snr", [-30.0, -4.0, 0.0, 3.0, 5.0])
def test_it_is_the_definition_to_a_few_ulps(K: int, log_snr: float) -> None:
    ratio = MP.exp(MP.mpf(log_snr) / 2)
    truth = (
        (arg_max_alpha, exact.arg_max_alpha(ratio, K)),
        (arg_max_noised, K * exact.probability_of_another(ratio, K)),
        (arg_max_slope, exact.arg_max_slope(ratio, K) * ratio / 2),
    )
    for function, value in truth:
        found = float(function(at(log_snr), K))
        # Exponents as large as r^2 / 4 and log K are rounded, and a step is a sum of a few hundred terms.
        ops = 32 + float(ratio) ** 2 + 4 * math.log(K)
        assert abs(found - value) <= ops * EPS * value, (function.__name__, found, value)


def test_it_ends_where_it_should() -> None:
    ends = at(math.inf, 60.0, -math.inf)
    assert arg_max_alpha(ends, 5).tolist() == [1.0, 1.0, 0.0]
    assert arg_max_noised(ends, 5).tolist()[:2] == [0.0, 0.0]
    assert arg_max_noised(ends, 5)[2].item() == pytest.approx(1.0, rel=64 * EPS)
    assert arg_max_slope(ends, 5).tolist() == [0.0, 0.0, 0.0]


def test_shapes_and_dtypes() -> None:
    assert arg_max_alpha(torch.zeros(2, 3), 4).shape == (2, 3)
    assert arg_max_alpha(torch.zeros(0), 4).shape == (0,)
    assert arg_max_alpha(torch.zeros(1, dtype=torch.float32), 4).dtype == torch.float64


def test_short_steps_keep_their_digits() -> None:
    """hit(s, t) is a difference of alphas, even where the two are equal in float64"""
    schedule, s = ArgMax(LinearLogSNR(4.0, -6.0), 50), at(0.25)
    for width in (2.0**-40, 2.0**-20, 2.0**-4):
        t = s + width
        early, late = (exact.arg_max_alpha(MP.exp((4 - 10 * MP.mpf(float(u))) / 2), 50) for u in (s, t))
        truth = 1 - late / early
        assert abs(float(schedule.hit(s, t)) - truth) <= 64 * EPS * truth
        assert abs(float(schedule.drop(s, t)) - (early - late)) <= 64 * EPS * (early - late)


@pytest.mark.parametrize("log_snr", [LinearLogSNR(4.0, -6.0), CosineLogSNR(5.0, -5.0), LinearBetaLogSNR()])
def test_rates_are_derivatives(log_snr) -> None:
    schedule, t, h = ArgMax(log_snr, 7), torch.linspace(0.2, 0.8, 7, dtype=torch.float64), 1e-5
    change = schedule.drop(t - h, t + h) / (2 * h)
    torch.testing.assert_close(schedule.slope(t), change, rtol=1e-6, atol=0)
    torch.testing.assert_close(schedule.rate(t) * schedule.alpha(t), schedule.slope(t))


def test_without_noise_at_first_nothing_is_lost() -> None:
    schedule = ArgMax(LinearBetaLogSNR(), 3)
    start = at(0.0)
    assert schedule.alpha(start).item() == 1
    assert schedule.one_minus_alpha(start).item() == 0
    assert schedule.slope(start).item() == 0
    assert schedule.hit(start, at(0.5)).item() == pytest.approx(schedule.one_minus_alpha(at(0.5)).item(), rel=1e-13)


@pytest.mark.parametrize("K", [3, 1000])
def test_it_is_a_schedule_of_the_uniform_process(K: int) -> None:
    """Marginals are P(arg max z_t = k|x), and two steps compose, in float32 as well, on both clocks"""
    curve = ArgMax(LinearLogSNR(5.0, -5.0), K)
    p = Interpolating.uniform(curve, K, dtype=torch.float32)
    x0 = torch.tensor([[1]])
    for t in (0.1, 0.5, 0.9):
        ratio = MP.exp((5 - 10 * MP.mpf(t)) / 2)
        law = p.marginal(x0, at(t))[0, 0]
        assert float(law[1]) == pytest.approx(float(exact.probability_to_stay(ratio, K)), rel=1e-6)
        assert float(law[0]) == pytest.approx(float(exact.probability_of_another(ratio, K)), rel=1e-6)
    grid = Grid.from_schedule(ArgMax(LinearBetaLogSNR(), K), 8)
    product = torch.cumprod(1 - grid.betas, 0)
    # Two alphas in each factor, of at most 16 roundings each, and as many where alpha is asked for.
    rounded = (2 * 8 + 1) * 16 * torch.finfo(product.dtype).eps
    torch.testing.assert_close(product, grid.alpha(torch.arange(1, 9)), rtol=rounded, atol=0)
