"""Microsoft's ``evodiff`` under the laws: D3PM over amino acids with uniform noise, and order-agnostic diffusion.

The package is used as it is installed; alphabets are as long as a law asks.  What differs from the conventions here:

====================  =====================================  ====================================================
                      here                                   in ``evodiff``
====================  =====================================  ====================================================
steps of D3PM         1..T                                   indices 1..T of T + 1 matrices; the first and the
                                                             second matrix together are the first step
losses                sums over positions                    means over positions, and over the batch
ids                   tensors                                strings of letters
randomness            a ``torch.Generator``                  the global states of torch and NumPy
====================  =====================================  ====================================================

BLOSUM noise needs a file of scores that the package does not bring, and is not asked.

Papers: Alamdari et al. 2023 (EvoDiff); Austin et al. 2021 (D3PM); Hoogeboom et al. 2022 (order-agnostic diffusion).
"""

# mypy: disable-error-code="no-any-return"
# pyright: reportMissingImports=false

from __future__ import annotations

import os
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import torch
from evodiff.collaters import OAMaskCollater, sample_transition_matrix
from evodiff.generate import generate_oaardm, generate_oaardm_order_opt
from evodiff.losses import D3PMLVBLoss, OAMaskedCrossEntropyLoss
from evodiff.utils import Tokenizer
from torch import Generator, Tensor
from torch.nn.functional import one_hot

from unmask.properties import Plan, Process, Schedule, Subject, processes, programs, seeded

#: T + 1 matrices of beta = 1/(T + 2 - k), k = 0..T, of which the first two are one step.
SCHEDULE = Schedule("evodiff", function=lambda u, T: 1 if u == 0 else 1 - (u * T + 1) / (T + 2))


def tokenizer(K: int, others: int = 0) -> Tokenizer:
    """Letters for ``K`` classes, the last of which is the mask of what has one, and for ``others``."""
    letters = "".join(chr(0x100 + k) for k in range(K + others))
    return Tokenizer(protein_alphabet=letters, all_aas=letters, pad=letters[0], mask=letters[K - 1])


class Discrete:
    """D3PM: matrices, noise, and the bound.  Its tables are in single precision."""

    output, time_steps, dtypes = "joint-sum-direct", "unit", ("float32",)

    def __init__(self, p: Process) -> None:
        self.K, self.T, own = p.K, int(p.T or 0), tokenizer(p.K)
        with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
            self.Q_bar, self.Q = own.q_random_schedule(timesteps=self.T + 1, schedule="sohl-dickstein")
        self.terms = D3PMLVBLoss(tmax=self.T + 1, tokenizer=own)

    def marginal(self, x0: Tensor, t: Tensor) -> Tensor:
        clean = torch.eye(self.K, dtype=self.Q.dtype)[None]
        return torch.cat([clean, self.Q_bar[1:]])[t[:, None], x0]

    def sample(self, x0: Tensor, t: Tensor, generator: Generator) -> Tensor:
        xt = x0.clone()
        with seeded(generator):
            for time in set(t.tolist()) - {0}:  # all rows of a time as one long sequence
                clean = one_hot(x0[t == time].flatten(), self.K).double()
                xt[t == time] = sample_transition_matrix(clean, self.Q_bar[time])[0].reshape(-1, x0.shape[1])
        return xt

    def prior_kl(self, x0: Tensor) -> Tensor:
        end = torch.full((len(x0),), self.T)
        return self._terms(torch.zeros(*x0.shape, self.K), x0, x0, end + 1, self.marginal(x0, end))

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        return self._terms(output, x0, xt, t, self.marginal(x0, t))

    def _terms(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor, q: Tensor) -> Tensor:
        noisy, clean, counted = one_hot(xt, self.K).double(), one_hot(x0, self.K).double(), torch.ones(x0.shape)
        each = [slice(n, n + 1) for n in range(len(x0))]
        terms = [
            self.terms(noisy[n], q[n], output[n], x0[n], clean[n], counted[n], t[n], self.Q, self.Q_bar) for n in each
        ]
        return torch.stack(terms) * x0.shape[1] if terms else output.new_zeros(0)


