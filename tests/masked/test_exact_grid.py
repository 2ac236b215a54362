"""MDLM's grid: T + 1 times, of which the first is noisy already and the last has nothing left (app. B, eq. 33-38)."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import combinations
from typing import Any

import pytest

from unmask.reference import ContinuousTime, DiscreteTime, real, same
from unmask.reference.likelihood.elbo import nelbo, nelbo_by_trajectories, prior_term, reverse_law
from unmask.reference.likelihood.reverse import reverse_kernel, subs_denoiser
from unmask.reference.masked.masked_language_model import masked_cross_entropy, predict_from_table
from unmask.reference.noise.corruption import absorbing, absorbing_prior
from unmask.reference.noise.forward import sequence_marginal
from unmask.reference.noise.schedules import mutual_information
from unmask.reference.numbers.arithmetic import MP, Array
from unmask.reference.numbers.divergences import kl
from unmask.reference.numbers.sequences import all_sequences

Draw = Callable[..., Array]
F = Fraction
TINY = MP.mpf(10) ** -36
K, MASK, L = 3, 2, 2
X0 = [1, 0]
SIZES = [1, 2, 5]


def time(i: int, T: int) -> Fraction:
    """t(i), for i from 0 to T."""
    return F(i + 1, T + 1)


def chain(T: int) -> DiscreteTime:
    """T + 1 steps, each of which masks as many tokens as any other: one in T + 1 of all."""
    visible = [F(T + 1 - k, T + 1) for k in range(T + 1)]
    return DiscreteTime(tuple(absorbing(F(1, T + 1) / v, K, MASK) for v in visible), absorbing_prior(K, MASK))


@pytest.mark.parametrize("T", SIZES)
def test_alpha_on_the_grid(T: int) -> None:
    """Eq. 33: time i is the end of step i + 1, and alpha = 1 - t at that time."""
    p, continuous = chain(T), ContinuousTime(mutual_information, absorbing_prior(K, MASK))
    for i in range(T + 1):
        assert p.alpha(i + 1) == continuous.alpha(time(i, T)) == 1 - F(i + 1, T + 1)
        for j in range(i, T + 1):
            assert same(p.transition(i + 1, j + 1), continuous.transition(time(i, T), time(j, T)))


@pytest.mark.parametrize("T", SIZES)
def test_alpha_at_both_ends_of_the_grid(T: int) -> None:
    """Eq. 34-35: something is lost at the first time, nothing is left at the last."""
    p = chain(T)
    assert (p.alpha(1), p.alpha(T + 1)) == (F(T, T + 1), 0)
    assert p.alpha(T) > 0


@pytest.mark.parametrize("T", SIZES)
def test_the_first_time_masks_one_in_all_steps_and_the_last_everything(T: int) -> None:
    """Eq. 36-38; a step before the last, where a token may still be seen, the prior would be infinitely far away."""
    p, hidden = chain(T), (all_sequences(L, K) == MASK).sum(axis=1)
    first = sequence_marginal(p, X0, 1)
    assert [first[hidden == n].sum() for n in range(L + 1)] == [
        F(T, T + 1) ** 2,
        F(2 * T, (T + 1) ** 2),
        F(1, T + 1) ** 2,
    ]
    assert sequence_marginal(p, X0, T + 1)[hidden == L].sum() == 1
    assert prior_term(p, X0, T + 1) == 0
    assert prior_term(p, X0, T) == MP.inf


@pytest.mark.parametrize("T", [1, 2, 3])
def test_the_chain_of_t_steps_is_the_bound_without_the_reconstruction(draw: Draw, T: int) -> None:
    """The paper's T steps begin at t(0), and bound how far the model is from noise there; a step more rebuilds X0."""
    p, x = chain(T), all_sequences(L, K)
    tables = [subs_denoiser(draw(K**L, L, K), x, MASK) for _ in range(T + 2)]

    def reverse(s: int, t: int) -> Array:
        return reverse_kernel(p, "subs", tables[t], x, s, t)

    def expected(k: int) -> Any:
        """The cross-entropy at what is masked at the end of step k."""
        predict, masked = predict_from_table(tables[k], K, MASK), F(k, T + 1)
        sets = [positions for n in range(L + 1) for positions in combinations(range(L), n)]
        chances = [real(masked ** len(positions) * (1 - masked) ** (L - len(positions))) for positions in sets]
        losses = [masked_cross_entropy(predict, X0, positions) for positions in sets]
        return sum((chance * loss for chance, loss in zip(chances, losses, strict=True)), MP.zero)

    whole, steps = range(T + 2), range(1, T + 2)
    # Step i leads from t(i - 1) to t(i): its weight (alpha_s - alpha_t) / (1 - alpha_t) is 1 / (i + 1).
    diffusion = sum((real(F(1, i + 1)) * expected(i + 1) for i in range(1, T + 1)), MP.zero)
    assert abs(nelbo(p, reverse, X0, steps) - diffusion) < TINY
    assert abs(nelbo(p, reverse, X0, whole) - diffusion - expected(1)) < TINY
    for times in (whole, steps):
        assert abs(nelbo(p, reverse, X0, times) - nelbo_by_trajectories(p, reverse, X0, times)) < TINY
    # A single step, from a sequence that is known, is all there is to know of its path.
    lost = diffusion - kl(sequence_marginal(p, X0, 1), reverse_law(p, reverse, steps, L))
    assert lost > F(1, 100) if T > 1 else abs(lost) < TINY
