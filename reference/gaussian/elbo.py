"""The bound on the likelihood in Gaussian diffusion, on a grid of times and in continuous time.

A network predicts data x^(z, t).  The generative model draws z_T from N(0, v), then z_s from the bridge q(z_s|z_t, x)
with x^(z_t, t) in place of x, for each step, and at last x among the points of the data set, with probability
proportional to q(z_0|x).  The negative bound on log p(x), in nats, is

    KL(q(z_T|x) || N(0, v)) + sum_t E KL(q(z_s|z_t, x) || p(z_s|z_t)) - E log p(x|z_0).

Every divergence is an integral over z, and so is every expectation: adaptive quadrature, no closed form.  For the
divergence of two Gaussians one stands beside it (`gaussian_kl`), and tests hold them together.

How fast the grid's bound approaches that of continuous time.  Let f(S) = E |x - x^|^2 / 2 at signal-to-noise ratio S.
The step from t to s contributes (S_s - S_t) f(S_t), one end of a Riemann sum of f over S, which exceeds the integral
over [S_t, S_s] by -(S_s - S_t)^2 f'(S_t) / 2 + O((S_s - S_t)^3).  With S a smooth function of u = t/T the steps are
|S'(u)|/T, and so the sum exceeds the integral by (1/2T) * integral of |S'(u)| df/du du, up to O(1/T^2): the rate is
1, and as f grows with noise for a perfect predictor, more steps bound better.

Source: Kingma et al. (arXiv 2107.00630, eq. 11-18 and appendix E).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from unmask.reference.gaussian import diffusion as gaussian
from unmask.reference.gaussian.levels import levels
from unmask.reference.numbers.arithmetic import MP, Array, array, check_count, common, numbered, real, scalars, to_float
from unmask.reference.numbers.checks import check_finite, check_function
from unmask.reference.numbers.quadrature import scipy_integrate
from unmask.reference.numbers.transcendental import log

#: How many standard deviations of a Gaussian are integrated over: beyond them lies less than 1e-44 of it.
REACH = 14


def _gaussian(**named: Any) -> tuple[Any, ...]:
    values = scalars(**named)
    for (name, given), value in zip(named.items(), values, strict=True):
        spread = "variance" in name or name in ("sigma", "step")
        if abs(value) == MP.inf or (spread and not value > 0):
            valid = "a positive finite number" if spread else "a finite number"
            raise ValueError(f"{name} = {given}; valid: {valid}")
    return values


def divergence(mean: Any, variance: Any, other_mean: Any, other_variance: Any) -> Any:
    """KL(N(mean, variance) || N(other_mean, other_variance)) by its definition, the integral of q log(q/p), 40 digits.

    Raises ValueError unless all are finite and the variances positive.

    >>> MP.nstr(divergence(0, 1, 1, 1), 20)
    '0.5'
    """
    given = _gaussian(mean=mean, variance=variance, other_mean=other_mean, other_variance=other_variance)
    m, v, n, w = (real(value) for value in given)
    sd = MP.sqrt(v)

    def integrand(y: Any) -> Any:
        z = m + sd * y
        ratio = ((z - n) ** 2 / w - y * y + MP.log(w / v)) / 2
        return MP.exp(-y * y / 2) * ratio

    return MP.quad(integrand, [-REACH, -4, 0, 4, REACH]) / MP.sqrt(2 * MP.pi)


def gaussian_kl(mean: Any, variance: Any, other_mean: Any, other_variance: Any) -> Any:
    """The same in closed form: ((m - n)^2 / w + v/w - 1 - log(v/w)) / 2, for arrays that broadcast.

    Raises ValueError unless all are finite and the variances positive.

    >>> float(gaussian_kl(0.0, 1.0, 1.0, 1.0))
    0.5
    """
    named = {"mean": mean, "variance": variance, "other_mean": other_mean, "other_variance": other_variance}
    m, v, n, w = (check_finite(name, a) for name, a in zip(named, common(**named), strict=True))
    for name, given in (("variance", v), ("other_variance", w)):
        if not (given > 0).all():
            raise ValueError(f"{name} = {given!r}; valid: positive finite numbers")
    surplus, square = common(v / w - 1 - log(v / w), (m - n) ** 2 / w)
    return np.asarray((square + surplus) / 2)[()]


def diffusion_term(x: Any, predicted: Any, z: Any, earlier: tuple[Any, Any], later: tuple[Any, Any]) -> Any:
    """KL(q(z_s|z_t, x) || p(z_s|z_t)), where p is the bridge of the predicted data, by quadrature, 40 digits.

    `x`, `predicted`, `z`: numbers; `earlier`, `later`: (alpha, sigma^2) at s and t, errors as for `gaussian.bridge`.
    Kingma et al. (arXiv 2107.00630, eq. 13) find (SNR(s) - SNR(t)) |x - predicted|^2 / 2, whatever z.

    >>> MP.nstr(diffusion_term(1, 0, 5, (1, 0.5), (1, 1)), 20)
    '0.5'
    """
    mean, variance = gaussian.bridge(x, z, earlier, later)
    other, _ = gaussian.bridge(predicted, z, earlier, later)
    return divergence(mean[()], variance, other[()], variance)


def prior_term(x: Any, end: tuple[Any, Any], prior_variance: Any) -> Any:
    """KL(q(z_T|x) || N(0, prior_variance)) by quadrature, 40 digits; `end`: (alpha, sigma^2) at the last time.

    Raises ValueError unless all is finite and the variances positive.

    >>> MP.nstr(prior_term(1, (1, 1), 1), 20)
    '0.5'
    """
    signal, noise = end
    signal, noise, clean, width = _gaussian(signal=signal, variance=noise, x=x, prior_variance=prior_variance)
    return divergence(signal * clean, noise, 0, width)


def reconstruction(x: Any, z: Any, points: object, start: tuple[Any, Any]) -> Any:
    """-log p(x|z_0), where p(x|z_0) is proportional to q(z_0|x) over the points of the data set; 40 digits.

    `x`: a number among `points` [K]; `z`: a number, z_0; `start`: (alpha, sigma) at time 0.
    Kingma et al. (arXiv 2107.00630, section 3.3).  Raises ValueError unless x is one of the points.

    >>> MP.nstr(reconstruction(1, 0, [-1, 1], (1, 1)), 6)
    '0.693147'
    """
    (noisy,) = scalars(z=z)
    among = [float(v) for v in array(points, "points").ravel()]
    if float(x) not in among:
        raise ValueError(f"x = {x} is not among points = {among}")
    share = gaussian.posterior_weights(real(noisy), points, [real(1) / len(among)] * len(among), *map(real, start))
    return -log(share[among.index(float(x))])


def _pairs(name: str, values: Sequence[tuple[Any, Any]], least: int) -> list[tuple[float, float]]:
    found = [tuple(to_float(list(pair))) for pair in numbered(name, values).values()]
    if len(found) < least or any(len(pair) != 2 or min(pair) <= 0 for pair in found):
        raise ValueError(f"{name} = {values!r}; valid: at least {least} pairs (alpha, sigma) of positive numbers")
    return [(float(a), float(b)) for a, b in found]


def expectation(function: Callable[[float], float], mean: float, sigma: float) -> float:
    """E f(z) for z from N(mean, sigma^2), by adaptive quadrature in float64, to about 1e-11 of E |f|.

    `function`: of one float.  Raises TypeError unless it can be called, ValueError unless sigma > 0, both finite.

    >>> round(expectation(lambda z: z * z, 1.0, 2.0), 9)
    5.0
    """
    check_function("function", function)
    m, v = _gaussian(mean=mean, variance=float(sigma) * abs(float(sigma)))
    sd = float(v) ** 0.5

    def integrand(y: float) -> float:
        return float(np.exp(-y * y / 2)) * function(float(m) + sd * y)

    quad = scipy_integrate().quad
    found = [quad(integrand, a, b, epsabs=1e-13, epsrel=1e-11, limit=400)[0] for a, b in ((-REACH, 0), (0, REACH))]
    return float(sum(found) / np.sqrt(2 * np.pi))


def nelbo(
    x: float,
    predict: Callable[[float, int], float],
    points: object,
    grid: Sequence[tuple[Any, Any]],
    prior_variance: float,
) -> dict[str, float]:
    """The three parts of the negative bound on log p(x), on a grid of T steps, each by quadrature over z.

    `x`: one of `points` [K]; `predict(z, t)`: data predicted at z_t = z, t = 1..T; `grid`: (alpha, sigma) at 0..T.
    Returns {"prior", "diffusion", "reconstruction"}, in nats.  Raises ValueError for other shapes and values.

    >>> parts = nelbo(0.0, lambda z, t: 0.0, [0.0], [(1, 0.5), (1, 1)], 1.0)
    >>> {name: round(value, 9) + 0 for name, value in parts.items()}
    {'prior': 0.0, 'diffusion': 0.0, 'reconstruction': 0.0}
    """
    check_function("predict", predict)
    levels_at = _pairs("grid", grid, 2)
    _gaussian(prior_variance=prior_variance)
    variances = [(a, s * s) for a, s in levels_at]
    total = 0.0
    for t in range(1, len(levels_at)):
        # The divergence of two Gaussians of one variance is a square of the distance of their means, and the mean of a
        # bridge is affine in x.
        at, v = gaussian.bridge(np.array([0.0, 1.0]), 0.0, variances[t - 1], variances[t])
        weight = float(at[1] - at[0]) ** 2 / (2 * float(v))

        def term(z: float, t: int = t, weight: float = weight) -> float:
            return weight * (x - float(predict(z, t))) ** 2

        total += expectation(term, levels_at[t][0] * x, levels_at[t][1])
    start, end = levels_at[0], variances[-1]
    clean = array(points, "points").astype(float)
    place = clean.tolist().index(float(x)) if float(x) in clean else None
    if place is None:
        raise ValueError(f"x = {x} is not among points = {clean.tolist()}")

    def surprise(z: float) -> float:
        joint = -(((z - start[0] * clean) / start[1]) ** 2) / 2
        return float(np.logaddexp.reduce(joint) - joint[place])

    return {
        "prior": float(prior_term(x, end, prior_variance)),
        "diffusion": total,
        "reconstruction": expectation(surprise, start[0] * x, start[1]),
    }


def continuous_diffusion(
    x: float, predict: Callable[[Array, Any, Any], Array], kind: str, first: Any, last: Any, nodes: int = 64
) -> float:
    """The diffusion part in continuous time: the integral over log SNR of SNR E |x - x^|^2 / 2.

    This is -1/2 the integral of SNR'(t) E |x - x^|^2 dt with the variable of integration changed, which shows that the
    schedule between the ends does not matter (Kingma et al., arXiv 2107.00630, eq. 17-18).
    `predict(z, alpha, sigma)`: predictions [M] at z [M]; `kind` as for `gaussian_levels.levels`; `first` > `last`: the
    two ends of log SNR.  Gauss-Legendre with `nodes` nodes for each four units of log SNR, and the trapezoid rule over
    z, whose error for such Gaussian integrals is beyond float64.  Raises ValueError for other arguments.

    >>> round(continuous_diffusion(1.0, lambda z, a, s: 0 * z, "variance-exploding", 0, -50), 9)
    0.5
    """
    check_function("predict", predict)
    begin, end = (float(v) for v in _gaussian(first=first, last=last))
    if not begin > end:
        raise ValueError(f"last = {last} is not below first = {first}; valid: a log SNR that falls")
    check_count("nodes", nodes, least=2)
    where, weight = np.polynomial.legendre.leggauss(nodes)
    edges = np.linspace(end, begin, 2 + int((begin - end) / 4))
    total = 0.0
    for low, high in itertools.pairwise(edges.tolist()):
        for y, w in zip(where, weight, strict=True):
            log_ratio = (low + high) / 2 + (high - low) / 2 * y
            alpha, sigma = (float(v) for v in levels(kind, float(log_ratio)))
            z, q = nodes_of(alpha * x, sigma)
            wrong = (x - np.asarray(predict(z, alpha, sigma))) ** 2
            total += float(w) * (high - low) / 4 * float(np.exp(log_ratio)) * float(q @ wrong)
    return total


def nodes_of(mean: float, sigma: float, step: float = 0.125) -> tuple[Array, Array]:
    """Nodes and weights of the trapezoid rule for an expectation under N(mean, sigma^2), `step` of sigma apart.

    Exact to rounding for functions that are analytic within about 0.7 sigma of the real line.
    Raises ValueError unless sigma and step are positive and all is finite.

    >>> z, q = nodes_of(1.0, 2.0)
    >>> round(float(q @ z**2), 12)
    5.0
    """
    m, sd, h = (float(v) for v in _gaussian(mean=mean, sigma=sigma, step=step))
    y = h * np.arange(-round(9 / h), round(9 / h) + 1)
    q = np.exp(-y * y / 2)
    return m + sd * y, q / q.sum()


def log_likelihood(
    predict: Callable[[Array, int], Array],
    points: object,
    grid: Sequence[tuple[Any, Any]],
    prior_variance: float,
    size: int = 1001,
) -> Array:
    """log p(x) of the generative model for every point of the data set, [K], by integrating over z_T, ..., z_0.

    `predict(z, t)`: predictions [M] at z [M], bounded; `grid`: (alpha, sigma) at 0..T; `size`: how many values of z
    stand for each time.  Raises ValueError for other shapes and values.

    >>> np.exp(log_likelihood(lambda z, t: 0 * z, [-1.0, 1.0], [(1, 1), (1, 2)], 4.0)).round(6)
    array([0.5, 0.5])
    """
    clean = array(points, "points").astype(float)
    # A point that the model hardly ever draws owes its probability to values of z far from those that it does draw.
    z, log_mass = _pushed(predict, grid, prior_variance, size, clean)
    alpha, sigma = _pairs("grid", grid, 2)[0]
    joint = gaussian.log_normal(z[:, None], alpha * clean, sigma)
    surely = joint - np.logaddexp.reduce(joint, axis=1)[:, None]
    return np.asarray(np.logaddexp.reduce(log_mass[:, None] + surely, axis=0))


def marginal_of_model(
    predict: Callable[[Array, int], Array],
    grid: Sequence[tuple[Any, Any]],
    prior_variance: float,
    size: int = 1001,
) -> tuple[Array, Array]:
    """The model's law of z_0 as values [size] and probabilities [size] of the trapezoid rule.

    Arguments and errors as for `log_likelihood`.

    >>> z, mass = marginal_of_model(lambda z, t: 0 * z, [(1, 1), (1, 2)], 4.0)
    >>> round(float(mass.sum()), 9)
    1.0
    """
    z, log_mass = _pushed(predict, grid, prior_variance, size, np.zeros(0))
    return z, np.exp(log_mass)


def _pushed(
    predict: Callable[[Array, int], Array],
    grid: Sequence[tuple[Any, Any]],
    prior_variance: float,
    size: int,
    near: Array,
) -> tuple[Array, Array]:
    """Values of z_0 and the logarithms of their probabilities; at each time z reaches to all noisy data of `near`."""
    check_function("predict", predict)
    variances = [(a, s * s) for a, s in _pairs("grid", grid, 2)]
    (width,) = _gaussian(prior_variance=prior_variance)
    check_count("size", size, least=3)

    def between(means: Array, sd: float, t: int) -> Array:
        signal, noise = variances[t]
        low = min([float(means.min()) - 9 * sd, *(signal * near - 9 * noise**0.5)])
        high = max([float(means.max()) + 9 * sd, *(signal * near + 9 * noise**0.5)])
        return np.linspace(low, high, size)

    z = between(np.zeros(1), float(width) ** 0.5, -1)
    log_density = gaussian.log_normal(z, 0.0, float(width) ** 0.5)
    for t in range(len(variances) - 1, 0, -1):
        log_mass = log_density + np.log(z[1] - z[0])
        means, v = gaussian.bridge(np.asarray(predict(z, t), dtype=float), z, variances[t - 1], variances[t])
        check_finite("predict", means)
        sd = float(v) ** 0.5
        z = between(means, sd, t - 1)
        log_density = np.logaddexp.reduce(gaussian.log_normal(z[:, None], means, sd) + log_mass, axis=1)
    return z, log_density + np.log(z[1] - z[0])


__all__ = [
    "REACH",
    "continuous_diffusion",
    "diffusion_term",
    "divergence",
    "expectation",
    "gaussian_kl",
    "log_likelihood",
    "marginal_of_model",
    "nelbo",
    "nodes_of",
    "prior_term",
    "reconstruction",
]
