"""When to train: times that are uniform, and schedules that lose information evenly."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import unmask.implementations as fast
from unmask.implementations import (
    BirthDeath,
    Grid,
    Interpolating,
    antithetic_times,
    betas_from_noise,
    information_grid,
    information_schedule,
    low_discrepancy_times,
    mutual_information,
    uniform_times,
)
from unmask.properties.claims.claim import close, sampled
from unmask.properties.claims.judges import judge

EPS = 2.0**-52
Times = Callable[..., Tensor]
KINDS: dict[str, Times] = {"uniform": uniform_times, "low": low_discrepancy_times, "antithetic": antithetic_times}


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# ---------------------------------------------------------------------- training times
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("T", [None, 1, 3, 4])
def test_every_time_is_uniform(kind: str, T: int | None) -> None:
    """At every place in the batch, over many batches."""
    g, N, batches, cells = rng(1), 5, 4000, 8
    times = torch.stack([KINDS[kind](N, g, T=T) for _ in range(batches)])
    if T is None:
        assert times.dtype == torch.float64
        assert ((times > 0) & (times <= 1)).all()
        bins, count = (times * cells).ceil().long() - 1, cells
    else:
        assert times.dtype == torch.int64
        assert ((times >= 1) & (times <= T)).all()
        bins, count = times - 1, T
    counts = np.stack([np.bincount(bins[:, i].numpy(), minlength=count) for i in range(N)])
    verdict = judge(sampled(counts, np.full((N, count), 1 / count)), EPS)
    assert verdict.holds, verdict


@pytest.mark.parametrize("N", [1, 2, 7, 64])
def test_one_time_in_every_stratum(N: int) -> None:
    for seed in range(50):
        t = low_discrepancy_times(N, rng(seed))
        assert sorted((t * N).ceil().long().tolist()) == list(range(1, N + 1))
        gaps = t.roll(-1) - t
        # Two times, each rounded twice, and their difference: numbers of at most 1.
        assert torch.allclose(gaps % 1, torch.full_like(t, 1 / N) % 1, rtol=0, atol=5 * torch.finfo(t.dtype).eps)


@pytest.mark.parametrize(("N", "T"), [(3, 3), (12, 4), (7, 7), (5, 3), (3, 5), (10, 1), (1, 9)])
def test_discrete_times_come_up_evenly(N: int, T: int) -> None:
    for seed in range(200):
        counts = torch.bincount(low_discrepancy_times(N, rng(seed), T=T), minlength=T + 1)[1:]
        if N % T == 0:
            assert (counts == N // T).all()
        else:
            assert (counts >= N // T - 1).all()
            assert (counts <= N // T + 2).all()


@pytest.mark.parametrize("T", [None, 1, 6])
@pytest.mark.parametrize("N", [0, 1, 2, 9])
def test_pairs_mirror_each_other(N: int, T: int | None) -> None:
    t = antithetic_times(N, rng(3), T=T)
    assert t.shape == (N,)
    even = t[: N // 2 * 2].reshape(-1, 2)
    if T is None:
        assert torch.equal(even.max(-1).values, 1 - even.min(-1).values)
    else:
        assert (even.sum(-1) == T + 1).all()


@pytest.mark.parametrize("kind", KINDS)
def test_times_conduct(kind: str) -> None:
    draw = KINDS[kind]
    assert draw(0, rng()).shape == (0,)
    assert draw(0, rng(), T=3).shape == (0,)
    assert torch.equal(draw(9, rng(4)), draw(9, rng(4)))
    assert draw(2, rng(), T=2**40).dtype == torch.int64


@pytest.mark.parametrize("kind", ["low", "antithetic"])
def test_they_lower_the_variance(kind: str) -> None:
    """Of a monotone function's mean; the mean itself is right (a gap of 6 standard errors, fixed seed)."""
    means = {
        name: torch.stack([KINDS[name](8, g).square().mean() for _ in range(2000)])
        for name, g in ((kind, rng(5)), ("uniform", rng(6)))
    }
    assert means[kind].var() < means["uniform"].var() / 2
    assert abs(float(means[kind].mean()) - 1 / 3) < 6 * float(means[kind].std()) / 2000**0.5


# ---------------------------------------------------------------------- information
DATA = torch.tensor([0.5, 0.25, 0.125, 0.125], dtype=torch.float64)
RATES = torch.diag_embed(torch.ones(3, dtype=torch.float64), 1)
RATES = RATES + RATES.T
RATES = RATES - torch.diag(RATES.sum(-1))
FLOOR = torch.diag(torch.tensor([1.0, 0, 0, 0], dtype=torch.float64))


def entropy(law: Tensor) -> float:
    return float(torch.special.entr(law).sum())


def uniform_kernel(noise: float) -> Tensor:
    return math.exp(-noise) * torch.eye(4, dtype=torch.float64) - math.expm1(-noise) / 4


