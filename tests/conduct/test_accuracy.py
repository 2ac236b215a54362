"""What laws about accuracy ask of whom: textbook formulas hold in float64, and lose digits in float32."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from unmask.properties import LAWBOOK, Process, Run, Subject, examine, processes
from unmask.properties.engine.plan import Plan, plan

LAWS = [law for law in LAWBOOK if law.told.chapter == "Accuracy"]
DOUBLE = Run(budget="quick", derandomize=True, shrink=False)


class Textbook:
    """A continuous-time process by its definitions, in the dtype asked for: nothing is arranged to keep digits."""

    def __init__(self, p: Process) -> None:
        self.p = p
        self.rates = torch.tensor(p.exact.rate.astype(float), dtype=p.dtype)
        self.prior = torch.tensor(p.prior, dtype=p.dtype)

    def alpha(self, t: Tensor) -> Tensor:
        known = self.p.schedule
        match known.name:
            case "linear-beta":
                return torch.exp(-(known["first"] * t + (known["last"] - known["first"]) * t**2 / 2))
            case "cosine":
                offset = known["offset"]
                angle = math.pi / 2 / (1 + offset)
                return torch.cos(angle * (t + offset)) / math.cos(angle * offset)
            case "log-linear":
                return 1 - (1 - known["eps"]) * t
            case "geometric":
                return torch.exp(-(known["sigma_min"] ** (1 - t)) * known["sigma_max"] ** t)
            case "polynomial":
                return (1 - t) ** int(known["n"])
        return 1 - t

    def rate(self, t: Tensor) -> Tensor:
        with torch.enable_grad():
            time = t.detach().clone().requires_grad_(True)
            (slope,) = torch.autograd.grad(self.alpha(time).log().sum(), time)
        return -slope

    def kept(self, keep: Tensor) -> Tensor:
        """The matrices of a probability of no hit, ``[N, K, K]``."""
        if self.p.kind.keeps_or_redraws:
            kept = keep[:, None, None]
            return kept * torch.eye(self.p.K, dtype=keep.dtype) + (1 - kept) * self.prior
        return torch.matrix_exp(-keep.log()[:, None, None] * self.rates)

    def transition(self, s: Tensor, t: Tensor) -> Tensor:
        return self.kept((self.alpha(t) / self.alpha(s)).reshape(1))[0]

    def rows(self, matrices: Tensor, x: Tensor) -> Tensor:
        return matrices[torch.arange(len(x))[:, None], x]

    def columns(self, matrices: Tensor, x: Tensor) -> Tensor:
        return self.rows(matrices.mT, x)

    def marginal(self, x0: Tensor, t: Tensor) -> Tensor:
        return self.rows(self.kept(self.alpha(t)), x0)

    def onwards(self, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return self.columns(self.kept(self.alpha(t) / self.alpha(s)), xt)

    def posterior(self, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        joint = self.marginal(x0, s) * self.onwards(xt, s, t)
        return joint / joint.sum(-1, keepdim=True)

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        joint = (output.softmax(-1) @ self.kept(self.alpha(s))) * self.onwards(xt, s, t)
        return joint / joint.sum(-1, keepdim=True)

    def score(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        reached = output.softmax(-1) @ self.kept(self.alpha(t))
        return reached / reached.gather(-1, xt[..., None])

    def reverse_rate(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        rates = self.rate(t)[:, None, None] * self.rates.T[xt] * self.score(output, xt, t)
        return rates.scatter(-1, xt[..., None], 0.0)

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        law = self.marginal(x0, t)
        ratio, score = law / law.gather(-1, xt[..., None]), self.score(output, xt, t)
        into = (self.rate(t)[:, None, None] * self.rates.T[xt]).scatter(-1, xt[..., None], 0.0)
        used = into > 0
        safe = torch.where(used, score, 1.0)
        terms = safe - torch.special.xlogy(ratio, safe) + torch.special.xlogy(ratio, ratio) - ratio
        return torch.where(used, into * terms, 0.0).sum((-1, -2))


class ByEigenvectors(Textbook):
    """The exponential of symmetric rates from their eigenvectors."""

    def kept(self, keep: Tensor) -> Tensor:
        values, vectors = torch.linalg.eigh(self.rates)
        return (vectors * torch.exp(-keep.log()[:, None] * values)[:, None]) @ vectors.T


MATRICES = Subject(
    Textbook, processes("birth-death", "ehrenfest", clock="continuous"), output="joint-sum", name="matrices"
)
EIGENVECTORS = Subject(ByEigenvectors, processes("birth-death", clock="continuous"), output="joint-sum", name="eigen")
FORMULAS = Subject(
    Textbook,
    processes("uniform", "absorbing", "mask-and-uniform", clock="continuous"),
    output="joint-sum",
    name="formulas",
)


def statuses(subject: Subject, run: Run) -> dict[str, str]:
    return {law.name: examine(law, subject, run).status for law in LAWS if isinstance(plan(law, subject), Plan)}


@pytest.mark.parametrize("subject", [FORMULAS, MATRICES, EIGENVECTORS], ids=lambda subject: subject.name)
def test_textbook_formulas_hold_in_double_precision(subject: Subject) -> None:
    found = statuses(subject, DOUBLE)
    # Eigenvectors are allowed as much as the derivatives are large.
    vacuous = {"gradients_have_their_digits_at_both_ends"} if subject is EIGENVECTORS else set()
    assert {law for law, status in found.items() if status != "holds"} == vacuous, found
    assert len(found) >= 8


def test_textbook_formulas_lose_small_numbers_in_single_precision() -> None:
    found = statuses(FORMULAS, replace(DOUBLE, precision="float32", budget="ci"))
    assert [name for name, status in found.items() if status == "broken"] == [
        "alpha_has_its_digits_at_both_ends",
        "the_rate_has_its_digits_at_both_ends",
        "small_transitions_have_their_digits",
        "small_marginals_have_their_digits",
        "small_posteriors_have_their_digits",
        "small_reverse_probabilities_have_their_digits",
        "reverse_rates_have_their_digits_at_both_ends",
        "losses_have_their_digits_at_both_ends",
        "gradients_have_their_digits_at_both_ends",
    ]
