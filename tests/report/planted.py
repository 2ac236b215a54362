"""Twenty-odd mistakes as people make them, and the words that a failure must say of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from tests.mutants import MUTANTS
from tests.mutants.registry import BASES
from unmask.properties import Subject, mutated

Right = Any


@dataclass(frozen=True)
class Planted:
    """A mistake in a built-in subject, by the capability that has it, and the words that name its cause."""

    name: str
    of: str
    words: tuple[str, ...]
    wrong: dict[str, Callable[..., Any]]

    def __call__(self) -> Subject:
        return mutated(BASES[self.of], self.name, **self.wrong)


def answer(capability: str, change: Callable[..., Any]) -> dict[str, Callable[..., Any]]:
    """The capability with its answer changed: ``change(answer, p, *arguments)``."""

    def wrong(right: Right, p: Any, *given: Any) -> Any:
        return change(getattr(right, capability)(p, *given), p, *given)

    return {capability: wrong}


def asked(capability: str, change: Callable[..., Any]) -> dict[str, Callable[..., Any]]:
    """The capability with other arguments: ``change(p, *arguments)``."""

    def wrong(right: Right, p: Any, *given: Any) -> Any:
        return getattr(right, capability)(p, *change(p, *given))

    return {capability: wrong}


def prior_for_posterior(right: Right, p: Any, x0: Any, xt: Any, s: Any, t: Any) -> Any:
    return right.marginal(p, x0, s)


def softmax_over_positions(right: Right, p: Any, output: Any, xt: Any, t: Any) -> Any:
    return torch.softmax(output, 1)


def loss_of_each_position(right: Right, p: Any, output: Any, x0: Any, xt: Any, t: Any) -> Any:
    alone = [slice(i, i + 1) for i in range(x0.shape[1])]
    return torch.stack([right.loss(p, output[:, i], x0[:, i], xt[:, i], t) for i in alone], 1)


PLANTED = (
    Planted(
        "x0-and-xt-exchanged",
        "d3pm_uniform",
        ("exchanges x0 and x_t",),
        asked("posterior", lambda p, x0, xt, s, t: (xt, x0, s, t)),
    ),
    Planted(
        "s-and-t-exchanged", "mdlm", ("exchanges s and t",), asked("posterior", lambda p, x0, xt, s, t: (x0, xt, t, s))
    ),
    Planted(
        "weight-without-1-over-t", "mdlm", ("expected × t",), answer("loss", lambda y, p, output, x0, xt, t: y * t)
    ),
    Planted(
        "weight-1-over-t-squared", "mdlm", ("expected / t",), answer("loss", lambda y, p, output, x0, xt, t: y / t)
    ),
    Planted("log-probabilities", "d3pm_uniform", ("logarithm",), answer("marginal", lambda y, *_: y.log())),
    Planted(
        "axes-n-k-l", "d3pm_uniform", ("last two axes exchanged",), answer("marginal", lambda y, *_: y.mT.contiguous())
    ),
    Planted("columns-for-rows", "d3pm_absorbing", ("transpose",), answer("transition", lambda y, *_: y.mT)),
    Planted(
        "score-entropy-without-its-constant", "sedd_uniform", ("constant",), MUTANTS["loss-drops-the-constant"].parts
    ),
    Planted(
        "mean-over-positions",
        "mdlm",
        ("expected / L",),
        answer("loss", lambda y, p, output, x0, xt, t: y / x0.shape[1]),
    ),
    Planted("sign-of-the-loss", "d3pm_uniform", ("sign",), answer("loss", lambda y, *_: -y)),
    Planted("bits-for-nats", "mdlm", ("bits",), answer("loss", lambda y, *_: y / 0.6931471805599453)),
    Planted("noise-for-signal", "d3pm_uniform", ("1 minus what is wanted",), answer("alpha", lambda y, *_: 1 - y)),
    Planted("prior-for-posterior", "d3pm_uniform", ("does not look at x_t",), {"posterior": prior_for_posterior}),
    Planted(
        "marginal-one-step-early",
        "d3pm_uniform",
        ("one step",),
        asked("marginal", lambda p, x0, t: (x0, (t - 1).clamp(min=0))),
    ),
    Planted("classes-mirrored", "d3pm_birth_death", ("mirrored",), answer("marginal", lambda y, *_: y.flip(-1))),
    Planted(
        "classes-off-by-one",
        "d3pm_uniform",
        ("classes of transition are one",),
        answer("transition", lambda y, *_: y.roll(1, -1)),
    ),
    Planted("variance-for-deviation", "vdm-noise", ("square",), answer("noise_level", lambda y, *_: y**2)),
    Planted("sign-of-log-snr", "vdm-noise", ("sign",), answer("log_snr", lambda y, *_: -y)),
    Planted(
        "time-runs-backward", "mdlm", ("time runs the other way",), asked("marginal", lambda p, x0, t: (x0, 1 - t))
    ),
    Planted("mean-over-classes", "sedd_uniform", ("expected / K",), answer("loss", lambda y, p, *_: y / p.K)),
    Planted("half-forgotten", "vdm-noise", ("2 times",), answer("diffusion_loss", lambda y, *_: 2 * y)),
    Planted(
        "x-and-z-exchanged",
        "vdm-noise",
        ("exchanges x and z",),
        asked("bridge_mean", lambda p, x, z, s, t: (z, x, s, t)),
    ),
    Planted("one-loss-for-each-position", "mdlm", ("summed over positions",), {"loss": loss_of_each_position}),
    Planted("softmax-over-positions", "d3pm_uniform", ("over positions",), {"denoise": softmax_over_positions}),
    Planted("rate-without-its-sign", "mdlm", ("sign",), answer("rate", lambda y, *_: -y)),
    Planted(
        "samples-one-step-late",
        "d3pm_absorbing",
        ("one step",),
        asked("sample", lambda p, x0, t, generator: (x0, (t + 1).clamp(max=p.T), generator)),
    ),
    Planted("steps-forgotten", "d3pm_uniform", ("expected × T",), answer("loss", lambda y, p, *_: y * p.T)),
    Planted("kl-with-base-two", "d3pm_uniform", ("bits",), answer("prior_kl", lambda y, *_: y / 0.6931471805599453)),
    Planted(
        "posterior-given-by-logits",
        "d3pm_absorbing",
        ("logarithm",),
        answer("posterior", lambda y, *_: y.clamp(min=1e-30).log()),
    ),
    Planted("denoise-keeps-logits", "mixture_continuous", ("logarithm",), answer("denoise", lambda y, *_: y.log())),
)
