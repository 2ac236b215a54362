"""Kernels of samplers that may mask again: what becomes of visible tokens, and of masks."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from unmask.properties.claims.claim import Claim, at_least, close
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.subjects.processes.process import Process, Time
from unmask.reference.programs import remasking_kernel
from unmask.reference.programs.remasking import largest_remasking_probability

CHAPTER = "Programs: remasking"
Array: TypeAlias = Any


def _alphas(p: Process, s: Time, t: Time) -> tuple[float, float]:
    return float(p.alpha(s)), float(p.alpha(t))


def _predictions(p: Process, seed: int, rows: int, L: int = 2) -> Array:
    """Laws of the clean token without mass on the mask, ``[rows, L, K]``."""
    rng = np.random.default_rng([seed, 137])
    drawn = rng.integers(1, 17, (rows, L, p.K)).astype(float)
    drawn[..., p.mask] = 0
    return drawn / drawn.sum(-1, keepdims=True)


def _states(p: Process) -> Array:
    """One row for each class, all positions alike, ``[K, 2]``."""
    return np.repeat(np.arange(p.K)[:, None], 2, 1)


def sigma_of(declared: Any, p: Process, s: Time, t: Time) -> float:
    """The declared probability with which a visible token is masked again from ``t`` to ``s``.

    Raises
    ------
    Unanswerable : where so many would be masked that too few are visible at ``s``, whatever masks do.
    """
    sigma = float(declared(float(s), float(t)))
    most = largest_remasking_probability(float(p.alpha(s)), float(p.alpha(t)))
    if not 0 <= sigma <= most * (1 + 1e-9):
        raise Unanswerable(
            f"the probability of masking again is declared as {sigma:g} at s = {float(s):g}, t = {float(t):g}, "
            f"where at most {most:g} is left"
        )
    return min(sigma, most)


def _condition(p: Process, s: Time, t: Time) -> float:
    """How much the roundings of plain code grow: it takes 1 - alpha by subtraction, and divides by it."""
    alpha_t = float(p.alpha(t))
    return 2 + 1 / max(1 - alpha_t, 1e-12) + 1 / max(alpha_t, 1e-12) * (alpha_t > 0)


@law(
    chapter=CHAPTER,
    tex=r"p(x_s \mid x_t) \geq 0, \qquad \sum_{x_s} p(x_s \mid x_t) = 1",
    cites="Wang et al. 2025, eq. 6 and 7",
    mutants=("remasking-adds-to-the-mask", "remasking-without-its-correction-of-the-rest"),
    about=About(kind="programs"),
    drawn=Drawn(floating=True),
)
def a_remasking_kernel_is_a_distribution(remask: Any, p: Process, s: Time, t: Time, seed: int) -> list[Claim]:
    """The probabilities of a kernel that masks again sum to one, and none is negative"""
    xt = _states(p)
    kernel = remask(p, _predictions(p, seed, p.K), xt, s, t)
    names = (("x_t", [str(k) for k in range(p.K)]), "position")
    ops = 4 * p.K + 16 * _condition(p, s, t)
    return [
        close(kernel.sum(-1), np.ones(kernel.shape[:2]), ops=ops, names=names, label="rows sum to one"),
        at_least(kernel, np.zeros_like(kernel), ops=ops, names=(*names, "x_s"), label="no negative entry"),
    ]


@law(
    chapter=CHAPTER,
    tex=r"\sum_{x_t} q(x_t \mid x_0)\, p(x_s \mid x_t; \delta_{x_0}) = q(x_s \mid x_0)",
    cites="Wang et al. 2025, thm 3.1",
    mutants=(
        "remasking-without-its-correction",
        "remasking-takes-the-later-alpha",
        "remasking-masks-masked-tokens-as-well",
        "remasking-adds-to-the-mask",
        "remasking-without-its-correction-of-the-rest",
    ),
    about=About(kind="programs"),
    drawn=Drawn(floating=True),
)
def remasking_keeps_the_marginals(remask: Any, p: Process, s: Time, t: Time, seed: int) -> list[Claim]:
    """With a perfect prediction, the kernel takes q(x_t|x_0) to q(x_s|x_0)"""
    mask = int(p.mask or 0)
    clean = np.array(p.clean)
    alpha_s, alpha_t = _alphas(p, s, t)
    x0 = np.repeat(clean, 2)
    xt = np.where(np.arange(len(x0)) % 2 == 0, x0, mask)[:, None].repeat(2, 1)
    prediction = np.eye(p.K)[x0][:, None].repeat(2, 1)
    kernel = remask(p, prediction, xt, s, t)
    found = alpha_t * kernel[0::2] + (1 - alpha_t) * kernel[1::2]
    due = alpha_s * np.eye(p.K)[clean] + (1 - alpha_s) * np.eye(p.K)[mask]
    names = (("x_0", [str(k) for k in clean]), "position", "x_s")
    label = f"the law at s = {float(s):g}, from t = {float(t):g}"
    due = np.broadcast_to(due[:, None], found.shape)
    return [close(found, due, ops=4 * p.K + 16 * _condition(p, s, t), names=names, label=label)]


@law(
    chapter=CHAPTER,
    tex=r"p(x_s = m \mid x_t \neq m) = \sigma(s, t), \qquad p(x_s = x_t \mid x_t \neq m) = 1 - \sigma(s, t)",
    cites="Wang et al. 2025, eq. 4 and 6",
    mutants=("remasking-half-as-often", "remasking-adds-to-the-mask", "remasking-changes-visible-tokens"),
    about=About(kind="programs", declared=("remasking_probability",)),
    drawn=Drawn(floating=True),
)
def visible_tokens_are_remasked_as_declared(remask: Any, p: Process, s: Time, t: Time, seed: int) -> list[Claim]:
    """A visible token is masked again with the declared probability σ(s, t), and stays otherwise"""
    clean = np.array(p.clean)
    sigma = sigma_of(remask.subject.remasking_probability, p, s, t)
    xt = clean[:, None].repeat(2, 1)
    kernel = remask(p, _predictions(p, seed, len(clean)), xt, s, t)
    due = (1 - sigma) * np.eye(p.K)[clean] + sigma * np.eye(p.K)[int(p.mask or 0)]
    names = (("x_t", [str(k) for k in clean]), "position", "x_s")
    label = f"from a visible token, where σ = {sigma:.6g}"
    due = np.broadcast_to(due[:, None], kernel.shape)
    return [close(kernel, due, ops=4 * p.K + 16 * _condition(p, s, t), names=names, label=label)]


@law(
    chapter=CHAPTER,
    tex=r"p(x_s = k \mid x_t = m) = \frac{\alpha_s - (1 - \sigma)\alpha_t}{1 - \alpha_t}\, \hat p(x_0 = k \mid x_t)",
    cites="Wang et al. 2025, eq. 6 and sec. 3.1 (no remasking); Sahoo et al. 2024, eq. 7 (σ = 0)",
    mutants=(
        "remasking-without-its-correction",
        "remasking-takes-the-later-alpha",
        "remasking-masks-masked-tokens-as-well",
        "remasking-half-as-often",
        "remasking-without-its-correction-of-the-rest",
        "remasking-sharpens-its-prediction",
    ),
    about=About(kind="programs", declared=("remasking_probability",)),
    drawn=Drawn(floating=True),
)
def masks_become_what_is_predicted(remask: Any, p: Process, s: Time, t: Time, seed: int) -> list[Claim]:
    """A mask becomes token k with probability (α_s − (1 − σ) α_t)/(1 − α_t) times the prediction's; where σ = 0, as by MDLM"""
    mask = int(p.mask or 0)
    alpha_s, alpha_t = _alphas(p, s, t)
    sigma = sigma_of(remask.subject.remasking_probability, p, s, t)
    prediction = _predictions(p, seed, 4)
    kernel = remask(p, prediction, np.full((4, 2), mask), s, t)
    due = np.array([[remasking_kernel(q, mask, mask, alpha_s, alpha_t, sigma) for q in row] for row in prediction])
    names = ("row", "position", "x_s")
    label = f"from a mask, s = {float(s):g}, t = {float(t):g}, σ = {sigma:.6g}"
    return [close(kernel, due, ops=4 * p.K + 16 * _condition(p, s, t), names=names, label=label)]