def downhill(noise: float) -> Tensor:
    """One step down at a time, and no way back."""
    return torch.matrix_exp(
        (torch.diag_embed(torch.ones(3, dtype=torch.float64), -1) - torch.eye(4)) * noise + noise * FLOOR
    )


def by_probability(p: float) -> Tensor:
    return (1 - p) * torch.eye(4, dtype=torch.float64) + p / 4


def banded(noise: float) -> Tensor:
    return torch.matrix_exp(RATES * noise)


def plain_information(matrix: Tensor, law: Tensor) -> float:
    """``H(x_0) + H(x_t) - H(x_0, x_t)``."""
    return entropy(law) + entropy(law @ matrix) - entropy(law[:, None] * matrix)


@pytest.mark.parametrize("noise", [0.0, 0.125, 1.0, 8.0])
@pytest.mark.parametrize("kernel", [uniform_kernel, banded, downhill])
def test_information_is_its_definition(kernel: Callable[[float], Tensor], noise: float) -> None:
    matrix = kernel(noise)
    found = float(mutual_information(matrix, DATA))
    # Entropies of some nats, from 16 terms each.
    assert judge(close(found, plain_information(matrix, DATA), ops=64, scale=entropy(DATA)), EPS).holds


def test_little_information_keeps_its_digits() -> None:
    """``I`` tends to ``(1/2) sum_ij p_i m_j (Q_ij/m_j - 1)^2``, here with uniform data and noise."""
    flat = torch.full((4,), 0.25, dtype=torch.float64)
    alpha = 2.0**-30
    matrix = alpha * torch.eye(4, dtype=torch.float64) + (1 - alpha) / 4
    found = float(mutual_information(matrix, flat))
    # Per row: (1/2) (9 + 3) alpha^2 / 4, up to alpha^3; the matrix itself is known to a relative 2^-52/alpha.
    assert abs(found / (alpha**2 * 12 / 8) - 1) < 2.0**-20


@pytest.mark.parametrize("T", [1, 2, 5, 16])
@pytest.mark.parametrize(
    ("kernel", "most"), [(uniform_kernel, math.inf), (banded, math.inf), (downhill, math.inf), (by_probability, 1.0)]
)
def test_information_falls_linearly(kernel: Callable[[float], Tensor], most: float, T: int) -> None:
    noise = information_schedule(kernel, DATA, T, most=most)
    assert noise.shape == (T + 1,)
    assert noise.dtype == torch.float64
    assert noise[0] == 0
    assert noise[-1] == most
    assert (noise.diff() > 0).all()
    H = entropy(DATA)
    left = [float(mutual_information(kernel(float(n)), DATA)) for n in noise[:-1]]
    # One bit of the noise moves the information by no more than the kernel's own rounding does.
    assert judge(close(left, [H * (T - t) / T for t in range(T)], ops=64, scale=H), EPS).holds


def test_absorbing_noise_has_the_closed_form() -> None:
    data = torch.tensor([0.5, 0.0, 0.375, 0.125], dtype=torch.float64)
    T = 50
    grid = information_grid(data, T, mask=1)
    assert judge(close(grid.betas.numpy(), Grid.mutual_information(T).betas.numpy(), ops=64 * T), EPS).holds


@pytest.mark.parametrize("T", [1, 4])
def test_uniform_grid_loses_information_evenly(T: int) -> None:
    grid = information_grid(DATA, T)
    process = Interpolating.uniform(grid, 4, dtype=torch.float64)
    times = torch.arange(1, T + 1)
    matrices = process.transition(torch.zeros_like(times), times)
    left = [float(mutual_information(m, DATA)) for m in matrices]
    H = entropy(DATA)
    assert judge(close(left, [H * (T - t) / T for t in range(1, T + 1)], ops=64 * T, scale=H), EPS).holds


def test_grid_of_a_process_driven_by_rates() -> None:
    T = 6
    grid = Grid(betas_from_noise(information_schedule(banded, DATA, T)))
    process = BirthDeath(grid, 4, dtype=torch.float64)
    times = torch.arange(1, T + 1)
    left = [float(mutual_information(m, DATA)) for m in process.transition(torch.zeros_like(times), times)]
    H = entropy(DATA)
    assert judge(close(left, [H * (T - t) / T for t in range(1, T + 1)], ops=64 * T, scale=H), EPS).holds


def test_float32_data_is_taken() -> None:
    assert information_grid(torch.tensor([0.1, 0.2, 0.7]), 3).T == 3


def test_betas_of_noise() -> None:
    noise = torch.tensor([0.0, math.log(2), math.log(2), math.log(8), math.inf, math.inf], dtype=torch.float64)
        # A difference of two logarithms, each rounded, and an exponential.
    expected = torch.tensor([0.5, 0, 0.75, 1, 1], dtype=torch.float64)
    assert torch.allclose(betas_from_noise(noise), expected, rtol=8 * torch.finfo(torch.float64).eps, atol=0)


