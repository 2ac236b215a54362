"""How methods over chains behave: draws, gaps, precisions, empty batches, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import unmask.implementations as fast
from tests.noise.over_chains import KINDS, each, logits, near
from tests.noise.test_processes import PAIRS, built, time_tensor
from unmask.implementations import D3PM, SEDD, BirthDeath, DriftingPrior, Grid, WithMask
from unmask.properties.claims.claim import sampled
from unmask.properties.claims.judges import judge


@each
def test_steps_are_drawn_from_the_kernel(name: str, clock: str) -> None:
    process = built(name, clock, torch.float64)
    at = time_tensor(clock, PAIRS[clock][2][0]), time_tensor(clock, PAIRS[clock][2][1])
    output, xt = logits(process.K, "moderate"), torch.arange(process.K).reshape(1, -1)
    method = D3PM(process)
    drawn = method.step(output.repeat(1, 4000, 1), xt.repeat(1, 4000), *at, torch.Generator().manual_seed(5))
    hits = torch.nn.functional.one_hot(drawn[0].reshape(4000, -1), process.K).sum(0)
    assert judge(sampled(hits.numpy(), method.reverse(output, xt, *at)[0].numpy()), 2.2e-16).holds


@each
def test_no_gaps(name: str, clock: str) -> None:
    """Every process answers what has a meaning for it."""
    process = built(name, clock, torch.float32)
    t = time_tensor(clock, *(t for _, t in PAIRS[clock][:3]))
    if isinstance(process, (WithMask, DriftingPrior)) or name in ("birth-death", "ehrenfest"):
        scheduled: Any = process
        assert scheduled.alpha(t).dtype == scheduled.rate(t).dtype == torch.float32
        torch.testing.assert_close(scheduled.alpha(t).double(), scheduled.schedule.alpha(t), rtol=1e-6, atol=0)
        torch.testing.assert_close(scheduled.rate(t).double(), scheduled.schedule.rate(t), rtol=1e-6, atol=0)
    if clock == "discrete":
        with pytest.raises(ValueError, match=r"process must be on the continuous clock \[0, 1\], got T = "):
            process.rate_columns(torch.tensor([[0]]), t[:1])
        with pytest.raises(ValueError, match=r"process must be on the continuous clock \[0, 1\], got T = "):
            SEDD(process)


@each
def test_precisions_and_empty_batches(name: str, clock: str) -> None:
    """Half precision is computed in full, and rounded once; an example does not depend on the others."""
    process = built(name, clock, torch.float32)
    s, t = (time_tensor(clock, *(pair[i] for pair in PAIRS[clock][1:4])) for i in (0, 1))
    xt = torch.arange(process.K).expand(3, -1)
    exact = logits(process.K, "moderate").expand(3, -1, -1).bfloat16().double()
    methods: list[Any] = [D3PM(process, kind) for kind in KINDS]
    if clock == "continuous":
        methods.append(SEDD(process))
    for method in methods:
        calls = {"reverse": (xt, s, t), "score": (xt, t), "loss": (xt * 0, xt, t)}
        if clock == "continuous":
            calls |= {"reverse_rate": (xt, t), "euler": (xt, s, t)}
        for call, arguments in calls.items():
            if call == "loss" and clock == "discrete":
                arguments = (xt * 0, xt, t.clamp(min=1))
            ask = getattr(method, call)
            found, half = ask(exact, *arguments), ask(exact.bfloat16(), *arguments)
            assert half.dtype == (torch.float32 if call == "loss" else torch.bfloat16)
            inverts = call == "reverse" and isinstance(method, SEDD)
            if not inverts:  # there, rounding is as large as the inverse
                torch.testing.assert_close(half, found.to(half.dtype), rtol=1e-4 if call == "loss" else 2**-7, atol=0)
            assert ask(exact.float(), *arguments).dtype == torch.float32
            alone = ask(exact[1:2], *(a[1:2] for a in arguments))
            # Rounding is as large as the inverse, times the scores that it is applied to.
            inverse = torch.linalg.inv(process.transition(s[1:2], t[1:2]).double()) if inverts else None
            size = None if inverse is None else float(inverse.abs().sum(-1).max() * exact.exp().max())
            near(alone[0], found[1], size)
            assert ask(exact[:0], *(a[:0] for a in arguments)).shape == (0, *found.shape[1:])


def test_what_is_refused() -> None:
    process = BirthDeath(fast.MutualInformation(), 3)
    walk, output, xt = D3PM(BirthDeath(Grid([0.5]), 3)), torch.zeros(1, 2, 3), torch.tensor([[0, 1]])
    half, one = torch.tensor([0.5]), torch.tensor([1])
    with pytest.raises(TypeError, match="process must be Interpolating or Chain, got NoneType None"):
        D3PM(None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"continuous clock \[0, 1\], got T = 1"):
        walk.euler(output, xt, one - 1, one)
    with pytest.raises(ValueError, match=r"t must be a time in \[1, 1\], got 0"):
        walk.loss(output, xt, xt, one - 1)
    with pytest.raises(ValueError, match=r"t must have alpha_t > 0 for the analytic step, got 1"):
        SEDD(process).reverse(output, xt, half, 2 * half)
    with pytest.raises(ValueError, match=r"kind must be one of \('tweedie', 'euler'\), got 'newton'"):
        SEDD(process).step(output, xt, half, 2 * half, torch.Generator(), "newton")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"xt must hold class ids in 0..2, got 3"):
        process.rate_columns(xt + 2, half)
