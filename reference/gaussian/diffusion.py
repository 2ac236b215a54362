"""Gaussian diffusion of a data set on the line: z = alpha x + sigma eps, with eps from N(0, 1).

The data set is a finite number of points with weights, so that the law of z is a finite mixture of Gaussians, and its
properties are finite sums: its density, its score, the probability of each point given z (Bayes' rule), and the mean
and variance of x given z.  What happens between two times is a joint Gaussian of three variables.

Formulas that need no root and no exponential take variances and are exact in Fractions; all others compute in 40
digits, or in float64 where everything that they are given is a float.  Arrays broadcast, entry by entry.

Sources: Kingma et al., Variational Diffusion Models (arXiv 2107.00630); Vincent, A connection between score matching
and denoising autoencoders, 2011.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.reference.numbers.arithmetic import MP, Array, array, check_axes, common, elementwise, real, together
from unmask.reference.numbers.checks import check_finite, check_nonnegative
from unmask.reference.numbers.stochastic import check_stochastic
from unmask.reference.numbers.transcendental import exp, log, softmax

PARAMETERIZATIONS = ("noise", "data", "score", "velocity")


def check_data(points: object, weights: object) -> tuple[Array, Array]:
    """The points and weights [K] of a data set; raises ValueError unless the points are finite, as many as the weights,
    and the weights positive with sum 1.

    >>> check_data([-1.0, 1.0], [0.5, 0.5])
    (array([-1.,  1.]), array([0.5, 0.5]))
    """
    x, w = common(points=points, weights=weights)
    check_finite("points", check_axes("points", x, "[K]"))
    if check_axes("weights", w, "[K]").shape != x.shape or not x.size:
        raise ValueError(f"weights has shape {w.shape} and points {x.shape}; valid: [K] both, K >= 1")
    if not (check_stochastic(w, "weights", "[K]") > 0).all():
        raise ValueError(f"weights = {w!r}; valid: positive numbers that sum to 1")
    return x, w


def _positive(name: str, values: Array) -> Array:
    if not (check_finite(name, values) > 0).all():
        raise ValueError(f"{name} has an entry that is not positive: {values!r}; valid: numbers > 0")
    return values


def _reals(**named: object) -> tuple[Array, ...]:
    """Arrays in 40 digits, or in float64 if all are."""
    found = common(**named)
    for name, values in zip(named, found, strict=True):
        check_finite(name, values)
    if all(values.dtype == np.float64 for values in found):
        return together(**dict(zip(named, found, strict=True)))
    return together(**{name: elementwise(real, values) for name, values in zip(named, found, strict=True)})


def log_normal(z: object, mean: object, sigma: object) -> Array:
    """log of the density of N(mean, sigma^2) at z; arrays that broadcast.

    Raises ValueError unless sigma > 0 and all are finite.

    >>> round(float(log_normal(0.0, 0.0, 1.0)), 6)
    -0.918939
    """
    at, center, width = _reals(z=z, mean=mean, sigma=sigma)
    _positive("sigma", width)
    off = (at - center) / width
    turn = 2 * np.pi if at.dtype == np.float64 else 2 * MP.pi
    return np.asarray(-off * off / 2 - log(width) - log(turn) / 2)


def _joint(z: object, points: object, weights: object, alpha: object, sigma: object) -> tuple[Array, Array]:
    """log of w_i N(z; alpha x_i, sigma^2), [..., K], and the points in the same numbers."""
    x, w = check_data(points, weights)
    at, signal, width = common(z=z, alpha=alpha, sigma=sigma)
    at, signal, width = together(z=at, alpha=signal, sigma=width)
    check_finite("alpha", signal)
    _positive("sigma", width)
    each, prior, mean = common(log_normal(at[..., None], signal[..., None] * x, width[..., None]), log(w), x)
    return np.asarray(each + prior), mean


def log_density(z: object, points: object, weights: object, alpha: object, sigma: object) -> Array:
    """log q(z) = log sum_i w_i N(z; alpha x_i, sigma^2), the density of noisy data, in nats.

    `z`, `alpha`, `sigma`: arrays that broadcast; `points`, `weights`: [K].
    Raises ValueError for a data set that is none, and unless sigma > 0 and all is finite.

    >>> round(float(log_density(0.0, [0.0], [1.0], 1.0, 1.0)), 6)
    -0.918939
    """
    joint, _ = _joint(z, points, weights, alpha, sigma)
    most = np.asarray(joint.max(-1))
    return np.asarray(most + log(exp(joint - most[..., None]).sum(-1)))


def posterior_weights(z: object, points: object, weights: object, alpha: object, sigma: object) -> Array:
    """q(x_i|z) by Bayes' rule, [..., K]; arguments and errors as for `log_density`.

    The essay's weights: each is its point's Gaussian density at z, among all.

    >>> posterior_weights(0.0, [-1.0, 1.0], [0.25, 0.75], 1.0, 1.0)
    array([0.25, 0.75])
    """
    return softmax(_joint(z, points, weights, alpha, sigma)[0])


def data_mean(z: object, points: object, weights: object, alpha: object, sigma: object) -> Array:
    """E[x|z] = sum_i q(x_i|z) x_i, the perfect denoiser; arguments and errors as for `log_density`.

    >>> float(data_mean(0.0, [-1.0, 1.0], [0.5, 0.5], 1.0, 1.0))
    0.0
    """
    joint, x = _joint(z, points, weights, alpha, sigma)
    return np.asarray((softmax(joint) * x).sum(-1))


def data_variance(z: object, points: object, weights: object, alpha: object, sigma: object) -> Array:
    """Var[x|z] = sum_i q(x_i|z) (x_i - E[x|z])^2; arguments and errors as for `log_density`.

    >>> float(data_variance(0.0, [-1.0, 1.0], [0.5, 0.5], 1.0, 1.0))
    1.0
    """
    joint, x = _joint(z, points, weights, alpha, sigma)
    probable = softmax(joint)
    off = x - (probable * x).sum(-1, keepdims=True)
    return np.asarray((probable * off * off).sum(-1))


def data_score(z: object, points: object, weights: object, alpha: object, sigma: object) -> Array:
    """d/dz log q(z) = sum_i w_i N_i'(z) / sum_i w_i N_i(z): each Gaussian's own score, weighted by q(x_i|z).

    Arguments and errors as for `log_density`.

    >>> float(data_score(0.5, [0.0], [1.0], 1.0, 1.0))
    -0.5
    """
    joint, x = _joint(z, points, weights, alpha, sigma)
    at, signal, width, each = common(z, alpha, sigma, x)
    at, signal, width = together(z=at, alpha=signal, sigma=width)
    slopes = -(at[..., None] - signal[..., None] * each) / np.asarray(width * width)[..., None]
    probable, slopes = common(softmax(joint), slopes)
    return np.asarray((probable * slopes).sum(-1))


def step(earlier: tuple[Any, Any], later: tuple[Any, Any]) -> tuple[Any, Any]:
    """(a, v) of the step z_t = a z_s + sqrt(v) eps that leads from the one marginal to the other.

    `earlier`, `later`: (alpha, sigma^2) at s and t.  From alpha_t = a alpha_s and sigma_t^2 = a^2 sigma_s^2 + v;
    exact in Fractions.  Raises ValueError unless alpha and sigma^2 are positive at s, not negative at t, and the
    signal-to-noise ratio does not grow (else v would be negative).

    >>> step((1.0, 0.25), (0.5, 0.75))
    (np.float64(0.5), np.float64(0.6875))
    """
    (signal, noise), (signal_t, noise_t) = _pair("earlier", earlier), _pair("later", later)
    if not (signal > 0 and noise > 0):
        raise ValueError(f"earlier = {earlier}; valid: alpha > 0 and sigma^2 > 0")
    signal, noise, signal_t, noise_t = (v[()] for v in common(signal, noise, signal_t, noise_t))
    a = signal_t / signal
    v = noise_t - a * a * noise
    if v < 0:
        raise ValueError(f"later = {later} after earlier = {earlier}; valid: a ratio alpha^2 / sigma^2 that falls")
    return a, v


def _pair(name: str, level: Any, of: str = "(alpha, sigma^2)") -> tuple[Any, Any]:
    if not isinstance(level, tuple) or len(level) != 2:
        raise TypeError(f"{name} = {level!r}; valid: a pair {of}")
    values = array(list(level), name)
    check_nonnegative(name, check_finite(name, check_axes(name, values, "[2]")))
    return values[0], values[1]


def bridge(x: object, z: object, earlier: tuple[Any, Any], later: tuple[Any, Any]) -> tuple[Array, Any]:
    """Mean, shape of x and z, and variance of q(z_s|z_t, x), for z at time t; exact in Fractions.

    Given x, the pair (z_s, z_t) is Gaussian: means alpha_s x and alpha_t x, variances sigma_s^2 and sigma_t^2, and, as
    z_t = a z_s + noise, covariance a sigma_s^2.  Conditioning the one on the other is Bayes' rule for Gaussians.
    `earlier`, `later`: (alpha, sigma^2) at s and t, errors as for `step`, and sigma_t^2 must be positive.
    Kingma et al. (arXiv 2107.00630, eq. 25-27) write it with the precision.

    >>> bridge(0.0, 1.0, (1.0, 0.5), (1.0, 1.0))
    (array(0.5), np.float64(0.25))
    """
    a, _ = step(earlier, later)
    (signal, noise), (signal_t, noise_t) = _pair("earlier", earlier), _pair("later", later)
    if not noise_t > 0:
        raise ValueError(f"later = {later}; valid: sigma^2 > 0")
    names = ("x", "z", "a", "signal", "noise", "signal_t", "noise_t")
    clean, at, a, signal, noise, signal_t, noise_t = common(
        **dict(zip(names, (x, z, a, signal, noise, signal_t, noise_t), strict=True))
    )
    clean, at = together(x=clean, z=at)
    shared = a * noise
    return np.asarray(signal * clean + shared / noise_t * (at - signal_t * clean)), noise - shared * shared / noise_t


def deterministic_step(x: object, z: object, earlier: tuple[Any, Any], later: tuple[Any, Any]) -> Array:
    """Where z at time t goes without noise, if q(z_t|x) is to become q(z_s|x): shape of x and z; exact in Fractions.

    A rising line in z that carries the mean alpha_t x to alpha_s x, and the deviation sigma_t to sigma_s: there is one,
    alpha_s x + sigma_s eps with z = alpha_t x + sigma_t eps (DDIM: Song, Meng and Ermon, arXiv 2010.02502, eq. 12
    without its noise).
    `earlier`, `later`: (alpha, sigma) at s and t.  Raises TypeError and ValueError for what is no such pair, unless
    sigma_t is positive, and where x and z are not finite.

    >>> deterministic_step(0.5, 1.5, (1.0, 0.5), (0.5, 1.0))
    array(1.125)
    """
    names = ("x", "z", "signal", "width", "signal_t", "width_t")
    levels = (*_pair("earlier", earlier, "(alpha, sigma)"), *_pair("later", later, "(alpha, sigma)"))
    if not levels[3] > 0:
        raise ValueError(f"later = {later}; valid: sigma > 0")
    clean, at, signal, width, signal_t, width_t = common(**dict(zip(names, (x, z, *levels), strict=True)))
    clean, at = together(x=check_finite("x", clean), z=check_finite("z", at))
    return np.asarray(signal * clean + width * ((at - signal_t * clean) / width_t))


def convert(value: object, z: object, alpha: object, sigma: object, source: str, target: str) -> Array:
    """The output with the meaning `target` that is equivalent to `value` with the meaning `source`.

    All four stand for one prediction x^ of the data: "data" is x^ itself, "noise" the eps^ with z = alpha x^ + sigma
    eps^, "score" -eps^ / sigma, which for the perfect x^ is the derivative of log q(z), and "velocity" alpha eps^ -
    sigma x^ (Salimans and Ho, arXiv 2202.00512, section 4).  Arrays that broadcast; exact in Fractions.
    Raises ValueError for another meaning, and unless alpha and sigma are positive and all is finite.

    >>> float(convert(1.0, 2.0, 1.0, 0.5, "data", "noise")), float(convert(2.0, 2.0, 1.0, 0.5, "noise", "data"))
    (2.0, 1.0)
    """
    for name, meaning in (("source", source), ("target", target)):
        if meaning not in PARAMETERIZATIONS:
            raise ValueError(f"{name} = {meaning!r}; valid: one of {PARAMETERIZATIONS}")
    given, at, signal, width = common(value=value, z=z, alpha=alpha, sigma=sigma)
    given, at, signal, width = together(value=given, z=at, alpha=signal, sigma=width)
    for name, values in (("value", given), ("z", at)):
        check_finite(name, values)
    _positive("alpha", signal)
    _positive("sigma", width)
    if source == "data":
        noise = (at - signal * given) / width
    elif source == "velocity":
        # Both lines z = alpha x + sigma eps and v = alpha eps - sigma x, solved for eps.
        noise = (width * at + signal * given) / (signal * signal + width * width)
    else:
        noise = given if source == "noise" else -width * given
    if target == "noise":
        return np.asarray(noise)
    if target == "score":
        return np.asarray(-noise / width)
    clean = given if source == "data" else (at - width * noise) / signal
    return np.asarray(clean if target == "data" else signal * noise - width * clean)


__all__ = [
    "PARAMETERIZATIONS",
    "bridge",
    "check_data",
    "convert",
    "data_mean",
    "data_score",
    "data_variance",
    "deterministic_step",
    "log_density",
    "log_normal",
    "posterior_weights",
    "step",
]
