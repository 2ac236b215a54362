"""Samplers draw from the law that they say: found by pushing distributions through the methods' own reverse kernels."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from itertools import pairwise, permutations, product
from typing import Any

import pytest
import torch
from torch import Tensor

import unmask.implementations as fast
from unmask.implementations import (
    D3PM,
    MDLM,
    SEDD,
    Autoregression,
    BirthDeath,
    Chain,
    Cosine,
    FlowMatching,
    Geometric,
    Grid,
    Interpolating,
    LinearBeta,
    LogLinear,
    MutualInformation,
    Polynomial,
    Schedule,
    ancestral,
    cached,
    first_hitting,
    infill,
    inverse_one_minus_alpha,
    next_hit,
    semi_autoregressive,
    two_stage_step,
)
from unmask.properties.claims import sampled

L, K, MASK, DRAWS = 2, 3, 2, 20_000
EPS = 2.0**-52
CPU = torch.device("cpu")
TIMES = [1.0, 0.7, 0.3, 0.0]
F64: dict[str, Any] = {"dtype": torch.float64}


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def masked(schedule: Schedule | None = None) -> MDLM:
    return MDLM(Interpolating.absorbing(schedule or MutualInformation(), K, MASK, **F64))


def spaces(length: int) -> Tensor:
    return torch.tensor(list(product(range(K), repeat=length)))


def index(x: Tensor) -> Tensor:
    weights = torch.tensor([K**i for i in reversed(range(x.shape[1]))])
    return (x * weights).sum(-1)


class Table:
    """A network that looks its answer up, and what it was asked."""

    def __init__(self, length: int = L, *, timed: bool = False, belief: bool = False, seed: int = 7) -> None:
        self.logits = torch.randn(K**length, length, K, dtype=torch.float64, generator=rng(seed))
        self.late = torch.randn(K**length, length, K, dtype=torch.float64, generator=rng(seed + 1))
        self.timed, self.belief = timed, belief
        self.asked: list[tuple[Tensor, Tensor]] = []

    def __call__(self, xt: Tensor, t: Tensor) -> Tensor:
        assert xt.dtype == torch.int64
        assert t.shape == xt.shape[:1]
        self.asked.append((xt.clone(), t.clone()))
        found = self.logits[index(xt)]
        if self.timed:
            found = torch.where((t > 0.5)[:, None, None], self.late[index(xt)], found)
        return found.softmax(-1) if self.belief else found


def push(law: Tensor, kernel: Tensor) -> Tensor:
    """One step: a law over sequences ``[S]``, kernels at each of them ``[S, L, K]``."""
    states = spaces(kernel.shape[1])
    joint = torch.ones(len(states), len(states), dtype=torch.float64)
    for i in range(kernel.shape[1]):
        joint = joint * kernel[:, i, states[:, i]]
    return law @ joint


def exact_law(method: Any, network: Table, times: Sequence[float], keep: Tensor | None = None) -> Tensor:
    """The law of the output: its start, then kernel after kernel; ``keep`` holds known tokens, -1 elsewhere."""
    states = spaces(L)
    process = getattr(method, "process", method)
    if isinstance(process, Autoregression):
        prior = torch.eye(K, dtype=torch.float64)[MASK]
    else:
        prior = process.prior
    fixed = None if keep is None else torch.eye(K, dtype=torch.float64)[keep.clamp(min=0)]
    first = prior.expand(L, K)
    if keep is not None and fixed is not None:
        first = torch.where((keep >= 0)[:, None], fixed, first)
    law = torch.ones(len(states), dtype=torch.float64)
    for i in range(L):
        law = law * first[i, states[:, i]]
    dtype = torch.float64 if process.T is None else torch.int64
    for t, s in pairwise(times):
        time = torch.full((len(states),), t, dtype=dtype)
        kernel = method.reverse(network(states, time), states, torch.full_like(time, s), time).double()
        kernel = kernel.clamp(min=0) / kernel.clamp(min=0).sum(-1, keepdim=True)
        if keep is not None:
            stay = torch.eye(K, dtype=torch.float64)[states]
            kernel = torch.where((keep >= 0)[None, :, None], stay, kernel)
        law = push(law, kernel)
    network.asked.clear()
    return law


def follows(samples: Tensor, law: Tensor) -> None:
    assert samples.dtype == torch.int64
    counts = torch.bincount(index(samples), minlength=len(law))
    verdict = sampled(counts.numpy(), law.numpy()).judge(EPS)
    assert verdict.holds, verdict


GRID = Grid([0.25, 0.5, 0.75, 1.0])
#: method, whether its network gives probabilities, times
METHODS: dict[str, tuple[Callable[[], Any], bool, Sequence[float]]] = {
    "mdlm": (masked, False, TIMES),
    "mdlm, noise left at 0": (lambda: masked(Geometric(0.5, 3.0)), False, TIMES),
    "mdlm, data left at 1": (lambda: masked(LogLinear(0.25)), False, TIMES),
    "mdlm on a grid": (lambda: masked(GRID), False, [4, 3, 2, 1, 0]),
    "mdlm on a grid, steps left out": (lambda: masked(GRID), False, [4, 1, 0]),
    "d3pm uniform": (lambda: D3PM(Interpolating.uniform(GRID, K, **F64)), False, [4, 3, 2, 1, 0]),
    "d3pm uniform, continuous": (lambda: D3PM(Interpolating.uniform(Polynomial(2.0), K, **F64)), False, TIMES),
    "d3pm masks and others": (
        lambda: D3PM(Interpolating.mask_and_uniform(LogLinear(0.1), K, MASK, 0.5, **F64), "mixture"),
        False,
        TIMES,
    ),
    "sedd uniform": (lambda: SEDD(Interpolating.uniform(LogLinear(0.1), K, **F64)), False, TIMES),
    "sedd absorbing": (lambda: SEDD(Interpolating.absorbing(LogLinear(0.1), K, MASK, **F64)), False, TIMES),
    "flow": (lambda: FlowMatching(Interpolating.uniform(MutualInformation(), K, **F64)), False, TIMES),
    "birth-death": (lambda: BirthDeath(LogLinear(0.1), K, **F64), True, TIMES),
    "autoregression": (lambda: Autoregression(L, K, MASK, **F64), False, [2, 1, 0]),
    "autoregression in one step": (lambda: Autoregression(L, K, MASK, **F64), False, [2, 0]),
}


@pytest.mark.parametrize("timed", [False, True])
@pytest.mark.parametrize("name", METHODS)
def test_ancestral_follows_the_kernels(name: str, timed: bool) -> None:
    make, belief, times = METHODS[name]
    method, network = make(), Table(timed=timed, belief=belief)
    law = exact_law(method, network, times)
    follows(ancestral(method, network, DRAWS, L, times, rng(1)), law)
    assert len(network.asked) == len(times) - 1
    assert [float(t[0]) for _, t in network.asked] == list(times[:-1])


def test_chain_prior_has_its_law() -> None:
    process = BirthDeath(LogLinear(0.1), K, **F64)
    process.prior = torch.tensor([0.0, 0.75, 0.25], dtype=torch.float64)
    start = ancestral(Kept(process), Table(), DRAWS, L, [1.0, 0.0], rng(2))
    one = process.prior
    follows(start, torch.outer(one, one).flatten())


class Kept:
    """A method that does nothing."""

    def __init__(self, process: Chain) -> None:
        self.process = process

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        return xt


@pytest.mark.parametrize("schedule", [MutualInformation(), Geometric(0.5, 3.0), LogLinear(0.25), GRID])
def test_cached_has_the_same_law(schedule: Schedule) -> None:
    method, network = masked(schedule), Table()
    times: Sequence[float] = TIMES if schedule.T is None else [4, 3, 2, 1, 0]
    law = exact_law(method, network, times)
    found = cached(method, network, DRAWS, L, times, rng(3))
    follows(found.samples, law)
    assert found.calls == len(network.asked)
    assert found.rows == sum(len(x) for x, _ in network.asked)
    assert found.rows < DRAWS * (len(times) - 1)


def test_cached_asks_only_after_changes() -> None:
    method, network = masked(), Table(length=4)
    times = torch.linspace(1, 0, 101, dtype=torch.float64)
    found = cached(method, network, 1, 4, times, rng(4))
    assert found.calls == found.rows == 4, "four tokens, a hundred steps"
    shown = [int((x != MASK).sum()) for x, _ in network.asked]
    assert shown == [0, 1, 2, 3]
    assert not (found.samples == MASK).any()


def test_cached_is_ancestral_draw_for_draw() -> None:
    method = masked()
    times = torch.linspace(1, 0, 21, dtype=torch.float64)
    together = ancestral(method, Table(), 50, L, times, rng(5))
    assert torch.equal(cached(method, Table(), 50, L, times, rng(5)).samples, together)


@pytest.mark.parametrize("schedule", [Cosine(), Geometric(0.5, 3.0), GRID])
def test_two_stages_are_one_step(schedule: Schedule) -> None:
    method, network = masked(schedule), Table(timed=True)
    xt = torch.tensor([[0, 1], [MASK, 1], [MASK, MASK], [0, MASK]]).repeat(DRAWS, 1)
    kind = torch.float64 if schedule.T is None else torch.int64
    s = torch.full((len(xt),), 0.25 if schedule.T is None else 1).to(kind)
    t = torch.full((len(xt),), 0.75 if schedule.T is None else 3).to(kind)
    drawn = two_stage_step(method, network, xt, s, t, rng(6))
    assert torch.equal(drawn, method.step(network(xt, t), xt, s, t, rng(6)))
    assert torch.equal(drawn, two_stage_step(method, network(xt, t), xt, s, t, rng(6)))
    seen, at = network.asked[0]
    assert len(seen) == int((drawn != xt).any(-1).sum()), "only sequences in which something is revealed"
    assert (at == t[0]).all()
    kernel = method.reverse(network(xt[:4], t[:4]), xt[:4], s[:4], t[:4])
    for i in range(4):
        law = torch.outer(kernel[i, 0], kernel[i, 1]).flatten()
        follows(drawn[i::4], law)


def test_a_step_reads_revealed_rows_only() -> None:
    process = Interpolating.absorbing(MutualInformation(validate=False), K, MASK, validate=False)
    method = MDLM(process)
    xt = torch.full((200, L), MASK)
    s, t = torch.full((200,), 0.5), torch.full((200,), 1.0)
    output = torch.randn(200, L, K, generator=rng())
    drawn = method.step(output, xt, s, t, rng(8))
    poisoned = torch.where((drawn == MASK).unsqueeze(-1), math.nan, output)
    assert torch.equal(two_stage_step(method, poisoned, xt, s, t, rng(8)), drawn)


def test_two_stages_without_masks_ask_nothing() -> None:
    network = Table()
    xt = torch.tensor([[0, 1], [1, 1]])
    assert torch.equal(two_stage_step(masked(), network, xt, torch.zeros(2), torch.ones(2), rng()), xt)
    empty = two_stage_step(masked(), network, xt[:0], torch.zeros(0), torch.ones(0), rng())
    assert empty.shape == (0, 2)
    assert network.asked == []


# ---------------------------------------------------------------------- blocks and known tokens
def test_blocks_follow_the_kernels() -> None:
    method, network = masked(), Table(timed=True)
    states, law = spaces(L), torch.zeros(K**L, dtype=torch.float64)
    law[-1] = 1.0
    for place in range(L):
        for t, s in pairwise(TIMES):
            time = torch.full((len(states),), t, dtype=torch.float64)
            kernel = method.reverse(network(states, time), states, torch.full_like(time, s), time)
            stay = torch.eye(K, dtype=torch.float64)[states]
            here = (torch.arange(L) == place)[None, :, None]
            law = push(law, torch.where(here, kernel, stay))
    network.asked.clear()
    follows(semi_autoregressive(method, network, DRAWS, [1, 1], TIMES, rng(9)), law)
    assert len(network.asked) == 2 * (len(TIMES) - 1)
    early, late = network.asked[:3], network.asked[3:]
    assert all((x[:, 1] == MASK).all() for x, _ in early), "later positions are masked"
    assert all((x[:, 0] != MASK).all() for x, _ in late), "finished blocks are seen"


def test_one_block_is_ancestral() -> None:
    blocks = semi_autoregressive(masked(), Table(), 100, [L], TIMES, rng(10))
    assert torch.equal(blocks, ancestral(masked(), Table(), 100, L, TIMES, rng(10)))


@pytest.mark.parametrize("name", [name for name in METHODS if not name.startswith("auto")])
def test_infilling_follows_the_kernels(name: str) -> None:
    make, belief, times = METHODS[name]
    method, network = make(), Table(belief=belief)
    keep = torch.tensor([-1, 1])
    law = exact_law(method, network, times, keep)
    known = (keep >= 0).expand(DRAWS, L)
    x = torch.where(known, keep, 17)  # what is not known is not read
    filled = infill(method, network, x, known, times, rng(11))
    assert (filled[:, 1] == 1).all()
    assert all((seen[:, 1] == 1).all() for seen, _ in network.asked)
    follows(filled, law)


def test_infilling_masks_is_conditioning() -> None:
    """With the true denoiser and one free position, the data's conditional law, however few the steps."""
    data = torch.tensor([[0.5, 0.125], [0.125, 0.25]], dtype=torch.float64)
    both = torch.zeros(K, K, dtype=torch.float64)
    both[:2, :2] = data

    def network(xt: Tensor, t: Tensor) -> Tensor:
        given = torch.stack([both.T[xt[:, 1]], both[xt[:, 0]]], 1)
        given = torch.where((xt.flip(-1) == MASK).unsqueeze(-1), torch.stack([both.sum(1), both.sum(0)]), given)
        return (given / given.sum(-1, keepdim=True)).log()

    known = torch.tensor([[True, False]]).expand(DRAWS, L)
    filled = infill(masked(), network, torch.zeros(DRAWS, L, dtype=torch.int64), known, [1.0, 0.5, 0.0], rng(12))
    law = torch.zeros(K, K, dtype=torch.float64)
    law[0, :2] = data[0] / data[0].sum()
    follows(filled, law.flatten())


