r"""How far, and how steeply, one step back from Gaussian noise moves a point.

Points x_i with weights p_i in R^d are seen through noise, z = x + sigma N(0, I).  (Noise alpha x + sigma N(0, I) is
this for z / alpha, with sigma / alpha in place of sigma.  Everything below is said in that scale, and is false in
another: where alpha < 1, a step also moves points outwards, as far as the data is from the origin.)

The denoiser is D(z) = E[x | z], and the deterministic step from sigma_t to sigma_s < sigma_t (DDIM, arXiv 2010.02502,
eq. 12; one step of Euler's for the probability flow, whose speed is dz/dsigma = (z - D(z)) / sigma) is

    F(z) = D(z) + (sigma_s / sigma_t) (z - D(z)).

Displacement.  F(z) - z = (1 - sigma_s / sigma_t) (D(z) - z), and z - D(z) = sigma_t E[noise | z].  For z with the law
of the noisy data, Jensen's inequality gives E ||z - D(z)||^2 <= sigma_t^2 d, hence

    E ||F(z) - z|| <= (1 - sigma_s / sigma_t) sigma_t sqrt d.

The step that draws z_s from q(z_s | z_t) moves farther: z_t - z_s is N(0, (sigma_t^2 - sigma_s^2) I), so its mean
length is at most sqrt(sigma_t^2 - sigma_s^2) sqrt d, and for small steps that is not of the order of sigma_t - sigma_s.

Steepness.  The derivative of D is Cov[x | z] / sigma_t^2, and that of F has the eigenvalues
r + (1 - r) c / sigma_t^2, with r = sigma_s / sigma_t and c those of the covariance, which are between 0 and
diameter^2 / 4 (Popoviciu 1935).  So each step has the Lipschitz constant r + (1 - r) max(c) / sigma_t^2 at most: close
to 1 if 1 - r is small against sigma_t^2 / diameter^2, that is, if steps get shorter as noise does.  What the steps are
composed to has no such bound.  For two points a to the left and right of 0, all noise maps fix 0, and N -> inf steps
have there the slope (sigma_s / sigma_t) exp(a^2 (1 / sigma_s^2 - 1 / sigma_t^2) / 2), which grows without limit as
sigma_s falls: the map from noise to data is a step function.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from unmask.reference.numbers.arithmetic import (
    MP,
    Array,
    Number,
    check_axes,
    check_count,
    common,
    elementwise,
    real,
    scalars,
    to_float,
)
from unmask.reference.numbers.checks import check_amount, check_finite, check_positive
from unmask.reference.numbers.stochastic import check_stochastic
from unmask.reference.numbers.transcendental import log, softmax


def posterior_weights(z: object, points: object, weights: object, sigma: Number) -> Array:
    """p(x_i | z) in proportion to p_i exp(-|z - x_i|^2 / 2 sigma^2): places [n, d], points [m, d] to [n, m].

    `mpf`, or float64 if all are floats.  Raises ValueError unless shapes fit, weights are a law and sigma > 0.

    >>> posterior_weights([[0.0]], [[-1.0], [1.0]], [0.5, 0.5], 1.0)
    array([[0.5, 0.5]])
    """
    return _shares(*_given(z, points, weights, sigma))


def denoised(z: object, points: object, weights: object, sigma: Number) -> Array:
    """D(z) = E[x | z]: places [n, d] to [n, d].

    >>> denoised([[0.0]], [[-1.0], [1.0]], [0.5, 0.5], 1.0)
    array([[0.]])
    """
    places, data, law, noise = _given(z, points, weights, sigma)
    return np.asarray(_shares(places, data, law, noise) @ data)


def step(z: object, points: object, weights: object, sigma_s: Number, sigma_t: Number) -> Array:
    """F(z) = D(z) + (sigma_s / sigma_t) (z - D(z)): places [n, d] to [n, d].

    Raises ValueError unless 0 <= sigma_s <= sigma_t and sigma_t > 0.

    >>> step([[2.0]], [[0.0]], [1.0], 0.5, 1.0)
    array([[1.]])
    """
    places, data, law, (late, early) = _given(z, points, weights, _levels(sigma_s, sigma_t))
    return _moved(places, data, _shares(places, data, law, late), early / late)


def step_jacobian(z: object, points: object, weights: object, sigma_s: Number, sigma_t: Number) -> Array:
    """The derivative r I + (1 - r) Cov[x | z] / sigma_t^2 of `step`: places [n, d] to [n, d, d].

    >>> step_jacobian([[0.0]], [[-1.0], [1.0]], [0.5, 0.5], 0.5, 1.0)
    array([[[1.]]])
    """
    places, data, law, (late, early) = _given(z, points, weights, _levels(sigma_s, sigma_t))
    return _slope(data, _shares(places, data, law, late), early / late, late)


def steepest(jacobians: Array) -> Any:
    """The largest eigenvalue of symmetric matrices [n, d, d], over all of them: a float.

    >>> steepest(np.array([[[2.0, 0.0], [0.0, 1.0]]]))
    2.0
    """
    matrices = to_float(check_axes("jacobians", jacobians, "[n, d, d]"))
    if matrices.size == 0 or matrices.shape[1] != matrices.shape[2]:
        raise ValueError(f"jacobians has shape {matrices.shape}; valid: square matrices [n, d, d], at least one")
    return float(np.linalg.eigvalsh(matrices).max())


def steepness_bound(sigma_s: Number, sigma_t: Number, diameter: Number) -> Any:
    """r + (1 - r) diameter^2 / (4 sigma_t^2), no less than the Lipschitz constant of `step`: exact for Fractions.

    >>> from fractions import Fraction
    >>> steepness_bound(Fraction(1, 2), 1, 4)
    Fraction(5, 2)
    """
    r, noise, width = scalars(_ratio(sigma_s, sigma_t), sigma_t, check_amount("diameter", diameter))
    return r + (1 - r) * width**2 / (4 * noise**2)


def displacement_bound(sigma_s: Number, sigma_t: Number, d: int) -> Any:
    """(1 - sigma_s / sigma_t) sigma_t sqrt d, no less than the mean displacement of `step`: an `mpf`.

    >>> displacement_bound(1, 3, 4)
    mpf('4.0')
    """
    return (1 - real(_ratio(sigma_s, sigma_t))) * real(sigma_t) * MP.sqrt(check_count("d", d))


def random_displacement_bound(sigma_s: Number, sigma_t: Number, d: int) -> Any:
    """sqrt(sigma_t^2 - sigma_s^2) sqrt d, no less than the mean displacement of a draw from q(z_s | z_t): an `mpf`.

    >>> random_displacement_bound(3, 5, 1)
    mpf('4.0')
    """
    r = real(_ratio(sigma_s, sigma_t))
    return real(sigma_t) * MP.sqrt((1 - r**2) * check_count("d", d))


def expected_displacement(points: object, weights: object, sigma_s: Number, sigma_t: Number, nodes: int = 40) -> float:
    """E ||F(z) - z|| over noisy data z, by Gauss-Hermite quadrature with `nodes` in each of d <= 3 directions.

    >>> round(expected_displacement([[0.0]], [1.0], 0.5, 1.0), 2)
    0.4
    """
    count = check_count("nodes", nodes)
    _ratio(sigma_s, sigma_t)
    data, law = to_float(points), to_float(weights)
    _given(data, data, law, sigma_t)
    d = data.shape[1]
    if d > 3:
        raise ValueError(f"points has shape {data.shape}; valid: [m, d] with d <= 3, as {count}^d nodes are needed")
    place, share = np.polynomial.hermite_e.hermegauss(count)
    noise = np.stack(np.meshgrid(*[place] * d, indexing="ij"), axis=-1).reshape(-1, d)
    chance = np.prod(np.stack(np.meshgrid(*[share] * d, indexing="ij"), axis=-1).reshape(-1, d), axis=-1)
    z = (data[:, None, :] + float(sigma_t) * noise[None, :, :]).reshape(-1, d)
    moved = np.linalg.norm(step(z, data, law, float(sigma_s), float(sigma_t)) - z, axis=-1)
    return float((law[:, None] * (chance / chance.sum())).reshape(-1) @ moved)


def composed(z: object, points: object, weights: object, sigmas: object) -> Array:
    """`step` after `step`, down a falling list of noise levels: places [n, d] to [n, d].

    Raises ValueError unless there are at least two levels, falling.

    >>> composed([[2.0]], [[0.0]], [1.0], [4.0, 2.0, 1.0])
    array([[0.5]])
    """
    levels = _falling(sigmas)
    place, data, law, noise = _given(z, points, weights, levels)
    for sigma_t, sigma_s in pairwise(noise):
        place = _moved(place, data, _shares(place, data, law, sigma_t), sigma_s / sigma_t)
    return place


def slope_of_composed(z: object, points: object, weights: object, sigmas: object) -> Array:
    """The derivative of `composed`, by the chain rule: places [n, d] to [n, d, d].

    >>> slope_of_composed([[2.0]], [[0.0]], [1.0], [4.0, 2.0, 1.0])
    array([[[0.25]]])
    """
    levels = _falling(sigmas)
    place, data, law, noise = _given(z, points, weights, levels)
    slope: Any = None
    for sigma_t, sigma_s in pairwise(noise):
        shares, r = _shares(place, data, law, sigma_t), sigma_s / sigma_t
        jacobian = _slope(data, shares, r, sigma_t)
        slope = jacobian if slope is None else np.asarray(jacobian @ slope)
        place = _moved(place, data, shares, r)
    return np.asarray(slope)


def two_point_slope(a: Number, sigma_s: Number, sigma_t: Number) -> Any:
    """The slope at 0 of infinitely many steps from sigma_t to sigma_s for points at -a and a: an `mpf`.

    The flow keeps quantiles, so its slope is p_t(z_t) / p_s(z_s), the quotient of the densities; at 0 that is
    (sigma_s / sigma_t) exp(a^2 (1 / sigma_s^2 - 1 / sigma_t^2) / 2).

    >>> two_point_slope(1, 1, 1)
    mpf('1.0')
    """
    r, late, half = real(_ratio(sigma_s, sigma_t)), real(sigma_t), real(check_amount("a", a))
    if r == 0:
        raise ValueError("sigma_s = 0; valid: 0 < sigma_s, since at 0 the map has no slope")
    return r * MP.exp(half**2 * (1 / r**2 - 1) / (2 * late**2))


def _ratio(sigma_s: Number, sigma_t: Number) -> Any:
    check_positive("sigma_t", sigma_t)
    early, late = scalars(sigma_s=check_amount("sigma_s", sigma_s), sigma_t=sigma_t)
    if early > late:
        raise ValueError(f"sigma_s = {sigma_s} is more than sigma_t = {sigma_t}; valid: sigma_s <= sigma_t")
    return early / late


def _levels(sigma_s: Number, sigma_t: Number) -> Array:
    _ratio(sigma_s, sigma_t)
    return common([sigma_t, sigma_s])[0]


def _falling(sigmas: object) -> Array:
    levels = check_axes("sigmas", common(sigmas=sigmas)[0], "[n]")
    if len(levels) < 2 or any(b > a for a, b in pairwise(levels)):
        raise ValueError(f"sigmas = {sigmas!r}; valid: at least two falling noise levels")
    for i, level in enumerate(levels[:-1]):
        check_positive(f"sigmas[{i}]", level)
    check_amount(f"sigmas[{len(levels) - 1}]", levels[-1])
    return levels


def _given(z: object, points: object, weights: object, sigma: object) -> tuple[Array, Array, Array, Any]:
    """Places, points, logarithms of weights, and noise, checked: `mpf`, or float64 if all are."""
    if not isinstance(sigma, np.ndarray):
        check_positive("sigma", sigma)
    places, data, law, noise = common(z=z, points=points, weights=weights, sigma=sigma)
    check_finite("z", check_axes("z", places, "[n, d]"))
    check_finite("points", check_axes("points", data, "[m, d]"))
    check_stochastic(law, "weights", "[K]")
    if len(law) != len(data):
        raise ValueError(f"weights has shape {law.shape} and points {data.shape}; valid: one weight for each point")
    if places.shape[1] != data.shape[1]:
        raise ValueError(f"z has shape {places.shape} and points {data.shape}; valid: [n, d] and [m, d]")
    if places.dtype == object:
        places, data, noise = (elementwise(real, values) for values in (places, data, noise))
    return places, data, log(law), noise[()]


def _shares(places: Array, data: Array, log_law: Array, noise: Any) -> Array:
    """p(x_i | z): [n, m]."""
    away = places[:, None, :] - data[None, :, :]
    return softmax(log_law - (away * away).sum(axis=-1) / (2 * noise**2))


def _moved(places: Array, data: Array, shares: Array, r: Any) -> Array:
    """D(z) + r (z - D(z)): [n, d]."""
    center = shares @ data
    return np.asarray(center + (places - center) * r)


def _slope(data: Array, shares: Array, r: Any, noise: Any) -> Array:
    """r I + (1 - r) Cov[x | z] / sigma_t^2: [n, d, d]."""
    away = data[None, :, :] - (shares @ data)[:, None, :]
    covariance = ((shares[:, :, None] * away).transpose(0, 2, 1)[..., None] * away[:, None]).sum(axis=2)
    return np.asarray(np.eye(data.shape[1], dtype=np.int64) * r + covariance * ((1 - r) / noise**2))


__all__ = [
    "composed",
    "denoised",
    "displacement_bound",
    "expected_displacement",
    "posterior_weights",
    "random_displacement_bound",
    "slope_of_composed",
    "steepest",
    "steepness_bound",
    "step",
    "step_jacobian",
    "two_point_slope",
]
