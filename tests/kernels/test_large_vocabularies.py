"""Losses and gradients over 128,000 classes, a number that no block of a kernel divides, against exact ones of a few
states; `test_triton.py` asks kernels the same.

All classes but a few are alike, to the process and to the network, and are one state of the reference.  Derivatives by
the logits of the few, and by one that all others have in common, are differences of 40-digit numbers.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.kernels.sums import DEVICES, DTYPES, rounding
from tests.methods import IMPLEMENTATIONS
from unmask.implementations.kernels.rows import in_triton
from unmask.properties import Process, Schedule
from unmask.properties.laws.conduct.scale import SPARSE_SIZE, _noisy, _outputs, lumped
from unmask.properties.laws.likelihood.terms import true_loss
from unmask.properties.subjects.tables.classes import Model
from unmask.reference.likelihood import reverse as reference
from unmask.reference.numbers import arithmetic as numbers
from unmask.reference.numbers import transcendental

Array = Any
METHODS = {m.name: m for m in IMPLEMENTATIONS}
#: Which family is asked of which method.
CASES = {
    "mdlm": "absorbing",
    "d3pm_absorbing": "absorbing",
    "d3pm_uniform": "uniform",
    "d3pm_mask_and_uniform": "mask-and-uniform",
    "d3pm_continuous": "uniform",
    "mixture_continuous": "uniform",
    "sedd_uniform": "uniform",
    "sedd_absorb": "absorbing",
    "flow": "uniform",
}
#: In float64 all; in the others one for each sum.
ASKED = [
    (name, dtype)
    for name in CASES
    for dtype in DTYPES
    if dtype == torch.float64 or name in ("mdlm", "d3pm_uniform", "sedd_uniform", "sedd_absorb")
]
#: The classes that a kernel of Triton visits at a time, and the lanes in which PyTorch adds a row up.
BLOCK, LANES = 4096, 8


class Many:
    """A method over many classes, a few pairs of clean and noisy ones, and a network's output for each."""

    def __init__(self, name: str, dtype: torch.dtype, device: str) -> None:
        family, subject = CASES[name], METHODS[name]
        steps = subject.processes.clocks == ("discrete",)
        schedule = Schedule("free", betas=(Fraction(1, 4), Fraction(1, 2))) if steps else Schedule("linear")
        self.p = Process(
            family,
            3,
            "discrete" if steps else "continuous",
            schedule,
            2 if steps else None,
            None if family == "uniform" else 2,
            {"share": Fraction(1, 2)} if family == "mask-and-uniform" else (),
            precision=str(dtype).removeprefix("torch."),
            device=device,
        )
        self.t: Any = 2 if steps else Fraction(1, 2)
        self.big = lumped(self.p, SPARSE_SIZE)
        self.meaning = str(subject.output)
        made = subject.build(self.big.full)
        self.method: Any = next(
            part for part in (made if isinstance(made, tuple) else (made,)) if hasattr(part, "loss")
        )
        noisy = _noisy(self.big, self.t)
        marginal = numbers.to_float(self.big.process.marginal(self.t))[0]
        self.xt = noisy[marginal[self.big.state(noisy[:, 0])] > 0][-2:]
        self.x0 = np.full_like(self.xt, self.big.distinguished[0])
        # Multiples of an eighth, the same numbers in every dtype.
        self.output = _outputs(self.big, Model(self.p, 1, self.meaning, 5), self.xt)[0]

    def found(self) -> tuple[Tensor, Tensor]:
        """Losses ``[N]`` and the gradient of their sum ``[N, K]``."""
        ids = (torch.as_tensor(v, device=self.p.device) for v in (self.x0, self.xt))
        leaf = torch.as_tensor(self.output, device=self.p.device).to(self.p.dtype).requires_grad_()
        times = torch.full((len(self.xt),), float(self.t), device=self.p.device)
        loss = self.method.loss(leaf, *ids, times.long() if self.p.T else times.double())
        loss.sum().backward()
        assert leaf.grad is not None
        return loss.detach().cpu().double(), leaf.grad[:, 0].cpu().double()

    @cached_property
    def few(self) -> Array:
        """Logits of the states, ``[N, 1, n + 1]``."""
        rest = next(k for k in range(self.big.full.K) if k not in self.big.distinguished)
        picked = self.output[..., [*self.big.distinguished, rest]]
        return np.array([numbers.MP.mpf(float(v)) for v in picked.ravel()], dtype=object).reshape(picked.shape)

    def true(self, few: Array) -> Array:
        """Losses of the process over the states, ``[N]``, from logits of the states."""
        states = self.big.state(self.x0), self.big.state(self.xt)
        logs = few.copy()
        logs[..., -1] += numbers.MP.log(self.big.others)
        if self.meaning == "score":
            predicted = transcendental.exp(logs)
        else:
            predicted = transcendental.softmax(logs, exact=True)
        if self.meaning == "subs":
            predicted = reference.subs_denoiser(predicted, states[1], len(self.big.distinguished) - 1)
        return true_loss(self.big.process, self.meaning, predicted, *states, self.t)

    def slopes(self) -> Array:
        """Derivatives by the logits of the states, ``[N, n + 1]``."""
        h, found = numbers.MP.mpf(10) ** -13, []
        for k in range(self.few.shape[-1]):
            way = np.where(np.arange(self.few.shape[-1]) == k, h, 0 * h)
            found.append((self.true(self.few + way) - self.true(self.few - way)) / (2 * h))
        return numbers.to_float(np.stack(found, -1))

    def size(self) -> float:
        """Of the terms of a loss: how fast it grows, times the largest logarithms of a row."""
        logs = math.log(self.big.full.K) + 2 * 3
        if self.p.T is not None:
            return logs
        alpha, rate = float(self.p.alpha(self.t)), float(self.p.rate(self.t))
        return logs * rate * (1 + alpha / (1 - alpha))

    def roundings(self) -> float:
        """Of a sum over all classes, of exponentials, whose arguments have the size of the logits, and of the rest."""
        K = self.big.full.K
        added = K / BLOCK + math.log2(BLOCK) if in_triton(torch.zeros(1, device=self.p.device)) else K / LANES
        return added + 2 * math.log(K) + 32


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("name", "dtype"), ASKED, ids=[f"{name}-{dtype}" for name, dtype in ASKED])
def test_losses_and_gradients_are_those_of_a_few_classes(name: str, dtype: torch.dtype, device: str) -> None:
    many = Many(name, dtype, device)
    loss, gradient = many.found()
    eps = many.roundings() * rounding(dtype)
    truth = torch.as_tensor(numbers.to_float(many.true(many.few)))
    gap = (loss - truth).abs() / (many.size() + truth.abs())
    assert bool((gap <= eps).all()), f"{float(gap.max() / rounding(dtype))} > {many.roundings()} roundings"
    slopes = torch.as_tensor(many.slopes())
    big = many.big
    # Of the classes that are alike each has its part, and its part of the roundings.
    want = (slopes[:, -1:] / big.others).repeat(1, big.full.K)
    scale = torch.full_like(want, many.size() / big.others)
    want[:, list(big.distinguished)], scale[:, list(big.distinguished)] = slopes[:, :-1], many.size()
    # In half precision it is rounded as it is written.
    gap = (gradient - want).abs() - want.abs() * torch.finfo(dtype).eps
    worst = float((gap / (scale * rounding(dtype))).max())
    assert worst <= many.roundings(), f"{worst} > {many.roundings()} roundings"