def test_nothing_known_and_everything_known() -> None:
    x = torch.tensor([[0, 1], [1, 1]])
    none, every = torch.zeros(2, L, dtype=torch.bool), torch.ones(2, L, dtype=torch.bool)
    assert torch.equal(infill(masked(), Table(), x, every, TIMES, rng()), x)
    drawn = infill(masked(), Table(), x, none, TIMES, rng(13))
    assert torch.equal(drawn, ancestral(masked(), Table(), 2, L, TIMES, rng(13)))


# ---------------------------------------------------------------------- first hitting
def by_orders(network: Table, revealed: float, hot: float = 0.0) -> Tensor:
    """The law of revealing one position at a time, in any order with equal probability.

    ``revealed``: the probability that a position is revealed at all.  ``hot``: of being revealed after time 1/2,
    going back, given that it is revealed; only a network that reads the time needs it.
    """
    law = torch.zeros(K**L, dtype=torch.float64)

    def go(x: list[int], order: Sequence[int], times: Sequence[float], weight: float) -> None:
        if not order:
            law[int(index(torch.tensor([x])))] += weight
            return
        logits = network(torch.tensor([x]), torch.tensor([times[0]]))[0, order[0]]
        p = logits[:MASK].softmax(-1)
        for token in range(MASK):
            y = [*x]
            y[order[0]] = token
            go(y, order[1:], times[1:], weight * float(p[token]))

    for chosen in product([False, True], repeat=L):
        places = [i for i in range(L) if chosen[i]]
        weight = revealed ** len(places) * (1 - revealed) ** (L - len(places))
        if weight == 0:
            continue
        orders = list(permutations(places))
        for order in orders:
            n = len(order)
            for early in range(n + 1):  # how many come before time 1/2, going back
                split = math.comb(n, early) * (1 - hot) ** early * hot ** (n - early)
                go([MASK] * L, order, [0.75] * early + [0.25] * (n - early), weight * split / len(orders))
    network.asked.clear()
    return law