@law(
    chapter=CHAPTER,
    tex=r"p(\cdot \mid m;\ \lambda \hat p + (1 - \lambda) \hat q) = \lambda\, p(\cdot \mid m;\ \hat p) + (1 - \lambda)\, p(\cdot \mid m;\ \hat q)",
    cites="Wang et al. 2025, alg. 1 (x_0 is predicted)",
    mutants=("remasking-sharpens-its-prediction",),
    about=About(kind="programs"),
    drawn=Drawn(floating=True),
)
def remasking_is_linear_in_the_prediction(remask: Any, p: Process, s: Time, t: Time, seed: int) -> list[Claim]:
    """The kernel of a mixture of two predictions is the mixture of their kernels"""
    first, second = _predictions(p, seed, p.K), _predictions(p, seed + 1, p.K)
    xt = _states(p)
    share = 0.25
    mixed = remask(p, share * first + (1 - share) * second, xt, s, t)
    due = share * remask(p, first, xt, s, t) + (1 - share) * remask(p, second, xt, s, t)
    names = (("x_t", [str(k) for k in range(p.K)]), "position", "x_s")
    ops = 4 * p.K + 32 * _condition(p, s, t)
    return [close(mixed, due, ops=ops, names=names, label="a quarter of one prediction, and the rest of another")]


__all__ = [
    "a_remasking_kernel_is_a_distribution",
    "masks_become_what_is_predicted",
    "remasking_is_linear_in_the_prediction",
    "remasking_keeps_the_marginals",
    "sigma_of",
    "visible_tokens_are_remasked_as_declared",
]
