"""First-hitting: all orders are alike, and the next reveal comes when it should."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import permutations, product

import pytest
import torch
from torch import Tensor

from tests.sampling.laws import DRAWS, EPS, MASK, K, L, Table, exact_law, follows, index, masked, rng
from unmask.implementations import (
    Cosine,
    Geometric,
    LinearBeta,
    LogLinear,
    MutualInformation,
    Polynomial,
    Schedule,
    first_hitting,
    inverse_one_minus_alpha,
    next_hit,
)
from unmask.properties.claims.claim import sampled
from unmask.properties.claims.judges import judge


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
    assert judge(sampled(counts.numpy(), law.numpy()), EPS).holds


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