SCHEDULES = [
    MutualInformation(),
    LogLinear(0.25),
    Cosine(),
    LinearBeta(0.1, 5.0),
    Polynomial(3.0),
    Geometric(0.5, 3.0),
]


@pytest.mark.parametrize("timed", [False, True])
@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda s: type(s).__name__)
def test_first_hitting_follows_all_orders(schedule: Schedule, timed: bool) -> None:
    network = Table(timed=timed)
    noised = [float(schedule.one_minus_alpha(torch.tensor(u, dtype=torch.float64))) for u in (0.0, 0.5, 1.0)]
    revealed = 1 - noised[0] / noised[2]
    hot = (noised[1] - noised[0]) / (noised[2] - noised[0])
    law = by_orders(network, revealed, hot)
    follows(first_hitting(masked(schedule), network, DRAWS, L, rng(14)), law)
    assert len(network.asked) == L
    times = [t for _, t in network.asked]
    assert all(((t >= 0) & (t <= 1)).all() for t in times)
    if len(times[0]) == len(times[1]):
        assert (times[1] <= times[0]).all(), "time runs back"


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda s: type(s).__name__)
def test_ancestral_with_many_steps_tends_to_first_hitting(schedule: Schedule) -> None:
    """Kernels of ever finer grids approach the law of all orders; the error halves as steps double."""
    network = Table()
    noised = [float(schedule.one_minus_alpha(torch.tensor(u, dtype=torch.float64))) for u in (0.0, 1.0)]
    law = by_orders(network, 1 - noised[0] / noised[1])
    errors = []
    for steps in (96, 192):
        times = torch.linspace(1, 0, steps + 1, dtype=torch.float64).tolist()
        errors.append(float((exact_law(masked(schedule), network, times) - law).abs().sum()))
    assert 1.8 < errors[0] / errors[1] < 2.2


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda s: type(s).__name__)
@pytest.mark.parametrize("n", [1, 3, 1000])
def test_next_hit_has_its_law(schedule: Schedule, n: int) -> None:
    t = torch.full((DRAWS,), 0.75)
    u = next_hit(schedule, torch.full((DRAWS,), n), t, rng(15))
    assert u.dtype == torch.float64
    assert (u <= 0.75).all()
    edges = torch.tensor([0.0, 0.25, 0.5, 0.7, 0.745, 0.75], dtype=torch.float64)
    cdf = (schedule.one_minus_alpha(edges) / schedule.one_minus_alpha(edges[-1])) ** n
    law = torch.cat([cdf[:1], cdf.diff()])
    counts = torch.bincount(torch.bucketize(u, edges), minlength=len(edges))
    # A hit at 0 itself has probability 0 unless noise is there already, when none comes at all.
    assert int(counts[0]) == int((u == -math.inf).sum())
    assert sampled(counts.numpy(), law.numpy()).judge(EPS).holds


