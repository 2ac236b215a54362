"""Whole samples, times to train at, and times of reveals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from benchmarks.synchronizations.call import Call
from benchmarks.synchronizations.inputs import FAMILY, LINE, MASK, K, L, N, sequences
from unmask.implementations import (
    D3PM,
    MDLM,
    SEDD,
    FlowMatching,
    ancestral,
    antithetic_times,
    cached,
    first_hitting,
    infill,
    inverse_one_minus_alpha,
    low_discrepancy_times,
    next_hit,
    semi_autoregressive,
    two_stage_step,
    uniform_times,
)

#: Steps of a sample, and its times on the device and in Python.
STEPS = 3
GIVEN = torch.tensor([1.0, 0.75, 0.5, 0.0], dtype=torch.float64)
NUMBERS = GIVEN.tolist()


def _network(xt: Tensor, t: Tensor) -> Tensor:
    """Any logits."""
    return torch.arange(K, dtype=torch.float32, device=xt.device).expand(*xt.shape, K)


def samples() -> Iterator[Call]:
    """Each sampler, a few steps."""
    mdlm = MDLM(FAMILY["absorbing"])
    x = sequences(FAMILY["absorbing"])["x0"]
    inputs = {"x": x, "known": x % 2 == 0, "times": GIVEN}

    def call(name: str, of: str, run: Callable[[Any], Any], waits: int, copies: int = 0, why: str = "") -> Call:
        return Call(name, of, inputs, run, waits, copies, why)

    of = f"{STEPS} steps"
    per_step = "each step's own"
    methods = {
        "MDLM": (mdlm, 1),
        "D3PM uniform": (D3PM(FAMILY["uniform"]), 2),
        "SEDD uniform": (SEDD(FAMILY["uniform"]), 1),
        "flow matching": (FlowMatching(FAMILY["uniform"]), 1),
    }
    for name, (method, waits) in methods.items():
        run = _ancestral(method)
        yield call("ancestral", f"{name}, {of}", run, waits * STEPS, 0, per_step)
    yield call(
        "ancestral", f"MDLM, {of}, times of Python", lambda a: ancestral(mdlm, _network, N, L, NUMBERS, a.generator),
        STEPS, 1, f"{per_step}; the times are copied once",
    )  # fmt: skip
    yield call(
        "infill",
        f"MDLM, {of}",
        lambda a: infill(mdlm, _network, a.x, a.known, a.times, a.generator),
        STEPS,
        0,
        per_step,
    )
    yield call(
        "semi_autoregressive", f"2 blocks, {of}",
        lambda a: semi_autoregressive(mdlm, _network, N, [2, 2], a.times, a.generator), 2 * STEPS, 0, per_step,
    )  # fmt: skip
    yield call(
        "cached", of, lambda a: cached(mdlm, _network, N, L, a.times, a.generator),
        3 * STEPS, 0, "in each step, which sequences have changed, whether any has a mask, and which rows are read",
    )  # fmt: skip
    yield call(
        "first_hitting", f"{L} tokens", lambda a: first_hitting(mdlm, _network, N, L, a.generator),
        L, 0, "which sequences are unfinished, for each token",
    )  # fmt: skip
    given = {**sequences(FAMILY["absorbing"]), "masks": torch.full((N, L), MASK)}
    stages = "which sequences are asked about, and which rows are read"
    yield Call(
        "two_stage_step", "with a network", given,
        lambda a: two_stage_step(mdlm, _network, a.masks, a.s, a.t, a.generator), 2, 0, stages,
    )  # fmt: skip
    yield Call(
        "two_stage_step", "with an output", given,
        lambda a: two_stage_step(mdlm, a.output, a.masks, a.s, a.t, a.generator), 1, 0, "which rows are read",
    )  # fmt: skip


def _ancestral(method: Any) -> Callable[[Any], Any]:
    return lambda a: ancestral(method, _network, N, L, a.times, a.generator)


def times() -> Iterator[Call]:
    """Of training, and of reveals."""
    for draw in (uniform_times, low_discrepancy_times, antithetic_times):
        for T in (None, 4):
            yield Call(draw.__name__, "" if T is None else "steps", {}, _times(draw, T))
    level = {"noised": torch.tensor([0.25, 0.5], dtype=torch.float64), "masks": torch.tensor([1, 2])}
    yield Call("inverse_one_minus_alpha", "", level, lambda a: inverse_one_minus_alpha(LINE, a.noised))
    yield Call("next_hit", "", level, lambda a: next_hit(LINE, a.masks, a.noised, a.generator))


def _times(draw: Callable[..., Tensor], T: int | None) -> Callable[[Any], Any]:
    return lambda a: draw(5, a.generator, T=T)


__all__ = ["samples", "times"]
