"""The experiment on spectral bias: its targets are exact, its waves are orthonormal, and it runs."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
import scipy.linalg

from examples import spectral_bias as experiment
from examples import spectral_targets as exact
from unmask.reference.likelihood import denoisers
from unmask.reference.noise import transition_matrices
from unmask.reference.noise.corruption import ContinuousTime
from unmask.reference.noise.ordinal import birth_death_rate
from unmask.reference.numbers.arithmetic import to_float

TARGETS = exact.all_targets()
EPS = float(np.finfo(np.float64).eps)
#: Largest number of terms, of size one and with a rounding each, in a sum below.
MOST_TERMS = 4096
IDS = [f"{t.group}, {t.name}" for t in TARGETS]


def near(found: Any, expected: Any, terms: int = MOST_TERMS) -> bool:
    """Whether two sums of ``terms`` numbers of size one agree to their roundings."""
    return bool(np.abs(np.asarray(found) - expected).max() <= terms * EPS)


@pytest.mark.parametrize("target", TARGETS, ids=IDS)
def test_waves_are_orthonormal_and_see_the_whole_target(target: exact.Target) -> None:
    gram = (target.waves * target.weights) @ target.waves.T
    assert np.abs(gram - np.eye(len(gram))).max() <= MOST_TERMS * EPS
    assert near(target.weights.sum(), 1)
    assert near(target.law.sum(), 1)
    assert near(target.weights @ target.values, 0)
    assert near(target.energy.sum(), 1), "all of the variance is in the waves that are looked at"


def test_the_masked_denoiser_is_bayes_rule() -> None:
    """Summed over all clean sequences of six tokens and the hidden one, for some patterns of masks."""
    clean = np.array(list(product((-1, 1), repeat=exact.TOKENS)))
    full = exact.masked_mean(clean.astype(float))
    for seen in np.random.default_rng(0).integers(-1, 2, (20, exact.TOKENS)):
        fits = ((clean == seen) | (seen == 0)).all(1)
        assert near(exact.masked_mean(seen[None].astype(float))[0], full[fits].mean())


@pytest.mark.parametrize("kept", exact.KEPT)
def test_the_uniform_denoiser_is_bayes_rule(kept: float) -> None:
    clean = np.array(list(product((-1, 1), repeat=exact.TOKENS)))
    agree = kept + (1 - kept) / 2
    likelihood = np.where(clean[:, None] == clean[None], agree, 1 - agree).prod(-1)
    mean = exact.masked_mean(clean.astype(float)) @ likelihood / likelihood.sum(0)
    assert near(exact.uniform_mean(clean.astype(float), kept), mean, terms=2**exact.TOKENS * exact.TOKENS)


def test_denoisers_of_levels_are_those_of_the_reference() -> None:
    K, kept = exact.LEVELS, Fraction(1, 2)
    place = (2 * np.arange(K) + 1) / K - 1
    law = np.zeros(K)
    law[((exact.POINTS + 1) * K / 2).astype(int)] = 1 / len(exact.POINTS)
    flat = ContinuousTime(lambda t: 1 - t, transition_matrices.uniform_prior(K))
    mean = to_float(denoisers.posterior_denoiser(flat, law, 1, 1 - kept))[:, 0] @ place
    shown = next(t for t in TARGETS if t.group == "uniform noise on 64 levels" and t.name == "kept 0.5")
    assert near(shown.values * shown.spread, mean - mean.mean())
    noise = 0.3**2 / (2 * (2 / K) ** 2)
    reached = scipy.linalg.expm(noise * to_float(birth_death_rate(K)))
    mean = (law * place) @ reached / (law @ reached)
    shown = next(t for t in TARGETS if t.group == "walk on 64 levels" and t.name == "noise 0.3")
    assert near(shown.values * shown.spread, mean - mean.mean())


def test_uniform_noise_on_levels_has_one_shape_whatever_its_amount() -> None:
    shapes = [t.values for t in TARGETS if t.group == "uniform noise on 64 levels"]
    assert len(shapes) == 3
    assert near(shapes[0], shapes[1])
    assert near(shapes[0], shapes[2])


def test_a_few_steps_are_the_same_again_and_go_down() -> None:
    few = TARGETS[:2]
    first, again = (experiment.train(few, steps=20, seeds=1) for _ in (1, 2))
    for a, b in zip(first, again, strict=True):
        assert np.array_equal(a.by_band, b.by_band, equal_nan=True)
        assert a.error[-1] < a.error[0]
    assert len(experiment.table(first).splitlines()) == 4