def test_nothing_masked_is_never_hit() -> None:
    u = next_hit(Cosine(), torch.tensor([0, 2, 0]), torch.tensor([0.5, 0.5, 1.0]), rng())
    assert u.tolist() == [-math.inf, u[1].item(), -math.inf]
    assert next_hit(Cosine(), torch.zeros(0, dtype=torch.int64), torch.zeros(0), rng()).shape == (0,)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda s: type(s).__name__)
def test_inverse_is_the_last_float(schedule: Schedule) -> None:
    ends = schedule.one_minus_alpha(torch.tensor([0.0, 1.0], dtype=torch.float64))
    share = torch.cat([torch.tensor([0.0, 1e-300, 1e-12]), torch.rand(50, generator=rng(16))]).double()
    noised = (ends[0] + (ends[1] - ends[0]) * share).clamp(max=float(ends[1]))
    u = inverse_one_minus_alpha(schedule, noised)
    assert (schedule.one_minus_alpha(u) <= noised).all()
    later = torch.nextafter(u, torch.tensor(2.0).double()).clamp(max=1)
    assert ((schedule.one_minus_alpha(later) > noised) | (u == 1)).all()


def test_tiny_times_keep_their_digits() -> None:
    tiny = torch.tensor([1e-300, 1e-18], dtype=torch.float64)
    assert torch.equal(inverse_one_minus_alpha(MutualInformation(), tiny), tiny)


