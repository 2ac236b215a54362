"""The reference itself under the laws, in exact numbers: one subject per meaning of a network's output.

Here a network "outputs" probabilities (or concrete scores) as fractions, and results are NumPy arrays of fractions, or
of 40-digit numbers where a logarithm or a transcendental schedule enters.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np

from tests.methods.functions import functions
from unmask.properties import Process, Schedule, Subject, processes
from unmask.properties.subjects.processes.families import REDRAWING, family
from unmask.reference.likelihood import continuous_elbo, elbo, rates, reverse
from unmask.reference.noise import forward, information
from unmask.reference.noise import posterior as bayes
from unmask.reference.numbers import arithmetic as numbers
from unmask.reference.numbers import transcendental
from unmask.reference.sedd import concrete_score_matching as squares
from unmask.reference.smoothness.projective_distance import projective_distances

Array = Any


def _rows(t: Any, count: int) -> list[Any]:
    """One time per row."""
    times = list(t) if isinstance(t, (list, tuple, np.ndarray)) else [t]
    return times * count if len(times) == 1 else times


def _by_time(function: Any, count: int, *times: Any) -> Array:
    """Apply ``function(rows, *times)`` to each group of rows with the same times."""
    together: dict[tuple[Any, ...], list[int]] = {}
    for row, key in enumerate(zip(*(_rows(t, count) for t in times), strict=True)):
        together.setdefault(key, []).append(row)
    parts = [(rows, function(rows, *key)) for key, rows in together.items()]
    if not parts:
        return None
    shape = np.shape(parts[0][1])[1:]
    result = np.empty((count, *shape), dtype=object)
    for rows, values in parts:
        result[rows] = values
    return result


def _or_empty(result: Array, shape: tuple[int, ...]) -> Array:
    return np.empty(shape, dtype=object) if result is None else result


def alpha(p: Process, t: Any) -> Array:
    times = t if isinstance(t, (list, tuple, np.ndarray)) else [t]
    return np.array([p.truth.alpha(u) for u in times], dtype=object)


def rate(p: Process, t: Any) -> Array:
    times = t if isinstance(t, (list, tuple, np.ndarray)) else [t]
    return np.array([p.truth.noise_rate(u) if p.T is None else p.rate(u) for u in times], dtype=object)


def information_alpha(p: Process, weights: Array, t: Any) -> Array:
    """To 54 bits: each bit is one matrix exponential in 40 digits."""
    assert p.T is not None
    kind = p.kind.redraws_from
    if kind is None:
        noise = replace(p, clock="continuous", T=None, schedule=Schedule("linear"))
        forgets = information.by_rates(noise.exact.rate)
    else:
        forgets = information.by_redrawing([kind(p, k) for k in range(p.K)])
    hit = information.information_schedule(forgets, list(weights), p.T, tolerance=2.0**-54)
    return np.array([1 - hit[u] for u in t], dtype=object)


def transition(p: Process, s: Any, t: Any) -> Array:
    return p.truth.transition(s, t)


def projective_distance(p: Process, t: Any) -> Array:
    return projective_distances(p.truth.marginal(t)[list(p.clean)])


def marginal(p: Process, x0: Array, t: Any) -> Array:
    found = _by_time(lambda rows, u: forward.marginal(p.truth, x0[rows], u), len(x0), t)
    return _or_empty(found, (0, x0.shape[1], p.K))


def _draw(law: Array, seed: int) -> Array:
    rng = np.random.default_rng(seed)
    cumulated = numbers.to_float(law).cumsum(-1)
    cumulated = cumulated / cumulated[..., -1:]
    return (rng.random(law.shape[:-1])[..., None] >= cumulated).sum(-1)


def sample(p: Process, x0: Array, t: Any, generator: int) -> Array:
    return _draw(marginal(p, x0, t), generator) if len(x0) else x0


def posterior(p: Process, x0: Array, xt: Array, s: Any, t: Any) -> Array:
    found = _by_time(lambda rows, a, b: bayes.posterior(p.truth, x0[rows], xt[rows], a, b), len(x0), s, t)
    return _or_empty(found, (0, x0.shape[1], p.K))


def prior_kl(p: Process, x0: Array) -> Array:
    return np.array([elbo.prior_term(p.truth, x, p.end) for x in x0], dtype=object)


def denoise_as(parameterization: str) -> Any:
    def denoise(p: Process, output: Array, xt: Array, t: Any) -> Array:
        return reverse.subs_denoiser(output, xt, int(p.mask or 0)) if parameterization == "subs" and len(xt) else output

    return denoise


def reverse_as(parameterization: str) -> Any:
    def kernel(p: Process, output: Array, xt: Array, s: Any, t: Any) -> Array:
        found = _by_time(
            lambda rows, a, b: reverse.reverse_kernel(p.truth, parameterization, output[rows], xt[rows], a, b),
            len(xt),
            s,
            t,
        )
        return _or_empty(found, (0, xt.shape[1], p.K))

    return kernel


def step_as(parameterization: str) -> Any:
    kernel = reverse_as(parameterization)

    def step(p: Process, output: Array, xt: Array, s: Any, t: Any, generator: int) -> Array:
        if not len(xt):
            return xt
        # Exact kernels are slow and statistical laws repeat their rows: compute each run of equal rows once.
        times = list(zip(_rows(s, len(xt)), _rows(t, len(xt)), strict=True))
        moved = (xt[1:] != xt[:-1]).any(-1) | (output[1:] != output[:-1]).any((-1, -2))
        turned = np.array([now != before for before, now in itertools.pairwise(times)], dtype=bool)
        new = [0, *(1 + np.flatnonzero(moved | turned))]
        law = kernel(p, output[new], xt[new], [times[i][0] for i in new], [times[i][1] for i in new])
        return _draw(np.repeat(law, np.diff([*new, len(xt)]), axis=0), generator)

    return step


def loss_as(parameterization: str) -> Any:
    def term(p: Process, output: Array, x0: Array, xt: Array, t: Any) -> Array:
        if p.T is None:
            return continuous_elbo.integrand(p.truth, parameterization, output, x0, xt, t)
        kernel = reverse.reverse_kernel(p.truth, parameterization, output, xt, t - 1, t)
        return elbo.pointwise_term(p.truth, kernel, x0, xt, t - 1, t)

    def loss(p: Process, output: Array, x0: Array, xt: Array, t: Any) -> Array:
        found = _by_time(lambda rows, u: term(p, output[rows], x0[rows], xt[rows], u), len(xt), t)
        return _or_empty(found, (0,))

    return loss


def hybrid_as(parameterization: str) -> Any:
    loss = loss_as(parameterization)

    def hybrid_loss(p: Process, output: Array, x0: Array, xt: Array, t: Any, weight: float) -> Array:
        if not len(xt):
            return loss(p, output, x0, xt, t)
        at_x0 = np.take_along_axis(output, x0[..., None], -1)[..., 0]
        plain, surprise, share = numbers.common(loss(p, output, x0, xt, t), -transcendental.log(at_x0).sum(-1), weight)
        return plain + share * surprise

    return hybrid_loss


def squared_loss(p: Process, output: Array, x0: Array, xt: Array, t: Any) -> Array:
    found = _by_time(lambda rows, u: squares.integrand(p.truth, output[rows], x0[rows], xt[rows], u), len(xt), t)
    return _or_empty(found, (0,))


def score_as(parameterization: str) -> Any:
    def score(p: Process, output: Array, xt: Array, t: Any) -> Array:
        found = _by_time(
            lambda rows, u: reverse.denoiser_to_score(p.truth, parameterization, output[rows], xt[rows], u), len(xt), t
        )
        return _or_empty(found, (0, xt.shape[1], p.K))

    return score


def reverse_rate_as(parameterization: str) -> Any:
    def at(p: Process, output: Array, xt: Array, u: Any) -> Array:
        if parameterization == "velocity":
            return rates.one_way_rate(p.truth, output, xt, u)
        return rates.reverse_rate(p.truth, reverse.denoiser_to_score(p.truth, parameterization, output, xt, u), xt, u)

    def reverse_rate(p: Process, output: Array, xt: Array, t: Any) -> Array:
        found = _by_time(lambda rows, u: at(p, output[rows], xt[rows], u), len(xt), t)
        return _or_empty(found, (0, xt.shape[1], p.K))

    return reverse_rate


def reference(
    meaning: str, name: str, *families: str, clock: Any = "both", K: tuple[int, int] = (2, 4), **more: Any
) -> Subject:
    """The reference with one meaning of the network's output."""
    # On the discrete clock alpha is read off the matrices, which tell it only where hits forget the class.
    hits = all(family(f).hits and (clock == "continuous" or f in (*REDRAWING, "drifting-prior")) for f in families)
    offered: dict[str, Any] = {
        **({"alpha": alpha, "rate": rate} if hits else {}),
        **({} if meaning == "velocity" else {"posterior": posterior, "score": score_as(meaning)}),
        **({} if meaning == "score" else {"denoise": denoise_as(meaning)}),
        **({} if clock == "discrete" else {"reverse_rate": reverse_rate_as(meaning)}),
        "transition": transition,
        "projective_distance": projective_distance,
        "marginal": marginal,
        "sample": sample,
        "prior_kl": prior_kl,
        "reverse": reverse_as(meaning),
        "step": step_as(meaning),
        "loss": loss_as(meaning),
    }
    # Exact numbers are slow: small processes are drawn, and large ones are asked about where a law needs them.
    space = replace(processes(*families, clock=clock, mask="any", K=K, T=(1, 4)), stated_sizes=())
    return Subject(functions(offered | more), space, output=meaning, scheme="exact", name=name, arrays="exact")


