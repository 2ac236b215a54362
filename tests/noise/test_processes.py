"""The corruption processes that know near from far, and those with a moving prior or a mask, against the reference."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import unmask.implementations as fast
from unmask.implementations import BirthDeath, Chain, DriftingPrior, Ehrenfest, Grid, NearestNeighbor, WithMask
from unmask.implementations.noise.levels.birth_death import circle
from unmask.implementations.numbers.entrywise import exponential
from unmask.properties.claims.claim import sampled
from unmask.properties.claims.judges import judge
from unmask.reference import MP, RateTime
from unmask.reference.likelihood import reverse
from unmask.reference.noise import corruption, drifting_prior, forward, neighbors, ordinal, schedules
from unmask.reference.noise.posterior import posterior_table
from unmask.reference.noise.rate_time import step
from unmask.reference.numbers.arithmetic import array, common, exactly, to_float

F = Fraction
K = 5
BETAS = (F(1, 8), F(0), F(1, 2), F(3, 4), F(1))
GAUSSIAN_BETAS = (F(1, 64), F(0), F(1, 4), F(3), F(1, 1024))
PRIORS = array([[F(i * t % 7 + (i == t), 1) for i in range(K)] for t in range(1, 6)])
PRIORS = array([[w / sum(row) for w in row] for row in PRIORS])
EMBEDDINGS = [[0, 0], [1, 0], [2, 1], [-3, 4], [5, 5]]
SPLIT = [[1], [0], [3], [2], [3]]


def rates(name: str) -> Any:
    if name == "birth-death":
        return ordinal.birth_death_rate(K)
    if name == "ehrenfest":
        return ordinal.ehrenfest_rate(K)
    ids = SPLIT if name == "split neighbours" else neighbors.nearest_neighbors(EMBEDDINGS, 2)
    return neighbors.neighbor_rate(ids)


def driven(name: str, schedule: Any, **options: Any) -> Chain:
    if name == "birth-death":
        return BirthDeath(schedule, K, **options)
    if name == "ehrenfest":
        return Ehrenfest(schedule, K, **options)
    if name == "split neighbours":
        return NearestNeighbor(schedule, torch.tensor(SPLIT), **options)
    return NearestNeighbor.from_embeddings(schedule, torch.tensor(EMBEDDINGS).double(), 2, **options)


FLAT = array([F(1, K)] * K)
DRIVEN = ("birth-death", "ehrenfest", "neighbours", "split neighbours")


@lru_cache
def truth(name: str, clock: str) -> Any:
    """The process in the reference."""
    match name:
        case "gaussian":
            return corruption.DiscreteTime(tuple(ordinal.discretized_gaussian(b, K) for b in GAUSSIAN_BETAS), FLAT)
        case "band":
            return corruption.DiscreteTime(tuple(ordinal.band(b, K, 2) for b in BETAS), FLAT)
        case "drifting":
            return drifting_prior.drifting_prior(BETAS, list(PRIORS))
        case "masked gaussian":
            gaussian = truth("gaussian", clock)
            moves = [neighbors.with_mask(q, b) for q, b in zip(gaussian.steps, BETAS, strict=True)]
            return corruption.DiscreteTime(tuple(moves), corruption.absorbing_prior(K + 1, K))
        case "masked neighbours":
            rate = neighbors.with_mask_rate(rates("neighbours"), 2)
            return RateTime(lambda u: schedules.polynomial(u, 2), rate)
    if clock == "discrete":
        steps = tuple(step(-MP.log(1 - MP.convert(b)), rates(name)) for b in BETAS[:-1])
        return corruption.DiscreteTime(steps, ordinal.binomial_prior(K) if name == "ehrenfest" else FLAT)
    prior = FLAT if name == "split neighbours" else None
    return RateTime(lambda u: schedules.polynomial(u, 2), rates(name), prior)


def built(name: str, clock: str, dtype: torch.dtype) -> Chain:
    """The process in the implementation."""
    options: dict[str, Any] = {"dtype": dtype}
    grid = Grid([float(b) for b in BETAS])
    match name:
        case "gaussian":
            return fast.DiscretizedGaussian(K, [float(b) for b in GAUSSIAN_BETAS], **options)
        case "band":
            return fast.Band(K, 2, torch.tensor([float(b) for b in BETAS]), **options)
        case "drifting":
            return DriftingPrior(grid, torch.tensor(to_float(PRIORS)), **options)
        case "masked gaussian":
            return WithMask(built("gaussian", clock, dtype), grid)
        case "masked neighbours":
            schedule = fast.Polynomial(2.0)
            return WithMask(driven("neighbours", schedule, speed=2.0, **options), schedule)
    if clock == "discrete":
        return driven(name, Grid([float(b) for b in BETAS[:-1]]), **options)
    return driven(name, fast.Polynomial(2.0), **options)


CASES = [(name, "discrete") for name in ("gaussian", "band", "drifting", "masked gaussian", *DRIVEN)]
CASES += [(name, "continuous") for name in (*DRIVEN, "masked neighbours")]
PAIRS: dict[str, list[tuple[Any, Any]]] = {
    "discrete": [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (0, 4), (1, 4)],
    "continuous": [(0, F(1, 2**30)), (0, F(1, 2)), (F(1, 4), F(5, 16)), (F(3, 8), F(1023, 1024)), (F(1, 2), 1)],
}
DTYPES = (torch.float64, torch.float32)
each = pytest.mark.parametrize(("name", "clock"), CASES, ids=lambda v: v)
both = pytest.mark.parametrize("dtype", DTYPES, ids=str)


def time_tensor(clock: str, *values: Any) -> Tensor:
    dtype = torch.int64 if clock == "discrete" else torch.float64
    return torch.tensor([float(v) for v in values], dtype=torch.float64).to(dtype)


def clean(process: Chain) -> list[int]:
    return [k for k in range(process.K) if k != process.mask]


def agree(found: Tensor, wanted: Any, ulps: float, *, relative: bool = False) -> None:
    """``found`` is ``wanted`` within so many roundings of 1, or of the entry itself."""
    want = to_float(wanted)
    eps = torch.finfo(found.dtype).eps
    gap = np.abs(found.detach().double().numpy() - want)
    allowed = ulps * eps * (np.abs(want) if relative else 1.0) + (1e-290 if eps < 1e-10 else 1e-37)
    worst = np.argmax(gap - allowed)
    assert (gap <= allowed).all(), (found.flatten()[worst], want.flatten()[worst], (gap / eps).max())
    assert found.shape == want.shape


@both
@each
def test_transitions_and_marginals(name: str, clock: str, dtype: torch.dtype) -> None:
    process, exact = built(name, clock, dtype), truth(name, clock)
    pairs = PAIRS[clock]
    s, t = time_tensor(clock, *(s for s, _ in pairs)), time_tensor(clock, *(t for _, t in pairs))
    wanted = np.stack([to_float(exact.transition(s, t)) for s, t in pairs])
    assert process.transition(s, t).dtype == dtype
    agree(process.transition(s, t), wanted, 64, relative=True)
    folded = process.transition(s[:4].reshape(2, 2), t[:4].reshape(2, 2))
    agree(folded.flatten(0, 1), wanted[:4], 64, relative=True)
    x0 = torch.tensor([clean(process)] * (len(pairs) + 1))
    ends = [0, *(t for _, t in pairs)]
    found = process.marginal(x0, time_tensor(clock, *ends))
    agree(found, np.stack([to_float(exact.marginal(t))[clean(process)] for t in ends]), 16 + 4 * K)
    assert bool((found >= 0).all())
    assert torch.equal(found[0], torch.eye(process.K, dtype=dtype)[clean(process)])


@both
@each
def test_posterior(name: str, clock: str, dtype: torch.dtype) -> None:
    """Relative to each entry, for likely and unlikely pairs alike."""
    process, exact = built(name, clock, dtype), truth(name, clock)
    starts = clean(process)
    x0, xt = (v.reshape(1, -1) for v in torch.meshgrid(torch.tensor(starts), torch.arange(process.K), indexing="ij"))
    for s, t in PAIRS[clock]:
        found = process.posterior(x0, xt, time_tensor(clock, s), time_tensor(clock, t))
        wanted = posterior_table(exact, s, t)[starts].reshape(1, -1, process.K)
        agree(found, wanted, 128, relative=True)


@each
def test_reverse(name: str, clock: str) -> None:
    process, exact = built(name, clock, torch.float64), truth(name, clock)
    generator = torch.Generator().manual_seed(3)
    xt = torch.arange(process.K).reshape(1, -1)
    belief = torch.rand(1, process.K, process.K, generator=generator, dtype=torch.float64)
    if process.mask is not None:
        belief[..., process.mask] = 0
    belief = (belief * (torch.rand(belief.shape, generator=generator) < 0.7) + 2**-20).requires_grad_()
    told = common(belief.detach().numpy(), F(0))[0]
    for s, t in PAIRS[clock]:
        at = time_tensor(clock, s), time_tensor(clock, t)
        for form, kernel in (("joint-sum", reverse.joint_sum), ("mixture", reverse.mixture)):
            found = process.reverse(belief, xt, *at, form)  # type: ignore[arg-type]
            agree(found, kernel(exact, told, xt.numpy(), s, t), 256, relative=True)
            (gradient,) = torch.autograd.grad(found[..., 0].sum(), belief)
            assert bool(gradient.isfinite().all())


@pytest.mark.parametrize("form", ["joint-sum", "mixture"])
@pytest.mark.parametrize("name", ["gaussian", "band", "masked gaussian", "birth-death"])
def test_kl_is_that_of_the_posterior_and_the_kernel(name: str, form: Any) -> None:
    process = built(name, "discrete", torch.float64)
    generator = torch.Generator().manual_seed(5)
    x0, xt = torch.tensor([[0, 1], [2, 3]]), torch.tensor([[1, 1], [2, 2]])
    belief = torch.rand(2, 2, process.K, generator=generator, dtype=torch.float64)
    s, t = torch.tensor([0, 3]), torch.tensor([1, 4])
    model, true = process.reverse(belief, xt, s, t, form), process.posterior(x0, xt, s, t)
    terms = torch.where(true > 0, true * (true / model).log(), 0.0).sum((-1, -2))
    torch.testing.assert_close(process.kl(belief, x0, xt, s, t, form), terms)
    reconstruction = -model[0].gather(-1, x0[0, :, None]).log().sum()
    torch.testing.assert_close(process.kl(belief, x0, xt, s, t, form)[0], reconstruction)


@each
def test_samples(name: str, clock: str) -> None:
    process, exact = built(name, clock, torch.float64), truth(name, clock)
    moments = [t for _, t in PAIRS[clock]]
    x0 = torch.tensor(clean(process)).repeat(len(moments), 4000)
    drawn = process.sample(x0, time_tensor(clock, *moments), torch.Generator().manual_seed(7))
    assert drawn.dtype == torch.int64
    again = process.sample(x0, time_tensor(clock, *moments), torch.Generator().manual_seed(7))
    assert torch.equal(drawn, again)
    for n, t in enumerate(moments):
        law = np.maximum(to_float(exact.marginal(t))[clean(process)], 0)
        hits = torch.nn.functional.one_hot(drawn[n].reshape(4000, -1), process.K).sum(0)
        verdict = judge(sampled(hits.numpy(), law), 2.2e-16)
        assert verdict.holds, verdict
    at = time_tensor(clock, PAIRS[clock][1][0]), time_tensor(clock, PAIRS[clock][1][1])
    xt = torch.arange(process.K).repeat(1, 4000)
    weights = torch.arange(1.0, process.K + 1).double().expand(1, xt.shape[1], process.K)
    back = process.step(weights, xt, *at, torch.Generator().manual_seed(9))
    kernel = process.reverse(weights, xt, *at)[0, : process.K]
    possible = kernel.sum(-1) > 0
    hits = torch.nn.functional.one_hot(back[0].reshape(4000, -1), process.K).sum(0)
    assert judge(sampled(hits[possible].numpy(), kernel[possible].numpy()), 2.2e-16).holds


@each
def test_prior_kl(name: str, clock: str) -> None:
    process, exact = built(name, clock, torch.float64), truth(name, clock)
    end = exact.T if clock == "discrete" else F(1)
    x0 = torch.tensor([[k] for k in clean(process)])
    wanted = to_float(forward.kl_to_prior(exact, end))[clean(process)]
    q, prior = to_float(exact.marginal(end))[clean(process)], to_float(exact.prior)
    # The 64 roundings of an entry of q move a sum of q log(q/pi) by so much, and where q = pi by their square; K terms
    # of it are added up.
    moves = (q * np.abs(np.log(np.where(q > 0, q, 1) / np.where(q > 0, prior, 1)))).sum(-1)
    gap = np.abs(process.prior_kl(x0).numpy() - wanted)
    assert (gap <= (64 + process.K) * 2.0**-52 * moves + (64 * 2.0**-52) ** 2).all(), (gap, moves)


@each
def test_empty_batches_and_neighbours(name: str, clock: str) -> None:
    process = built(name, clock, torch.float32)
    none, at = torch.empty(0, 3, dtype=torch.int64), time_tensor(clock)
    assert process.marginal(none, at).shape == (0, 3, process.K)
    assert process.posterior(none, none, at, at).shape == (0, 3, process.K)
    assert process.transition(at, at).shape == (0, process.K, process.K)
    assert process.sample(none, at, torch.Generator()).shape == (0, 3)
    pairs = PAIRS[clock]
    s, t = time_tensor(clock, *(s for s, _ in pairs)), time_tensor(clock, *(t for _, t in pairs))
    x0, xt = torch.tensor([[0, 1]]).expand(len(s), 2), torch.tensor([[1, 1]]).expand(len(s), 2)
    together = process.posterior(x0, xt, s, t)
    for n in range(len(s)):
        alone = process.posterior(x0[n : n + 1], xt[n : n + 1], s[n : n + 1], t[n : n + 1])
        assert torch.equal(alone[0], together[n])


@pytest.mark.parametrize("size", [2, 3, 8, 21])
def test_walk_on_the_circle(size: int) -> None:
    """Every displacement to its own accuracy, after a little noise and after much, and where the formulas meet."""
    width = size * size
    noises = [2.0**-20, 2.0**-6, 1.0, 0.046875 * width, 0.0625 * width, 0.125 * width, 0.15625 * width, 3.0 * width]
    found = circle(torch.tensor(noises, dtype=torch.float64), size)
    with MP.workdps(250):  # the terms of the series cancel down to 1e-150
        for n, noise in enumerate(noises):
            waves = [MP.exp(-4 * noise * MP.sinpi(MP.mpf(k) / (2 * size)) ** 2) for k in range(2 * size)]
            turns = [MP.cospi(MP.mpf(k) / size) for k in range(2 * size)]
            law = [
                sum(w * turns[k * m % (2 * size)] for k, w in enumerate(waves)) / (2 * size) for m in range(size + 1)
            ]
            agree(found[n], law, 64 + 16 * size, relative=True)
    edge = circle(torch.tensor([0.0, math.inf], dtype=torch.float64), size)
    assert torch.equal(edge[0], torch.eye(size + 1, dtype=torch.float64)[0])
    agree(edge[1], [F(1, 2 * size)] * (size + 1), 4)


def test_large_birth_death_has_the_heat_of_its_cosines() -> None:
    """1024 levels: the k-th cosine decays by exp(-4 noise sin^2(pi k / 2K))."""
    size = 1024
    process = BirthDeath(fast.LogLinear(0.0), size, speed=2000.0, dtype=torch.float64)
    t = torch.tensor([2.0**-10, 0.25, 0.75], dtype=torch.float64)
    law = process.marginal(torch.arange(size).expand(3, size), t)
    agree(law.sum(-1), np.ones((3, size)), 4 * size)
    k = torch.tensor([1.0, 7.0, 300.0], dtype=torch.float64)
    waves = torch.cos(math.pi * k * (torch.arange(size, dtype=torch.float64)[:, None] + 0.5) / size)
    decay = torch.exp(-4 * process.noise(None, t)[:, None] * torch.sin(math.pi * k / (2 * size)) ** 2)
    # Sums of K products of numbers up to 1, and phases up to 300 pi, whose rounding is that of a wave.
    agree(law @ waves, decay[:, None] * waves, size + 300 * math.pi + 64)


def test_steps_of_the_gaussian_keep_their_digits_far_out() -> None:
    """Exponents in the hundreds are not rounded before they are exponentials."""
    betas = [0.01, 0.013, 1 / 3]
    process = fast.DiscretizedGaussian(9, betas, dtype=torch.float64)
    t = torch.arange(1, 4)
    exact = np.stack([to_float(ordinal.discretized_gaussian(exactly(b), 9)) for b in betas])
    assert (exact < 1e-170).any()
    agree(process.transition(t - 1, t), exact, 8, relative=True)


def test_large_gaussian_and_ehrenfest_are_distributions() -> None:
    gaussian = fast.DiscretizedGaussian(256, [1e-4, 1e-3, 1e-2], dtype=torch.float32)
    s, t = torch.tensor([0, 0, 1]), torch.tensor([1, 3, 3])
    for axis in (-1, -2):
        # The 64 roundings of an entry, and eight halvings of a sum of 256.
        agree(gaussian.transition(s, t).sum(axis), torch.ones(3, 256), 64 + 8)
    chain = Ehrenfest(fast.LogLinear(0.0), 1024, dtype=torch.float64)
    law = chain.marginal(torch.tensor([[0, 512, 1023]]), torch.tensor([0.5], dtype=torch.float64))
    level = torch.arange(1024, dtype=torch.float64)
    mean = (law * level).sum(-1)
    wanted = 511.5 + 0.5 * (torch.tensor([0.0, 512.0, 1023.0]).double() - 511.5)
    # A sum of 1024 positive numbers, and for the variance the difference, the square and the product in each.
    agree(mean[0], wanted, 1024, relative=True)
    variance = (law * (level - mean.unsqueeze(-1)) ** 2).sum(-1)
    agree(variance[0], torch.full((3,), 1023 * 0.75 / 4).double(), 4 * 1024, relative=True)


def test_exponential_of_a_long_path_is_accurate_entry_by_entry() -> None:
    """From one end of a path of 20 classes to the other: a probability of 1e-90 or so."""
    size = 20
    rate = ordinal.birth_death_rate(size)
    jumps = torch.tensor(to_float(rate)).fill_diagonal_(0)
    noises = [2.0**-8, 0.5, 40.0]
    found = exponential(jumps, jumps.sum(-1), torch.tensor(noises, dtype=torch.float64))
    for n, noise in enumerate(noises):
        agree(found[n], step(exactly(noise), rate), 512, relative=True)


def test_neighbors_of_embeddings() -> None:
    generator = torch.Generator().manual_seed(11)
    points = torch.randint(-4, 5, (12, 2), generator=generator).double()
    process = NearestNeighbor.from_embeddings(fast.LogLinear(), points, 3)
    rate = neighbors.neighbor_rate(neighbors.nearest_neighbors(points.numpy(), 3))
    jumps = to_float(rate)
    np.fill_diagonal(jumps, 0)
    assert np.array_equal(process._jump_rates().numpy(), jumps)


def test_rare_hops_are_drawn_at_their_rate() -> None:
    """50,000 classes of some 3e-8 each: a ring of classes, none of which is ever visited often."""
    size = 50_000
    ring = torch.stack([(torch.arange(size) + 1) % size, (torch.arange(size) - 1) % size], -1)
    process = NearestNeighbor(fast.LogLinear(0.0), ring)
    t = torch.tensor([1.5e-3], dtype=torch.float64)
    drawn = process.sample(torch.zeros(1, 20_000, dtype=torch.int64), t, torch.Generator().manual_seed(13))
    moved = int((drawn != 0).sum())
    leave = -math.expm1(-float(process.noise(None, t)))
    assert judge(sampled([[20_000 - moved, moved]], [[1 - leave, leave]], slack=leave**2), 2.2e-16).holds