# ---------------------------------------------------------------------- corners
SAMPLERS: dict[str, Callable[[int, int, torch.Generator], Tensor]] = {
    "ancestral": lambda n, length, g: ancestral(masked(), Table(length), n, length, TIMES, g),
    "cached": lambda n, length, g: cached(masked(), Table(length), n, length, TIMES, g).samples,
    "first_hitting": lambda n, length, g: first_hitting(masked(), Table(length), n, length, g),
    "semi_autoregressive": lambda n, length, g: semi_autoregressive(masked(), Table(length), n, [1] * length, TIMES, g),
    "infill": lambda n, length, g: infill(
        masked(), Table(length), torch.zeros(n, length, dtype=torch.int64), torch.zeros(n, length).bool(), TIMES, g
    ),
}


@pytest.mark.parametrize("name", SAMPLERS)
def test_corners(name: str) -> None:
    draw = SAMPLERS[name]
    assert draw(0, 3, rng()).shape == (0, 3)
    one = draw(64, 1, rng())
    assert one.shape == (64, 1)
    assert not (one == MASK).any()
    assert torch.equal(draw(64, 3, rng(17)), draw(64, 3, rng(17))), "a generator fixes the draw"


@pytest.mark.parametrize("name", SAMPLERS)
def test_one_position_has_the_networks_law(name: str) -> None:
    p = Table(1).logits[MASK, 0, :MASK].softmax(-1)
    follows(SAMPLERS[name](DRAWS, 1, rng(18)), torch.cat([p, torch.zeros(1, dtype=torch.float64)]))