# ---------------------------------------------------------------------- what is refused
Case = tuple[str, Callable[[], object], type[Exception], str]


def bad_times(target: str, draw: Any) -> list[Case]:
    g = rng()
    return [
        (target, lambda: draw(-1, g), ValueError, r"N must be at least 0, got -1"),
        (target, lambda: draw(2.0, g), TypeError, r"N must be an int, got float 2\.0"),
        (target, lambda: draw(2, None), TypeError, r"generator must be a torch\.Generator, got NoneType"),
        (target, lambda: draw(2, g, T=0), ValueError, r"T must be at least 1, got 0"),
        (target, lambda: draw(2, g, T=2.5), TypeError, r"T must be an int, got float 2\.5"),
        (target, lambda: draw(2, g, device="cpu"), TypeError, r"device must be device, got str 'cpu'"),
    ]


def refusals() -> list[Case]:
    solve: Any = information_schedule
    info: Any = mutual_information
    grid: Any = information_grid
    betas: Any = betas_from_noise
    eye = torch.eye(4, dtype=torch.float64)
    stuck = torch.block_diag(torch.full((2, 2), 0.5), eye[:2, :2]).double()
    found = bad_times("uniform_times", uniform_times) + bad_times("low_discrepancy_times", low_discrepancy_times)
    found += bad_times("antithetic_times", antithetic_times)
    found += [
        ("mutual_information", lambda: info(eye, None), TypeError, r"data must be a torch\.Tensor"),
        ("mutual_information", lambda: info(eye, DATA * 2), ValueError, r"data must sum to 1"),
        ("mutual_information", lambda: info(eye[:3], DATA), ValueError, r"matrix must have shape \[4, 4\]"),
        ("mutual_information", lambda: info(eye * 2, DATA), ValueError, r"matrix must have rows that sum to 1"),
        ("information_schedule", lambda: solve(eye, DATA, 3), TypeError, r"kernel must be a function"),
        ("information_schedule", lambda: solve(banded, DATA, 0), ValueError, r"T must be at least 1, got 0"),
        ("information_schedule", lambda: solve(banded, DATA, 3, most=0), ValueError, r"most must be in \(0, inf\]"),
        ("information_schedule", lambda: solve(banded, eye[0], 3), ValueError, r"data must have at least two classes"),
        ("information_schedule", lambda: solve(banded, eye, 3), ValueError, r"data must have shape \[K\]"),
        ("information_schedule", lambda: solve(lambda n: banded(n + 1), DATA, 3), ValueError, r"identity at noise 0"),
        (
            "information_schedule",
            lambda: solve(lambda n: eye.float(), DATA, 3),
            TypeError,
            r"kernel\(0\) must have dtype",
        ),
        ("information_schedule", lambda: solve(lambda n: 2 * eye, DATA, 3), ValueError, r"kernel\(0\) must have rows"),
        (
            "information_schedule",
            lambda: solve(lambda n: torch.lerp(eye, stuck, min(n, 1.0)), DATA, 5),
            ValueError,
            r"kernel must lose all but 0\.\d+ nats below noise inf",
        ),
        ("information_schedule", lambda: solve(by_probability, DATA, 9, most=0.5), ValueError, r"below noise 0\.5"),
        ("information_grid", lambda: grid(DATA, 3, mask=4), ValueError, r"mask must be in 0\.\.3, got 4"),
        ("information_grid", lambda: grid(DATA, 3, mask=0), ValueError, r"data must give the mask 0 probability 0"),
        ("information_grid", lambda: grid(DATA[:1] * 2, 3), ValueError, r"data must have at least 2 classes, got 1"),
        ("betas_from_noise", lambda: betas([0.0, 1.0]), TypeError, r"total_noise must be a torch\.Tensor"),
        ("betas_from_noise", lambda: betas(DATA[:1]), ValueError, r"total_noise must hold at least two"),
        ("betas_from_noise", lambda: betas(DATA.sort().values), ValueError, r"must start at 0, got 0\.125"),
        ("betas_from_noise", lambda: betas(eye[1]), ValueError, r"total_noise must not decrease, got 0"),
        ("betas_from_noise", lambda: betas(torch.tensor([0.0, math.nan])), ValueError, r"not decrease, got nan"),
    ]
    return found


CASES = refusals()


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c[0]}: {c[3]}")
def test_refused(case: Case) -> None:
    target, call, error, says = case
    assert target in fast.__all__
    with pytest.raises(error) as caught:
        call()
    assert type(caught.value) is error
    assert re.search(says, str(caught.value)), f"the message is: {caught.value}"
