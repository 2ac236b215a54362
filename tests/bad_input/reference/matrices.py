"""What schedules, steps and rates refuse."""

from __future__ import annotations

import math
from fractions import Fraction as F
from typing import Any

import numpy as np

from tests.bad_input.bad import Asked, Wrong
from tests.bad_input.reference.given import (
    EVEN,
    HALF,
    amount,
    array_of,
    asked,
    count,
    function,
    id_of,
    ids,
    kind,
    law,
    matrix,
    ndarray,
    number,
    positive,
    rate,
    unit,
    value,
)

U = unit("u")
MASK = id_of("mask")


def linear(t: Any) -> Any:
    return 1 - t


def schedules() -> list[Asked]:
    return [
        asked("noise.schedules.linear_beta_rate", U, amount("first"), amount("last"), u=HALF, first=1, last=2),
        asked("noise.schedules.cosine", U, amount("offset"), u=HALF, offset=0),
        asked("noise.schedules.log_linear", U, number("eps"), value("eps", 1, r"eps = 1; valid: 0 <= eps < 1"),
              value("eps", -1, "eps = -1"), u=HALF, eps=0),
        asked("noise.schedules.geometric", U, positive("sigma_min"), positive("sigma_max"),
              value("sigma_min", 30, "sigma_min = 30, sigma_max = 20; valid"), u=HALF, sigma_min=1, sigma_max=20),
        asked("noise.schedules.mutual_information", U, u=HALF),
        asked("noise.schedules.polynomial", U, count("n"), u=HALF, n=2),
        asked("noise.schedules.linear_betas", unit("first"), unit("last"), count("T"), first=0, last=1, T=2),
        asked("noise.schedules.mutual_information_betas", count("T"), T=2),
        asked("noise.schedules.alphas_from_betas", each_unit("betas"), betas=EVEN),
        asked("noise.schedules.betas_from_alphas", each_unit("alphas"), value("alphas", [], r"alphas = \[\]; valid"),
              value("alphas", [HALF, 1], "alphas = .*; valid: .*do not grow"), alphas=[1, HALF]),
        asked("noise.schedules.total_noise", U, function("alpha"),
              value("alpha", lambda u: 2, r"alpha\(1/2\) = 2; valid: 0 <= "), alpha=linear, u=HALF),
        asked("noise.schedules.slope", U, function("alpha"), alpha=linear, u=HALF),
        asked("noise.schedules.noise_rate", U, function("alpha"), alpha=linear, u=HALF),
        asked("noise.schedules.alphas", count("T"), function("alpha"), alpha=linear, T=2),
    ]


def each_unit(name: str) -> tuple[Wrong, ...]:
    return (
        kind(name, 3, f"{name} = 3 of type int; valid: a sequence"),
        kind(name, ["much"], rf"{name}\[0\] = 'much'"),
        value(name, [2], rf"{name}\[0\] = 2; valid: 0 <= "),
        value(name, [math.nan], rf"{name}\[0\] = nan"),
    )