EVERYTHING = ("uniform", "absorbing", "mask-and-uniform")
JOINT_SUM = reference(
    "joint-sum", "reference/joint-sum", *EVERYTHING,
    hybrid_loss=hybrid_as("joint-sum"), joint_sum=reverse_as("joint-sum"), mixture=reverse_as("mixture"),
)  # fmt: skip
MIXTURE = reference(
    "mixture", "reference/mixture", *EVERYTHING,
    hybrid_loss=hybrid_as("mixture"), information_alpha=information_alpha,
)  # fmt: skip
SUBS = reference("subs", "reference/subs", "absorbing")
SCORE = reference("score", "reference/score", *EVERYTHING, clock="continuous", squared_loss=squared_loss)
VELOCITY = reference("velocity", "reference/velocity", "uniform", "absorbing", clock="continuous")

BY_CLASS = reference("subs", "reference/state-dependent", "state-dependent-masking", K=(3, 4))

MOVING = reference("joint-sum", "reference/masks-and-bump", "masks-and-bump", clock="continuous", K=(3, 4))

RATES = ("birth-death", "ehrenfest", "nearest-neighbor", "masked-nearest-neighbor")
BY_LEVELS = reference("joint-sum", "reference/levels", "discretized-gaussian", "band", clock="discrete")
DRIFTING = reference("mixture", "reference/drifting", "drifting-prior", clock="discrete")
# A slow mode needs five levels.
BY_RATES = reference("joint-sum", "reference/rates", *RATES, K=(2, 5), information_alpha=information_alpha)
BY_RATES_SCORE = reference("score", "reference/rates-score", *RATES, clock="continuous", squared_loss=squared_loss)

ALL = [
    JOINT_SUM,
    MIXTURE,
    SUBS,
    SCORE,
    VELOCITY,
    BY_CLASS,
    MOVING,
    BY_LEVELS,
    DRIFTING,
    BY_RATES,
    BY_RATES_SCORE,
]
