"""D3PM and SEDD over every chain, and Euler's step for every method, against the reference.

One batch row holds every noisy class, so that a case is one call: position ``l`` has ``x_t = l``.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, get_args

import numpy as np
import pytest
import torch
from torch import Tensor

import unmask.implementations as fast
from tests.test_processes import BETAS, CASES, PAIRS, built, clean, time_tensor, truth
from unmask.implementations import D3PM, MDLM, SEDD, BirthDeath, Chain, DriftingPrior, Grid, Interpolating, WithMask
from unmask.implementations.d3pm import Parameterization
from unmask.properties.claims import sampled
from unmask.reference import MP, continuous_elbo, elbo, neighbors, reverse
from unmask.reference import rates as reference_rates
from unmask.reference.numbers import array, to_float

F = Fraction
KINDS: tuple[Parameterization, ...] = get_args(Parameterization)
STYLES = ("moderate", "peaked", "ruled out", "impossible")
EPS = 2.0**-52
#: 8 roundings for each of at most 6 classes and 5 steps.
OPS = 8 * 6 * 5
each = pytest.mark.parametrize(("name", "clock"), CASES, ids=lambda v: v)
driven = pytest.mark.parametrize("name", [name for name, clock in CASES if clock == "continuous"])
#: After so much noise that the inverse of a transition is 1e20, scores say nothing any more.
INVERTIBLE = [pair for pair in PAIRS["continuous"] if pair[1] - pair[0] <= F(1, 2) and pair[1] < 1]


def logits(K: int, style: str) -> Tensor:
    """One row for every noisy class."""
    generator = torch.Generator().manual_seed(STYLES.index(style) + 17)
    plain = torch.randint(-64, 65, (1, K, K), generator=generator).double() / 32
    if style == "peaked":
        return 24.0 * torch.randint(0, 2, (1, K, K), generator=generator).double() - 12
    if style == "moderate":
        return plain
    out = torch.rand(plain.shape, generator=generator) < 0.4
    out[..., -1, :] = torch.arange(K) != 0
    out[..., 0, :] = False
    return torch.where(out, -1e4 if style == "ruled out" else -math.inf, plain)


def exponentials(logs: Tensor) -> Any:
    """Exactly so, to 40 digits."""
    flat = [MP.exp(MP.mpf(v)) if v > -math.inf else MP.mpf(0) for v in logs.flatten().tolist()]
    return array(flat).reshape(logs.shape)


def softmax(output: Tensor) -> Any:
    weights = exponentials(output)
    return weights / weights.sum(-1)[..., None]


def near(found: Tensor, wanted: Any, scale: Any = None, ops: float = OPS) -> None:
    """Within ``ops`` roundings of ``scale``, by default of each entry itself; infinities are the same."""
    found_, want = found.detach().double().numpy(), to_float(wanted)
    assert found_.shape == want.shape
    size = np.abs(want) if scale is None else np.broadcast_to(scale, want.shape)
    with np.errstate(invalid="ignore"):
        good = (found_ == want) | (np.abs(found_ - want) <= ops * EPS * size + 1e-290)
    assert good.all(), (found_[~good][:3], want[~good][:3], size[~good][:3])


def finite_gradient(result: Tensor, output: Tensor) -> None:
    (gradient,) = torch.autograd.grad(result.sum(), output, retain_graph=True)
    assert bool(gradient.isfinite().all())


def situation(process: Chain, style: str) -> tuple[Tensor, Tensor]:
    """A network's output, and the noisy classes that it is for."""
    return logits(process.K, style).requires_grad_(), torch.arange(process.K).reshape(1, -1)


def some_pairs(clock: str, style: str) -> list[tuple[Any, Any]]:
    """Every other pair of times: each is met by two of the styles."""
    return PAIRS[clock][STYLES.index(style) % 2 :: 2]


