"""Laws of whole paths: how far two of them are apart bounds the likelihood (SEDD, appendix A, eq. 26-27).

A path in continuous time is looked at on a grid of times.  There noise that starts at x_0 and the model that jumps
backward from the prior are Markov chains, whose steps are known without error if scores do not change with time.  No
grid sees more than there is: the divergence on it is at most that of the paths, which is what it tends to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import reduce
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pytest

from unmask.reference import ContinuousTime, array, real, same
from unmask.reference.likelihood.continuous_elbo import nelbo
from unmask.reference.likelihood.continuous_likelihood import log_likelihood_by_exponential, reverse_generator
from unmask.reference.likelihood.elbo import expectation, prior_term
from unmask.reference.likelihood.reverse import reverse_kernel, subs_denoiser
from unmask.reference.noise.corruption import absorbing_prior, mask_and_uniform_prior, shows, uniform_prior
from unmask.reference.noise.forward import sequence_marginal, sequence_transition
from unmask.reference.noise.schedules import log_linear, mutual_information, total_noise
from unmask.reference.numbers.arithmetic import MP, Array, elementwise
from unmask.reference.numbers.divergences import kl
from unmask.reference.numbers.linear_algebra import exponential
from unmask.reference.numbers.quadrature import integral
from unmask.reference.numbers.sequences import all_sequences, product_law
from unmask.reference.numbers.transcendental import log
from unmask.reference.sedd.score_entropy import dwdse

Draw = Callable[..., Array]
F = Fraction
TINY = MP.mpf(10) ** -30
# Of two results of a quadrature that agree so far the later is good to twice as many digits.
SETTLED = 1e-6


class Model(NamedTuple):
    """A process, and scores ``[K^L, L, K]`` that are not those of any data."""

    process: ContinuousTime
    score: Array

    @property
    def L(self) -> int:
        return int(self.score.shape[1])

    @property
    def prior(self) -> Array:
        return product_law(np.stack([self.process.prior] * self.L))

    def step_back(self, s: Any, t: Any) -> Array:
        """p(x_s|x_t) of the paths, rows are sources: the exponential of the reverse rates, for the noise in between."""
        x = all_sequences(self.L, self.process.K)
        jumps = self.process.rate.T[x] * self.score
        generator = reverse_generator(np.where(shows(x, self.process.K), jumps - jumps, jumps))
        noise = total_noise(self.process.alpha, t) - total_noise(self.process.alpha, s)
        return exponential(elementwise(real, generator) * noise)


CASES = {"two positions": (2, 2), "three classes": (3, 1), "mask-and-uniform": (3, 1)}


@pytest.fixture(params=CASES)
def model(request: pytest.FixtureRequest, draw: Draw) -> Model:
    K, L = CASES[request.param]
    masked = request.param == "mask-and-uniform"
    prior = mask_and_uniform_prior(F(2, 3), K, K - 1) if masked else uniform_prior(K)
    return Model(ContinuousTime(lambda t: log_linear(t, F(1, 2)), prior), draw(K**L, L, K) * 2)


def even(n: int) -> list[Fraction]:
    return [F(k, n) for k in range(n + 1)]


# Laws of paths have one axis for each time of the grid, in the order of time.


def law_of_noise(process: ContinuousTime, n: int, L: int, times: Sequence[Any]) -> Array:
    """Paths of noise from the sequence of number ``n``."""
    start = array([F(int(k == n)) for k in range(process.K**L)])
    steps = [sequence_transition(process, s, t, L) for s, t in pairwise(times)]
    return reduce(lambda law, step: law[..., None] * step, steps, start)


def law_of_model(prior: Array, step_back: Callable[[Any, Any], Array], times: Sequence[Any]) -> Array:
    """Paths that start at the last time, and go back."""
    steps = [step_back(s, t).T for s, t in reversed(list(pairwise(times)))]
    return reduce(lambda law, step: step[(..., *[None] * (law.ndim - 1))] * law[None], steps, prior)


def others(law: Array, axis: int) -> tuple[int, ...]:
    return tuple(k for k in range(law.ndim) if k != axis % law.ndim)


def apart(noise: Array, backward: Array) -> Any:
    """The divergence of two laws of paths, summed path by path."""
    return kl(noise.reshape(-1), backward.reshape(-1))


def by_steps(model: Model, n: int, times: Sequence[Any]) -> tuple[Any, Any]:
    """The same without enumeration: the prior's part, and the sum of what each step back adds."""
    process, L = model.process, model.L
    x0 = all_sequences(L, process.K)[n]
    laws = [sequence_marginal(process, x0, t) for t in times]
    total: Any = MP.zero
    for (s, t), (before, after) in zip(pairwise(times), pairwise(laws), strict=True):
        bayes = (before[:, None] * sequence_transition(process, s, t, L) / after).T
        total += expectation(after, kl(bayes, model.step_back(s, t)))
    return kl(laws[-1], model.prior), total


