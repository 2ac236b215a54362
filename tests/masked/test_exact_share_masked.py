"""How many tokens training sees: the mean over time of what is masked (MDLM, eq. 88-89)."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from unmask.reference import ContinuousTime, DiscreteTime, Process
from unmask.reference.likelihood.elbo import expectation
from unmask.reference.noise.corruption import absorbing, absorbing_prior
from unmask.reference.noise.forward import sequence_marginal
from unmask.reference.noise.schedules import (
    cosine,
    linear_beta_rate,
    log_linear,
    mutual_information,
    mutual_information_betas,
    polynomial,
)
from unmask.reference.numbers.arithmetic import MP
from unmask.reference.numbers.quadrature import integral
from unmask.reference.numbers.sequences import all_sequences

F = Fraction
K, MASK, L = 3, 2, 2
X0 = [1, 0]
HIDDEN = (all_sequences(L, K) == MASK).sum(axis=1)


def masked(process: Process, t: Any) -> Any:
    """The expected number of masks at a time, counted in every noisy sequence."""
    return expectation(sequence_marginal(process, X0, t), HIDDEN)


@pytest.mark.parametrize(
    ("alpha", "share"),
    [
        (mutual_information, F(1, 2)),
        (lambda t: log_linear(t, F(1, 1000)), F(999, 2000)),
        (lambda t: cosine(t) ** 2, F(1, 2)),
        (cosine, 1 - 2 / MP.pi),
        (lambda t: polynomial(t, 2), F(2, 3)),
        (lambda t: linear_beta_rate(t, 8, 8), 1 - (1 - MP.exp(-8)) / 8),
    ],
    ids=["1 - t", "log-linear", "squared cosine", "cosine", "squared", "linear noise"],
)
def test_half_of_the_tokens_are_masked_if_alpha_is_1_minus_t(alpha: Callable[[Any], Any], share: Any) -> None:
    """The mean over uniform times; the squared cosine has as many, by its symmetry, and other schedules have not."""
    p = ContinuousTime(alpha, absorbing_prior(K, MASK))
    assert abs(integral(lambda t: masked(p, t), 0, 1, 1e-7) - L * share) < 1e-12


@pytest.mark.parametrize("T", [1, 2, 5, 10])
def test_on_a_grid_more_than_half_are_masked(T: int) -> None:
    """The mean over t = 1, ..., T of t/T: time 0, at which nothing is masked, is never drawn."""
    p = DiscreteTime(tuple(absorbing(b, K, MASK) for b in mutual_information_betas(T)), absorbing_prior(K, MASK))
    assert sum(masked(p, t) for t in range(1, T + 1)) / T == L * F(T + 1, 2 * T)
