"""That answers are numbers, and numbers of the dtype asked for: all other laws leave that to these two."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from unmask.properties.claims.claim import Claim, exact
from unmask.properties.engine.calls import real_dtype
from unmask.properties.engine.lawbook import About, Drawn, law

CHAPTER = "Conduct"


@law(
    chapter=CHAPTER,
    cites="numerics: no NaN on valid input; shapes and dtypes as the vocabulary of its kind declares them",
    mutants=(
        "loss-is-nan-in-the-last-step",
        "marginal-without-positions",
        "posterior-raises",
        "loss-of-the-whole-batch",
    ),
    about=About(kind="any"),
    drawn=Drawn(cost=2, most_T=None),
)
def answers_are_numbers(faults: Any, p: Any) -> list[Claim]:
    """Valid arguments, at every time up to the ends, give an answer: of the right shape, without a NaN, and no exception"""
    return [exact(np.array(fault or "numbers"), np.array("numbers"), label=name) for name, fault in faults().items()]


@law(
    chapter=CHAPTER,
    cites="numerics: a result is as precise as its inputs",
    mutants=("loss-in-single-precision", "marginal-in-single-precision"),
    about=About(kind="any", tensors=True, capabilities=lambda c: c.gives.of == "reals"),
    drawn=Drawn(floating=True, cost=3, most_T=None),
)
def precision_is_kept(offers: Any, situation: Any, p: Any) -> list[Claim]:
    """What is asked in one precision is answered in the same precision, never in a coarser one"""
    claims = []
    for name, capability in offers.items():
        dtype = real_dtype(capability.run(capability.prepare(*situation(name))))
        coarse = dtype is not None and torch.finfo(dtype).eps > torch.finfo(p.dtype).eps
        told = str(dtype) if coarse else "kept"
        claims.append(exact(np.array(told), np.array("kept"), label=name))
    return claims


__all__ = ["answers_are_numbers", "precision_is_kept"]
