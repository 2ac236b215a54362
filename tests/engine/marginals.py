"""A subject with a marginal of a test's own, and laws about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from unmask.properties import (
    Process,
    Run,
    Subject,
    exact,
    processes,
)

SPACE = processes("uniform", clock="both")
QUICK = Run(budget="quick", derandomize=True)
BAYES = "posterior_is_bayes_rule"


def answer(p, x0, t):
    """Distributions that sum to one, and are right for no process but by accident."""
    return torch.full((*x0.shape, p.K), 1 / p.K, dtype=p.dtype)


class Marginal:
    """An object whose ``marginal`` is a function of the process, of ``x0`` and of ``t``."""

    def __init__(self, p: Process, function: Callable[..., Any]) -> None:
        self.p, self.function = p, function

    def marginal(self, x0, t):
        return self.function(self.p, x0, t)


def mine(marginal: Callable[..., Any] = answer, **declared: Any) -> Subject:
    return Subject(lambda p: Marginal(p, marginal), SPACE, name="mine", **declared)


def of_every_shape(marginal, p, t):
    """One answer for each of three rows"""
    return exact(marginal(p, np.zeros((3, 2), dtype=int), [t] * 3).shape, (3, 2, p.K))


def never(p):
    """Never holds"""
    return exact(p.K, 0)


def always(p):
    """Always holds"""
    return exact(p.K, p.K)
