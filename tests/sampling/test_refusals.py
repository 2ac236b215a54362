"""What samplers refuse, and how they say so."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import pytest
import torch

import unmask.implementations as fast
from tests.sampling.laws import GRID, MASK, TIMES, K, L, Table, masked, rng
from unmask.implementations import (
    D3PM,
    Cosine,
    Geometric,
    Interpolating,
    MutualInformation,
    ancestral,
    cached,
    first_hitting,
    infill,
    inverse_one_minus_alpha,
    next_hit,
    semi_autoregressive,
    two_stage_step,
)

X, KNOWN = torch.tensor([[0, 1]]), torch.tensor([[True, False]])
HALF, ONE = torch.tensor([0.5]), torch.tensor([1.0])
Case = tuple[str, Callable[[], object], type[Exception], str]


def bad_runs(target: str, run: Callable[..., object]) -> list[Case]:
    """What any sampler along times refuses; ``run(method, network, times, generator)``."""
    m, net, g = masked(), Table(), rng()
    return [
        (target, lambda: run(None, net, TIMES, g), TypeError, r"method must .*None"),
        (target, lambda: run(m, 3, TIMES, g), TypeError, r"network must be a function.*int 3"),
        (target, lambda: run(m, net, TIMES, 7), TypeError, r"generator .*Generator.*int 7"),
        (target, lambda: run(m, net, 0.5, g), TypeError, r"times must be a sequence.*float 0\.5"),
        (target, lambda: run(m, net, "10", g), TypeError, r"times must be a sequence.*str"),
        (target, lambda: run(m, net, [1.0], g), ValueError, r"times must hold at least two.*\[1\.0\]"),
        (target, lambda: run(m, net, [1.0, 0.5], g), ValueError, r"times must end at 0, got 0\.5"),
        (target, lambda: run(m, net, [0.5, 0.75, 0.0], g), ValueError, r"times must decrease, got 0\.5 and then 0\.75"),
        (target, lambda: run(m, net, [0.5, 0.5, 0.0], g), ValueError, r"times must decrease"),
        (target, lambda: run(m, net, [2.0, 0.0], g), ValueError, r"times\[0\] must be in \[0, 1\], got 2"),
        (target, lambda: run(m, net, [math.nan, 0.0], g), ValueError, r"times\[0\] .*nan"),
        (target, lambda: run(m, net, torch.tensor([1, 0]), g), TypeError, r"times must have dtype.*int64"),
        (target, lambda: run(m, net, torch.ones(1, 2), g), ValueError, r"times must have shape \[S\]"),
        (target, lambda: run(masked(GRID), net, [4.0, 0.0], g), TypeError, r"times\[0\] must be an int.*4\.0"),
        (target, lambda: run(masked(GRID), net, [5, 0], g), ValueError, r"times\[0\] must be in 0\.\.4, got 5"),
        (target, lambda: run(m, lambda x, t: torch.zeros(1, 1, K), TIMES, g), ValueError, r"output must have shape"),
    ]


def bad_sizes(target: str, run: Callable[..., object]) -> list[Case]:
    return [
        (target, lambda: run(-1, 2, None), ValueError, r"N must be at least 0, got -1"),
        (target, lambda: run(1.0, 2, None), TypeError, r"N must be an int, got float 1\.0"),
        (target, lambda: run(1, 0, None), ValueError, r"L must be at least 1, got 0"),
        (target, lambda: run(1, 2, "cpu"), TypeError, r"device must be a torch\.device, got str 'cpu'"),
    ]


def refusals() -> list[Case]:
    run: Any = ancestral
    cache: Any = cached
    fill: Any = infill
    blocks: Any = semi_autoregressive
    two: Any = two_stage_step
    hit: Any = first_hitting
    soon: Any = next_hit
    inverse: Any = inverse_one_minus_alpha
    m, net, g = masked(), Table(), rng()
    uniform = D3PM(Interpolating.uniform(MutualInformation(), K))
    n = torch.tensor([1])
    found = bad_runs("ancestral", lambda a, b, c, d: run(a, b, 1, L, c, d))
    found += bad_runs("cached", lambda a, b, c, d: cache(a, b, 1, L, c, d))
    found += bad_runs("infill", lambda a, b, c, d: fill(a, b, X, KNOWN, c, d))
    found += bad_runs("semi_autoregressive", lambda a, b, c, d: blocks(a, b, 1, [1, 1], c, d))
    found += bad_sizes("ancestral", lambda a, b, d: run(m, net, a, b, TIMES, g, device=d))
    found += bad_sizes("cached", lambda a, b, d: cache(m, net, a, b, TIMES, g, device=d))
    found += bad_sizes("first_hitting", lambda a, b, d: hit(m, net, a, b, g, device=d))
    found += [
        ("cached", lambda: cache(uniform, net, 1, L, TIMES, g), TypeError, r"method must be MDLM"),
        ("semi_autoregressive", lambda: blocks(uniform, net, 1, [1], TIMES, g), TypeError, r"method must be MDLM"),
        ("semi_autoregressive", lambda: blocks(m, net, 1, 2, TIMES, g), TypeError, r"blocks .*int 2"),
        ("semi_autoregressive", lambda: blocks(m, net, 1, [], TIMES, g), ValueError, r"blocks .*at least one.*\[\]"),
        ("semi_autoregressive", lambda: blocks(m, net, 1, [1, 0], TIMES, g), ValueError, r"blocks\[1\] .*got 0"),
        ("semi_autoregressive", lambda: blocks(m, net, -1, [1], TIMES, g), ValueError, r"N .*got -1"),
        ("infill", lambda: fill(m, net, X.float(), KNOWN, TIMES, g), TypeError, r"x must have dtype.*float32"),
        ("infill", lambda: fill(m, net, X[0], KNOWN, TIMES, g), ValueError, r"x must have shape \[N, L\]"),
        ("infill", lambda: fill(m, net, X, KNOWN.long(), TIMES, g), TypeError, r"known must have dtype.*int64"),
        ("infill", lambda: fill(m, net, X, KNOWN[:, :1], TIMES, g), ValueError, r"known must have shape \[1, 2\]"),
        ("infill", lambda: fill(m, net, X + 9, KNOWN, TIMES, g), ValueError, r"x \(where known\) .*0\.\.2, got 9"),
        ("infill", lambda: fill(m, net, X + MASK, KNOWN, TIMES, g), ValueError, r"x \(where known\) .*mask id 2"),
        ("two_stage_step", lambda: two(uniform, net, X, HALF, ONE, g), TypeError, r"method must be MDLM"),
        ("two_stage_step", lambda: two(m, 3, X, HALF, ONE, g), TypeError, r"network_or_output .*int 3"),
        ("two_stage_step", lambda: two(m, net, X, HALF, ONE, 7), TypeError, r"generator .*int 7"),
        ("two_stage_step", lambda: two(m, net, X + 9, HALF, ONE, g), ValueError, r"xt .*got 9"),
        ("two_stage_step", lambda: two(m, net, None, HALF, ONE, g), TypeError, r"xt must be a torch\.Tensor"),
        ("two_stage_step", lambda: two(m, net, X, ONE, HALF, g), ValueError, r"s must be earlier than t"),
        ("first_hitting", lambda: hit(uniform, net, 1, L, g), TypeError, r"method must be MDLM"),
        ("first_hitting", lambda: hit(masked(GRID), net, 1, L, g), ValueError, r"continuous clock.*T = 4"),
        ("first_hitting", lambda: hit(m, 3, 1, L, g), TypeError, r"network .*int 3"),
        ("first_hitting", lambda: hit(m, net, 1, L, 7), TypeError, r"generator .*int 7"),
        ("next_hit", lambda: soon(None, n, HALF, g), TypeError, r"schedule must be Schedule.*None"),
        ("next_hit", lambda: soon(GRID, n, HALF, g), ValueError, r"continuous clock.*T = 4"),
        ("next_hit", lambda: soon(Cosine(), HALF, HALF, g), TypeError, r"n_masked must have dtype.*float32"),
        ("next_hit", lambda: soon(Cosine(), -n, HALF, g), ValueError, r"n_masked must be at least 0, got -1"),
        ("next_hit", lambda: soon(Cosine(), n, HALF + 1, g), ValueError, r"t must be a time in \[0, 1\], got 1\.5"),
        ("next_hit", lambda: soon(Cosine(), n, torch.ones(2), g), ValueError, r"t must have shape \[1\]"),
        ("next_hit", lambda: soon(Cosine(), n, HALF, 7), TypeError, r"generator .*int 7"),
        ("inverse_one_minus_alpha", lambda: inverse(GRID, HALF.double()), ValueError, r"continuous.*T = 4"),
        ("inverse_one_minus_alpha", lambda: inverse(Cosine(), HALF), TypeError, r"noised must have dtype.*float32"),
        ("inverse_one_minus_alpha", lambda: inverse(Cosine(), ONE.double() * 2), ValueError, r"noised .*got 2"),
        (
            "inverse_one_minus_alpha",
            lambda: inverse(Geometric(0.5, 3.0), ONE.double() * 0.125),
            ValueError,
            r"noised must be in .*0\.393.*got 0\.125",
        ),
    ]
    return found


CASES = refusals()


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c[0]}: {c[3]}")
def test_refused(case: Case) -> None:
    target, call, error, says = case
    assert target in fast.__all__
    with pytest.raises(error) as caught:
        call()
    assert type(caught.value) is error
    assert re.search(says, str(caught.value)), f"the message is: {caught.value}"