def test_without_sequences_nobody_is_asked() -> None:
    network = Table()
    ancestral(masked(), network, 0, L, TIMES, rng())
    semi_autoregressive(masked(), network, 0, [L], TIMES, rng())
    first_hitting(masked(), network, 0, L, rng())
    assert cached(masked(), network, 0, L, TIMES, rng())[1:] == (0, 0)
    assert network.asked == []


def test_no_gradients_are_recorded() -> None:
    weight = torch.ones(1, requires_grad=True, dtype=torch.float64)
    seen: list[bool] = []

    def network(xt: Tensor, t: Tensor) -> Tensor:
        out = Table()(xt, t) * weight
        seen.append(out.requires_grad)
        return out

    ancestral(masked(), network, 2, L, TIMES, rng())
    cached(masked(), network, 2, L, TIMES, rng())
    first_hitting(masked(), network, 2, L, rng())
    semi_autoregressive(masked(), network, 2, [1, 1], TIMES, rng())
    two_stage_step(masked(), network, torch.full((2, L), MASK), torch.zeros(2), torch.ones(2), rng())
    assert seen
    assert not any(seen)


def test_times_keep_their_dtype() -> None:
    network = Table()
    ancestral(masked(), network, 2, L, torch.tensor([1.0, 0.5, 0.0]), rng())
    assert {t.dtype for _, t in network.asked} == {torch.float32}


# ---------------------------------------------------------------------- what is refused
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