def pairs(process: Chain, exact: Any, output: Tensor, t: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Every clean class with every noisy one that it can become, and with every other; each a row of one position."""
    starts, noisy = torch.tensor(clean(process)), torch.arange(process.K)
    x0, xt = (v.reshape(-1, 1) for v in torch.meshgrid(starts, noisy, indexing="ij"))
    possible = torch.tensor(to_float(exact.marginal(t)))[x0, xt].squeeze(-1) > 0
    return output[0, xt], x0, xt, possible


@pytest.mark.parametrize("style", STYLES)
@each
def test_kernels(name: str, clock: str, style: str) -> None:
    process, exact = built(name, clock, torch.float64), truth(name, clock)
    output, xt = situation(process, style)
    told = softmax(output.detach())
    for s, t in some_pairs(clock, style):
        at = time_tensor(clock, s), time_tensor(clock, t)
        found = output
        for kind in KINDS:
            found = D3PM(process, kind).reverse(output, xt, *at)
            finite_gradient(found[..., 0], output)
            wanted = to_float(reverse.reverse_kernel(exact, kind, told, xt.numpy(), s, t))
            # What the reference cannot answer stays.
            nothing = wanted.sum(-1, keepdims=True) == 0
            near(found, np.where(nothing, np.eye(process.K), wanted))
        assert torch.equal(D3PM(process).mixture(output, xt, *at), found)
        paper = D3PM(process).reverse(output, xt, *at)
        assert torch.equal(D3PM(process, "mixture").joint_sum(output, xt, *at), paper)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", [name for name, clock in CASES if clock == "discrete"])
def test_discrete_losses(name: str, style: str) -> None:
    process, exact = built(name, "discrete", torch.float64), truth(name, "discrete")
    output, xt = situation(process, style)
    for t in range(1 + STYLES.index(style) % 2, exact.T + 1, 2):
        rows, x0, noisy, possible = pairs(process, exact, output, t)
        for kind in KINDS:
            method = D3PM(process, kind)
            loss = method.loss(rows, x0, noisy, torch.full((len(x0),), t))
            finite_gradient(loss, output)
            assert bool((loss[~possible] == 0).all())
            told = reverse.reverse_kernel(exact, kind, softmax(output.detach()), xt.numpy(), t - 1, t)[0]
            answered = possible & torch.tensor(to_float(told).sum(-1) > 0)[noisy.squeeze(-1)]
            x, y = x0[answered].numpy(), noisy[answered].numpy()
            wanted = to_float(elbo.pointwise_term(exact, told[y], x, y, t - 1, t))
            near(loss[answered], wanted, np.maximum(1, np.abs(wanted)))
            hybrid = method.hybrid_loss(rows, x0, noisy, torch.full((len(x0),), t), 0.25)
            extra = -0.25 * rows.log_softmax(-1).gather(-1, x0.unsqueeze(-1)).flatten()
            torch.testing.assert_close(hybrid, loss + extra)


@pytest.mark.parametrize("style", STYLES)
@each
def test_scores_and_rates(name: str, clock: str, style: str) -> None:
    process, exact = built(name, clock, torch.float64), truth(name, clock)
    output, xt = situation(process, style)
    told = softmax(output.detach())
    for s, t in some_pairs(clock, style):
        at = time_tensor(clock, s), time_tensor(clock, t)
        # A belief that rules out all that x_t may have been has no score.
        law = to_float(exact.marginal(t)).T[None]
        known = np.asarray(((law > 0) & (to_float(told) > 0)).any(-1))[0]
        for kind in KINDS:
            method = D3PM(process, kind)
            found = method.score(output, xt, at[1])
            form, seen = kind.removesuffix("-direct"), xt[:, known].numpy()
            wanted = reverse.denoiser_to_score(exact, form, told[:, known], seen, t)
            # The logarithm of a score of 1e100 is 230.
            size = np.abs(to_float(wanted)) * (1 + np.abs(np.log(np.maximum(to_float(wanted), 1e-290))))
            near(found[:, known], wanted, size)
            assert bool((found[:, ~known].diagonal(dim1=-2, dim2=-1) >= 0).all())
            if clock == "continuous" and t < 1:
                rate = method.reverse_rate(output, xt, at[1])
                finite_gradient(rate, output)
                expected = reference_rates.reverse_rate(exact, wanted, xt[:, known].numpy(), t)
                near(rate[:, known], expected)
                kernel = method.euler(output, xt, *at)
                finite_gradient(kernel[..., 0], output)
                near(kernel[:, known], euler(expected, xt[:, known], t - s), 1)


def euler(rate: Any, xt: Tensor, width: Any) -> Any:
    """``delta + width rate``, and no row with more than 1."""
    jumps = to_float(rate) * float(width)
    total = jumps.sum(-1, keepdims=True)
    kernel = jumps / np.maximum(total, 1)
    np.put_along_axis(kernel, xt.numpy()[..., None], np.maximum(1 - total, 0), -1)
    return kernel


@pytest.mark.parametrize("style", STYLES)
@driven
def test_integrands(name: str, style: str) -> None:
    process, exact = built(name, "continuous", torch.float64), truth(name, "continuous")
    output, _ = situation(process, style)
    for _, t in some_pairs("continuous", style)[:2]:
        rows, x0, xt, possible = pairs(process, exact, output, t)
        at = time_tensor("continuous", *[t] * len(x0))
        methods: dict[str, Any] = {"joint-sum": D3PM(process), "mixture": D3PM(process, "mixture")}
        methods["score"] = SEDD(process)
        for kind, method in methods.items():
            told = (exponentials if kind == "score" else softmax)(rows.detach())
            loss = method.loss(rows, x0, xt, at)
            finite_gradient(loss, output)
            assert bool((loss[~possible] == 0).all())
            led = to_float(exact.marginal(t)).T[xt[:, 0]] > 0
            known = (led & (to_float(told)[:, 0] > 0)).any(-1) | (kind == "score")
            some = possible & torch.as_tensor(known)
            x, y = x0[some].numpy(), xt[some].numpy()
            wanted = continuous_elbo.integrand(exact, kind, told[some.numpy()], x, y, t)
            law = torch.tensor(to_float(exact.marginal(t)))[x0[some]]
            size = size_of_terms(process, law, method, rows[some], xt[some], at[some])
            near(loss[some], wanted, np.maximum(1, size))


def size_of_terms(process: Chain, law: Tensor, method: Any, rows: Tensor, xt: Tensor, t: Tensor) -> Any:
    """What the terms of the integrand are made of: b, a, and a times logarithms (of ratios up to 2^30, so up to 32)."""
    rate = method.reverse_rate(rows.detach(), xt, t)
    true = (process.rate_columns(xt, t) * law / law.gather(-1, xt.unsqueeze(-1))).clamp(min=0)
    logs = torch.where(rate > 0, (true.clamp(min=1e-290) / rate).log().abs(), 1e4)
    return (rate + torch.where(true > 0, true * (32 + logs), 0.0)).sum((-1, -2)).numpy()


@driven
def test_rate_columns(name: str) -> None:
    process, exact = built(name, "continuous", torch.float64), truth(name, "continuous")
    xt = torch.arange(process.K).reshape(1, -1)
    for t in (F(1, 2**30), F(1, 2), F(1023, 1024)):
        near(process.rate_columns(xt, time_tensor("continuous", t)), exact.generator(t).T[None], ops=16)
    end = process.rate_columns(xt, time_tensor("continuous", 1))
    sign = np.sign(to_float(exact.generator(F(1, 2)))).T[None]
    near(end, np.where(sign == 0, 0, math.inf * np.where(sign == 0, 1, sign)))


@driven
def test_sedd(name: str) -> None:
    process, exact = built(name, "continuous", torch.float64), truth(name, "continuous")
    method = SEDD(process)
    for style in ("moderate", "ruled out"):
        output, xt = situation(process, style)
        score = exponentials(output.detach())
        score[0, range(process.K), range(process.K)] = MP.mpf(1)
        near(method.score(output, xt, time_tensor("continuous", F(1, 2))), score)
        for s, t in INVERTIBLE:
            at = time_tensor("continuous", s), time_tensor("continuous", t)
            rate = reference_rates.reverse_rate(exact, score, xt.numpy(), t)
            near(method.reverse_rate(output, xt, at[1]), rate)
            near(method.euler(output, xt, *at), euler(rate, xt, t - s), 1)
            found = method.reverse(output, xt, *at)
            finite_gradient(found[..., 0], output)
            onwards = to_float(exact.transition(s, t))
            size = np.abs(to_float(score)) @ np.abs(np.linalg.inv(onwards)) * onwards.T
            near(found, reverse.tweedie(exact, score, xt.numpy(), s, t), size)


@driven
def test_tweedie_of_the_true_score_is_the_way_back(name: str) -> None:
    """Bayes' rule: ``p_s(y) P[y, x] / p_t(x)``, and drawing from it gives ``p_s``."""
    process, exact = built(name, "continuous", torch.float64), truth(name, "continuous")
    K, width = process.K, F(1, 16)
    data = array([F(k + 1, 1) for k in range(K)])
    if process.mask is not None:
        data[process.mask] = F(0)
    data = data / data.sum()
    t = F(3, 8)
    before, after = data @ exact.marginal(t - width), data @ exact.marginal(t)
    logs = [float(MP.log(v)) for v in after]
    score = torch.tensor([[[there - here for there in logs] for here in logs]], dtype=torch.float64)
    xt, at = torch.arange(K).reshape(1, -1), (time_tensor("continuous", t - width), time_tensor("continuous", t))
    found = SEDD(process).reverse(score, xt, *at)
    onwards = exact.transition(t - width, t)
    near(found, (onwards * before[:, None] / after[None]).T[None], 1, ops=4 * OPS)
    for kind, kernel in (("tweedie", found), ("euler", SEDD(process).euler(score, xt, *at))):
        many, rows = xt.repeat(1, 4000), score.repeat(1, 4000, 1)
        drawn = SEDD(process).step(rows, many, *at, torch.Generator().manual_seed(3), kind)  # type: ignore[arg-type]
        hits = torch.nn.functional.one_hot(drawn[0].reshape(4000, -1), K).sum(0)
        assert sampled(hits.numpy(), kernel[0].clamp(min=0).numpy()).judge(2.2e-16).holds


@each
def test_steps_are_drawn_from_the_kernel(name: str, clock: str) -> None:
    process = built(name, clock, torch.float64)
    at = time_tensor(clock, PAIRS[clock][2][0]), time_tensor(clock, PAIRS[clock][2][1])
    output, xt = logits(process.K, "moderate"), torch.arange(process.K).reshape(1, -1)
    method = D3PM(process)
    drawn = method.step(output.repeat(1, 4000, 1), xt.repeat(1, 4000), *at, torch.Generator().manual_seed(5))
    hits = torch.nn.functional.one_hot(drawn[0].reshape(4000, -1), process.K).sum(0)
    assert sampled(hits.numpy(), method.reverse(output, xt, *at)[0].numpy()).judge(2.2e-16).holds


def test_a_belief_that_rules_out_the_truth_costs_what_it_says() -> None:
    """In an idle first step nothing moves: the reconstruction of a class of probability ``e^-10000`` costs 10000."""
    process = fast.Band(4, 1, [0.0, 0.5], dtype=torch.float64)
    output = torch.tensor([[[-1e4, 0.0, 0.0, 0.0], [0.0, -1e4, 0.0, 0.0]]], dtype=torch.float64, requires_grad=True)
    xt, one = torch.tensor([[0, 1]]), torch.tensor([1])
    for kind in ("joint-sum-direct", "mixture", "joint-sum"):
        # Nothing but x_t can have become x_t, so kernels that know the process are not surprised.
        loss = D3PM(process, kind).loss(output, xt, xt, one)
        wanted = 2 * (1e4 + math.log(3)) if kind == "joint-sum-direct" else 0.0
        torch.testing.assert_close(loss, torch.tensor([wanted], dtype=torch.float64))
    # After one step of width 1, class 0 is made by 0 and 1; the kernel back to 0 is e^-10000 / 2 to 1/2, and so on.
    moving = fast.Band(4, 1, [0.5], dtype=torch.float64)
    loss = D3PM(moving).loss(output[:, :1], xt[:, :1], xt[:, :1], one)
    (gradient,) = torch.autograd.grad(loss.sum(), output)
    torch.testing.assert_close(loss, torch.tensor([1e4 - math.log(7)], dtype=torch.float64))
    torch.testing.assert_close(gradient[0, 0], torch.tensor([-1.0, 1.0, 0.0, 0.0], dtype=torch.float64))


@pytest.mark.parametrize("kind", KINDS)
def test_a_still_prior_is_the_interpolating_family(kind: Parameterization) -> None:
    """Two implementations of one process."""
    law = torch.tensor([0.5, 0.25, 0.125, 0.125], dtype=torch.float64)
    grid = Grid([float(b) for b in BETAS[:-1]])
    ours = D3PM(DriftingPrior(grid, law.expand(4, 4)), kind)
    others = D3PM(Interpolating(grid, law), kind)
    output, generator = logits(4, "moderate").expand(4, 4, 4), torch.Generator().manual_seed(1)
    x0, xt = (torch.randint(0, 4, (4, 4), generator=generator) for _ in range(2))
    xt[1] = x0[1]
    t = torch.tensor([1, 2, 3, 4])
    for call in ("reverse", "loss", "score"):
        arguments = {"reverse": (output, xt, t - 1, t), "loss": (output, x0, xt, t), "score": (output, xt, t)}[call]
        found, wanted = getattr(ours, call)(*arguments), getattr(others, call)(*arguments)
        torch.testing.assert_close(found, wanted, rtol=1e-13, atol=1e-15)
    torch.testing.assert_close(ours.prior_kl(x0), others.prior_kl(x0))


@pytest.mark.parametrize("speed", [1.0, 0.25])
def test_one_schedule_masks_and_moves(speed: float) -> None:
    """Moving at ``speed`` times the noise of the schedule, and masking at its rate: exact, with scores and without."""
    schedule = fast.Polynomial(2.0)
    ids = neighbors.nearest_neighbors([[0, 0], [1, 0], [2, 1]], 1)
    process = WithMask(fast.NearestNeighbor(schedule, torch.tensor(ids), speed=speed, dtype=torch.float64), schedule)
    t = torch.tensor([0.5], dtype=torch.float64)
    beta = 2 / 0.5
    wanted = np.zeros((4, 4))
    wanted[:3, :3] = beta * speed * to_float(neighbors.neighbor_rate(ids)) - beta * np.eye(3)
    wanted[:3, 3] = beta
    found = process.rate_columns(torch.arange(4).reshape(1, -1), t)
    np.testing.assert_allclose(found[0].T, wanted, rtol=1e-14)
    assert process.rate(t) == beta
    assert process.alpha(t) == 0.25
    # All noise is there in the end: every position is masked, whatever became of it before.
    x0 = torch.tensor([[0, 1, 2]])
    assert bool((process.sample(x0, torch.ones(1), torch.Generator().manual_seed(1)) == 3).all())


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
            torch.testing.assert_close(alone[0], found[1], rtol=1e-12, atol=0 if not inverts else 1e-6)
            assert ask(exact[:0], *(a[:0] for a in arguments)).shape == (0, *found.shape[1:])


INTERPOLATING = {
    "uniform": Interpolating.uniform(fast.MutualInformation(), 4, dtype=torch.float64),
    "absorbing": Interpolating.absorbing(fast.MutualInformation(), 4, 3, dtype=torch.float64),
}


@pytest.mark.parametrize("family", INTERPOLATING)
def test_eulers_step_of_the_interpolating_family(family: str) -> None:
    process = INTERPOLATING[family]
    output, xt = logits(4, "moderate").requires_grad_(), torch.arange(4).reshape(1, -1)
    methods: list[Any] = [D3PM(process), D3PM(process, "mixture"), SEDD(process)]
    if family == "absorbing":
        methods.append(MDLM(process))
    for method in methods:
        for s, t in ((F(1, 4), F(5, 16)), (F(0), F(15, 16))):
            at = time_tensor("continuous", s), time_tensor("continuous", t)
            kernel = method.euler(output, xt, *at)
            near(kernel, euler(method.reverse_rate(output, xt, at[1]).detach().numpy(), xt, t - s), 1, ops=64)
            finite_gradient(kernel[..., 0], output)
        # At the end, where alpha is 0: as just before it.
        end = method.euler(output, xt, time_tensor("continuous", F(3, 4)), torch.ones(1))
        before = torch.tensor([1 - 2.0**-40], dtype=torch.float64)
        torch.testing.assert_close(end, method.euler(output, xt, before - 0.25, before), rtol=1e-9, atol=1e-11)


def test_eulers_step_converges_to_the_kernel() -> None:
    """The error of one step falls as the square of its width."""
    process = BirthDeath(fast.MutualInformation(), 5, dtype=torch.float64)
    output, xt, method = logits(5, "moderate"), torch.arange(5).reshape(1, -1), D3PM(process, "mixture")
    t = torch.tensor([0.5], dtype=torch.float64)
    gaps = []
    for n in range(4, 10):
        s = t - 2.0**-n
        gaps.append(float((method.euler(output, xt, s, t) - method.reverse(output, xt, s, t)).abs().max()))
    slope = np.polyfit(np.arange(4, 10), np.log2(gaps), 1)[0]
    assert abs(slope + 2) < 0.25, gaps


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


def test_the_bound_of_a_loss_over_a_chain_is_what_its_rates_say() -> None:
    """The truth, as a belief, loses nothing: not in any form, not at any time."""
    for name, clock in CASES:
        process = built(name, clock, torch.float64)
        x0 = torch.tensor([[0, 1]] * 2)
        sure = torch.nn.functional.one_hot(x0, process.K).double().log()
        for _, t in PAIRS[clock][2:4]:
            at = time_tensor(clock, t, t)
            xt = process.sample(x0, at, torch.Generator().manual_seed(1))
            for kind in KINDS:
                loss = D3PM(process, kind).loss(sure, x0, xt, at)
                assert float(loss.abs().max()) < 1e-12, (name, clock, kind)