def steps() -> list[Asked]:
    one = np.array([1.0])
    return [
        asked("numbers.stochastic.check_stochastic", array_of("matrix"),
              value("matrix", [1, 1], "matrix has a row that sums to 2"),
              value("matrix", [2, -1], "matrix has a negative entry"),
              value("matrix", [[1, 0]], r"matrix has shape \(1, 2\)"), value("matrix", 1, r"matrix has shape \(\)"),
              value("shape", "[K, K]", r"matrix has shape \(2,\); valid: \[K, K\]"), matrix=EVEN, shape="[K]"),
        asked("noise.transition_matrices.frozen", ndarray("values"), values=one),
        asked("noise.transition_matrices.one_hot", ids("index", "[...]"), count("K"), index=[0], K=2),
        asked("noise.transition_matrices.shows", ids("index", "[...]"), count("K"), index=[0], K=2),
        asked("noise.transition_matrices.interpolating", unit("keep"), law("prior"), keep=HALF, prior=EVEN),
        asked("noise.transition_matrices.uniform_prior", count("K"), K=2),
        asked("noise.transition_matrices.absorbing_prior", count("K"), MASK, K=2, mask=1),
        asked("noise.transition_matrices.mask_and_uniform_prior", unit("share"), count("K"), MASK, share=HALF, K=2, mask=1),
        asked("noise.transition_matrices.uniform", unit("beta"), count("K"), beta=HALF, K=2),
        asked("noise.transition_matrices.absorbing", unit("beta"), count("K"), MASK, beta=HALF, K=2, mask=1),
        asked("noise.transition_matrices.mask_and_uniform", unit("to_mask"), unit("to_uniform"), count("K"), MASK,
              value("to_mask", F(3, 4), r"to_mask \+ to_uniform = 5/4; valid: at most 1"),
              to_mask=HALF, to_uniform=HALF, K=2, mask=1),
        asked("noise.transition_matrices.match_kind", number("number"), ndarray("values"), number=0.5, values=one),
        asked("noise.transition_matrices.interpolating_rate", law("prior"), prior=EVEN),
        asked("noise.transition_matrices.uniform_rate", count("K"), K=2),
        asked("noise.transition_matrices.absorbing_rate", count("K"), MASK, K=2, mask=1),
        asked("noise.ordinal.discretized_gaussian", amount("beta"), count("K", 2), beta=HALF, K=2),
        asked("noise.ordinal.band", unit("beta"), count("K"), count("width"), beta=HALF, K=2, width=1),
        asked("noise.ordinal.birth_death_rate", count("K"), K=2),
        asked("noise.ordinal.ehrenfest_rate", count("K"), K=2),
        asked("noise.ordinal.birth_death_spectrum", amount("noise"), count("K"), noise=1, K=2),
        asked("noise.ordinal.ehrenfest_binomials", unit("alpha"), count("K"), alpha=HALF, K=2),
        asked("noise.ordinal.binomial_prior", count("K"), K=2),
        asked("noise.neighbors.nearest_neighbors", array_of("embeddings"), count("k"),
              value("embeddings", [0, 1], r"embeddings has shape \(2,\); valid: \[K, d\]"),
              value("embeddings", [[0.0], [math.inf]], "embeddings has an infinite entry"),
              value("k", 2, "k = 2; valid: at most K - 1 = 1"), embeddings=[[0], [1]], k=1),
        asked("noise.neighbors.neighbor_rate", array_of("neighbors"),
              value("neighbors", [1, 0], r"neighbors has shape \(2,\)"),
              value("neighbors", [[0.5], [0.0]], r"neighbors has shape \(2, 1\) and dtype float64"),
              value("neighbors", [[1], [2]], r"neighbors\[1\] = \[.*2.*\]"),
              value("neighbors", [[1], [-1]], r"neighbors\[1\]"),
              value("neighbors", [[0], [0]], r"neighbors\[0\] = .*0"), neighbors=[[1], [0]]),
        asked("noise.neighbors.with_mask", matrix("step"), unit("to_mask"), step=[[1]], to_mask=HALF),
        asked("noise.neighbors.with_mask_rate", rate(), amount("speed"), rate=[[0]], speed=1),
        asked("noise.rate_time.check_rate", rate(), rate=[[0]]),
        asked("noise.rate_time.step", rate(), amount("noise"), noise=1, rate=[[0]]),
        asked("noise.rate_time.stationary_limit", rate(), rate=[[0]]),
        asked("noise.drifting_prior.composed", pair("first"), pair("second"), first=(HALF, EVEN), second=(HALF, EVEN)),
        asked("noise.drifting_prior.drifting_prior", each_unit("betas"), kind("priors", 3, "priors = 3 of type int"),
              value("priors", [], "1 betas and 0 priors"),
              value("priors", [[1, 1]], r"priors\[0\] has a row that sums to 2"),
              kind("priors", [None], r"priors\[0\] = None"), betas=[HALF], priors=[EVEN]),
        asked("noise.drifting_prior.drifting_prior",
              value("priors", [EVEN, [1]], r"priors have the shapes \[\(2,\), \(1,\)\]"),
              betas=EVEN, priors=[EVEN, EVEN]),
    ]


def pair(name: str) -> tuple[Wrong, ...]:
    return (
        kind(name, 3, f"{name} = 3 of type int"),
        value(name, (HALF,), rf"{name} = .*; valid: a probability and a law"),
        value(name, (2, EVEN), rf"{name}\[0\] = 2; valid: 0 <= "),
        value(name, (HALF, [1, 1]), rf"{name}\[1\] has a row that sums to 2"),
        value(name, (HALF, [1]), r"first\[1\] has shape \(.,\) and second\[1\] \(.,\); valid"),
        value(name, (HALF, [EVEN, EVEN]), rf"{name}\[1\] has shape \(2, 2\)"),
    )


ASKED = [*schedules(), *steps()]