# ---- eq. 26


def test_the_likelihood_is_bounded_by_the_divergence_of_paths(model: Model) -> None:
    """Of a path only its start is kept: -log p(x_0) is what is left of the divergence, and what is lost is told."""
    times = even(3)
    backward = law_of_model(model.prior, model.step_back, times)
    nll = -log_likelihood_by_exponential(model.process, model.score, model.L)
    starts = backward.sum(axis=others(backward, 0))
    assert same(log(starts), -nll, ulps=2**12)
    for n in range(len(starts)):
        noise = law_of_noise(model.process, n, model.L, times)
        assert noise.sum() == 1
        found = apart(noise, backward)
        assert abs(kl(noise.sum(axis=others(noise, 0)), starts) - nll[n]) < TINY
        assert found > nll[n] + F(1, 1000)
        assert abs(found - nll[n] - apart(noise[n], backward[n] / starts[n])) < TINY


def test_looking_at_more_times_shows_more(model: Model) -> None:
    """The same paths on finer grids: between -log p(x_0) and the right side of theorem 3.6."""
    fine, coarse = (law_of_model(model.prior, model.step_back, even(n)) for n in (4, 2))
    assert all(abs(v) < TINY for v in (fine.sum(axis=(1, 3)) - coarse).flat)
    nll = -log_likelihood_by_exponential(model.process, model.score, model.L)[0]
    x0 = all_sequences(model.L, model.process.K)[0]
    most = nelbo(model.process, "score", lambda t: model.score, x0, tolerance=SETTLED)
    found = [sum(by_steps(model, 0, even(n))) for n in (1, 2, 4, 8)]
    assert all(b > a + F(1, 10_000) for a, b in pairwise([nll, *found, most]))


def test_under_the_mask_one_position_loses_nothing(draw: Draw) -> None:
    """Its path has one jump, at a time that the model has right: all that can be wrong is seen at the start."""
    p = ContinuousTime(mutual_information, absorbing_prior(3, 2))
    table, x = draw(3, 1, 3), all_sequences(1, 3)
    predicted = subs_denoiser(table, x, 2)[2, 0]

    def step_back(s: Any, t: Any) -> Array:
        return reverse_kernel(p, "subs", table, x, s, t)[:, 0]

    for times in (even(1), even(4), [F(0), F(1, 7), F(2, 3), F(1)]):
        backward = law_of_model(p.prior, step_back, times)
        assert backward.sum() == 1
        assert same(backward.sum(axis=others(backward, 0)), predicted)
        for n in range(2):
            assert abs(apart(law_of_noise(p, n, 1, times), backward) + MP.log(real(predicted[n]))) < TINY


# ---- eq. 27


def test_the_divergence_of_paths_is_the_priors_and_that_of_what_follows(model: Model) -> None:
    """An equality, which is printed as an inequality."""
    times = even(4)
    backward = law_of_model(model.prior, model.step_back, times)
    x = all_sequences(model.L, model.process.K)
    for n in (0, len(x) - 1):
        noise = law_of_noise(model.process, n, model.L, times)
        end, prior = noise.sum(axis=others(noise, -1)), backward.sum(axis=others(backward, -1))
        assert all(abs(v) < TINY for v in prior - model.prior)
        given = [apart(noise[..., k] / end[k], backward[..., k] / prior[k]) for k in range(len(x))]
        first, follows = prior_term(model.process, x[n], 1), expectation(end, array(given))
        assert first > F(1, 1000)
        assert abs(apart(noise, backward) - first - follows) < TINY
        assert all(abs(a - b) < TINY for a, b in zip(by_steps(model, n, times), (first, follows), strict=True))


def test_what_follows_tends_to_the_dwdse(model: Model) -> None:
    """... of theorem 3.6, from below and at the rate 1/N; the prior's part is the same on every grid."""
    x0 = all_sequences(model.L, model.process.K)[0]
    limit = integral(lambda t: dwdse(model.process, model.score, x0, t), 0, 1, SETTLED)
    sizes = [2, 4, 8, 16, 32]
    found = [by_steps(model, 0, even(N)) for N in sizes]
    assert all(abs(first - prior_term(model.process, x0, 1)) < TINY for first, _ in found)
    missing = [limit - follows for _, follows in found]
    off = [abs(a / b - 2) for a, b in pairwise(missing)]
    assert missing[-1] > 0
    assert off == sorted(off, reverse=True)
    assert off[-1] < F(1, 8)
    # N times what is missing is a + b/N: its differences halve, which no other limit would let them.
    rests = [b - a for a, b in pairwise([N * e for N, e in zip(sizes, missing, strict=True)])]
    assert all(abs(a / b - 2) < F(1, 6) for a, b in pairwise(rests)), rests