class OrderAgnostic:
    """Its collator and its loss: a number of masks, the cross-entropies of which are weighed by D over that number."""

    reduction, weighting, masks, counted = "sum", "nelbo", "by count", "everywhere"

    def __init__(self, p: Process) -> None:
        self.tokenizer = tokenizer(p.K)
        self.collater, self.terms = OAMaskCollater(self.tokenizer), OAMaskedCrossEntropyLoss(tokenizer=self.tokenizer)

    def objective(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        with seeded(generator):
            src, steps, tgt, mask = self.collater([(self.tokenizer.untokenize(row),) for row in x0])
        return self.terms(network(src), tgt, mask, steps, counted)[0]


class RandomOrder:
    """Its sampler in random order, which never draws the last six letters of its alphabet; the mask is one of them."""

    plan, counted = Plan(order="random"), "everywhere"

    def __init__(self, p: Process) -> None:
        self.tokenizer = tokenizer(p.K, 5)

    def sample(self, network: Any, x: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        with seeded(generator):
            return generate_oaardm(network, self.tokenizer, x.shape[1], batch_size=len(x), device="cpu")[0]


class SurestFirst(RandomOrder):
    """Its sampler that goes to the position of the likeliest class of all, a row at a time."""

    plan = Plan(order=lambda probabilities: probabilities.amax(-1))

    def sample(self, network: Any, x: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        with seeded(generator):
            rows = [
                generate_oaardm_order_opt(network, self.tokenizer, x.shape[1], batch_size=1, device="cpu")[0] for _ in x
            ]
        return torch.cat([x[:0], *rows])


class SurestTogether(SurestFirst):
    """The same, rows together."""

    def sample(self, network: Any, x: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        with seeded(generator):
            return generate_oaardm_order_opt(network, self.tokenizer, x.shape[1], batch_size=len(x), device="cpu")[0]


#: Of each subject the laws that fail, with the script of ``findings`` that shows why, or a word on what is meant so.
KNOWN: dict[str, dict[str, str]] = {
    "evodiff-d3pm": {
        "answers_are_numbers": "evodiff_squared_prediction: sequences of one position raise IndexError",
        **dict.fromkeys(
            (
                "loss_is_its_term_of_the_nelbo",
                "terms_add_up_to_the_nelbo",
                "gradient_is_the_gradient_of_the_nelbo",
                "the_gradient_vanishes_at_the_optimum",
                "a_confident_mistake_costs_its_logit",
                "losses_have_their_digits_at_both_ends",
                "gradients_have_their_digits_at_both_ends",
            ),
            "evodiff_squared_prediction: the prediction enters twice",
        ),
    },
    "evodiff-order-agnostic": {"masked_sets_follow_the_noise": "evodiff_one_mask: one mask alone never comes"},
    "evodiff-random-order": {
        "all_sets_are_revealed_alike": "meant: one order for all rows of a batch",
        "sequences_follow_the_plan": "meant: one order for all rows of a batch",
    },
    "evodiff-surest-first-together": dict.fromkeys(
        (
            "tokens_follow_the_tempered_law",
            "sequences_follow_the_plan",
            "rows_are_sampled_independently",
            "a_prompt_is_a_condition",
        ),
        "evodiff_same_rows: all rows are the first one",
    ),
}


def subject(made: Any, space: Any, name: str) -> Subject:
    """A subject with what is known of it."""
    return Subject(made, space, name=name, known=KNOWN.get(name, {}))


CALLS = programs("absorbing", K=(3, 64))
D3PM = subject(Discrete, processes("uniform", schedules=SCHEDULE, K=(2, 64), T=(2, 500)), "evodiff-d3pm")
PROGRAMS = [
    subject(OrderAgnostic, CALLS, "evodiff-order-agnostic"),
    subject(RandomOrder, CALLS, "evodiff-random-order"),
    subject(SurestFirst, CALLS, "evodiff-surest-first"),
    subject(SurestTogether, CALLS, "evodiff-surest-first-together"),
]
ALL = [D3PM, *PROGRAMS]
