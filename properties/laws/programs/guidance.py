"""Guidance: what two predictions, or a prediction and a classifier, are made into."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import torch

from unmask.properties.claims.claim import Claim, close, exact
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.subjects.processes.process import Process
from unmask.reference.programs import guided, guided_by_classifier

CHAPTER = "Programs: guidance"
Array: TypeAlias = Any
#: Rows and positions of the drawn logits.
SHAPE = (4, 3)
#: Weights at which both predictions count.
WEIGHTS = (0.5, 2.0, -0.25, 7.5)
#: What logits are multiplied with, so that log-probabilities reach -40 and below, and the weights asked there.
FAR, FAR_WEIGHTS = 8.0, (2.0, 7.5)
#: The logit of a mask that a network rules out without an infinity.
RULED_OUT = -1e4


def _logits(p: Process, seed: int, at_the_mask: float = RULED_OUT) -> tuple[Array, Array]:
    """Two predictions of other scales and levels, which no two classes share."""
    rng = np.random.default_rng([seed, 127])
    drawn = rng.integers(-24, 25, (2, *SHAPE, p.K)) / 8 + rng.integers(-2, 3, (2, *SHAPE, 1))
    drawn[..., p.mask] = at_the_mask
    return drawn[0], drawn[1]


def _law(p: Process, logits: Array) -> Array:
    """The law over the classes but the mask that logits stand for, ``[N, L, C]``."""
    kept = np.asarray(logits, dtype=float)[..., list(p.clean)]
    powers = np.exp(kept - kept.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def _ops(p: Process, *logits: Array, weight: float = 0.0) -> float:
    """Roundings of a difference of two logarithms of a softmax, before its exponential is taken."""
    large = max(float(np.abs(z[..., list(p.clean)]).max()) for z in logits)
    return (8 + 4 * p.K) * (2 + 2 * abs(weight)) * (2 + 2 * large)


def _names(p: Process) -> tuple[Any, ...]:
    return ("row", "position", ("class", [str(k) for k in p.clean]))


@law(
    chapter=CHAPTER,
    tex=r"p \propto p_c^{1 + w}\, p_u^{-w}",
    cites="Nie et al. 2025, eq. 16 (from arXiv 2410.18514); Schiff et al. 2024, sec. 3.1 (definition)",
    mutants=(
        "guidance-exchanges-its-predictions",
        "guidance-forgets-the-one",
        "guidance-mixes-probabilities",
        "guidance-clips-its-logits",
        "guidance-returns-probabilities",
    ),
    about=About(kind="programs"),
    drawn=Drawn(floating=True),
)
def guidance_is_a_ratio_of_powers(guide: Any, p: Process, seed: int) -> list[Claim]:
    """The guided law is p_c^(1+w) p_u^(−w), normalized over the classes but the mask"""
    drawn = _logits(p, seed)
    sure = tuple(np.where(z > RULED_OUT, FAR * z, z) for z in drawn)
    asked = [(drawn, w, "") for w in WEIGHTS] + [(sure, w, ", of predictions that are sure") for w in FAR_WEIGHTS]
    claims = []
    for (conditional, unconditional), w, what in asked:
        found = _law(p, guide(p, conditional, unconditional, w))
        due = guided(_law(p, conditional), _law(p, unconditional), w)
        ops = _ops(p, conditional, unconditional, weight=w)
        claims.append(close(found, due, ops=ops, names=_names(p), label=f"the guided law of weight {w:g}{what}"))
    return claims


@law(
    chapter=CHAPTER,
    tex=r"w = 0 \implies p = p_c, \qquad w = -1 \implies p = p_u",
    cites="Nie et al. 2025, eq. 16 (from arXiv 2410.18514); Schiff et al. 2024, sec. 3.1 (ends)",
    mutants=(
        "guidance-exchanges-its-predictions",
        "guidance-forgets-the-one",
        "guidance-returns-probabilities",
        "guidance-clips-its-logits",
    ),
    about=About(kind="programs"),
    drawn=Drawn(floating=True),
)
def guidance_goes_from_one_prediction_to_the_other(guide: Any, p: Process, seed: int) -> list[Claim]:
    """Guidance of weight 0 is the conditional prediction, of weight −1 the unconditional one"""
    conditional, unconditional = _logits(p, seed)
    ops = _ops(p, conditional, unconditional, weight=1.0)
    return [
        close(_law(p, guide(p, conditional, unconditional, w)), _law(p, due), ops=ops, names=_names(p), label=label)
        for w, due, label in ((0.0, conditional, "weight 0"), (-1.0, unconditional, "weight -1"))
    ]


@law(
    chapter=CHAPTER,
    tex=r"\mathrm{guide}(z_c + a,\ z_u + b) = \mathrm{guide}(z_c,\ z_u)",
    cites="logits: a constant added to those of one position changes no probability",
    mutants=("guidance-clips-its-logits",),
    about=About(kind="programs"),
    drawn=Drawn(floating=True),
)
def guidance_does_not_see_constants(guide: Any, p: Process, seed: int) -> list[Claim]:
    """A constant added to all logits of a position changes no guided probability"""
    rng = np.random.default_rng([seed, 131])
    conditional, unconditional = _logits(p, seed)
    a, b = rng.integers(-6, 7, (2, *SHAPE, 1)) * 2.0
    first = _law(p, guide(p, conditional, unconditional, 0.5))
    second = _law(p, guide(p, conditional + a, unconditional + b, 0.5))
    ops = _ops(p, conditional + a, unconditional + b, weight=0.5)
    return [close(second, first, ops=ops, names=_names(p), label="with other constants")]


@law(
    chapter=CHAPTER,
    tex=r"z_c^m = z_u^m = -\infty \implies p \propto p_c^{1 + w}\, p_u^{-w} \ \text{over all other classes}",
    cites="numerics: no NaN for logits at -inf",
    mutants=("guidance-subtracts-infinities",),
    about=About(kind="programs"),
    drawn=Drawn(floating=True),
)
def guidance_stands_a_mask_that_is_ruled_out(guide: Any, p: Process, seed: int) -> list[Claim]:
    """Where both logits of the mask are −∞, no guided logit is NaN"""
    conditional, unconditional = _logits(p, seed, -np.inf)
    claims = []
    for w in WEIGHTS:
        prepared = guide.prepare(p, conditional, unconditional, w)
        found = guide.run(prepared).detach().cpu().to(torch.float64).numpy()
        told = np.where(np.isnan(found), "nan", "a number")
        names = ("row", "position", "class")
        claims.append(exact(told, np.full_like(told, "a number"), names=names, label=f"guided logits of weight {w:g}"))
    return claims


@law(
    chapter=CHAPTER,
    tex=r"p \propto p_u\; p(y \mid \cdot)^{\gamma}",
    cites="Schiff et al. 2024, sec. 3.2 (definition)",
    mutants=(
        "classifier-guidance-forgets-its-strength",
        "classifier-guidance-takes-likelihoods",
        "classifier-guidance-tempers-its-prediction",
    ),
    about=About(kind="programs"),
    drawn=Drawn(floating=True),
)
def classifier_guidance_is_a_product(guide_by_classifier: Any, p: Process, seed: int) -> list[Claim]:
    """The guided law is p_u p(y|·)^γ, normalized over the classes but the mask"""
    unconditional, classifier = _logits(p, seed)
    classifier = -np.abs(classifier)
    claims = []
    for strength in (0.0, 1.0, 2.5):
        found = _law(p, guide_by_classifier(p, unconditional, classifier, strength))
        likelihood = np.exp(classifier[..., list(p.clean)])
        due = guided_by_classifier(_law(p, unconditional), likelihood, strength)
        ops = _ops(p, unconditional, classifier, weight=strength)
        claims.append(close(found, due, ops=ops, names=_names(p), label=f"the guided law of strength {strength:g}"))
    return claims


__all__ = [
    "classifier_guidance_is_a_product",
    "guidance_does_not_see_constants",
    "guidance_goes_from_one_prediction_to_the_other",
    "guidance_is_a_ratio_of_powers",
    "guidance_stands_a_mask_that_is_ruled_out",
]
