"""What LLaDA's paper says of its estimates, its reverse process and its sampler, in numbers found another way."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations, pairwise, product
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad

from tests.programs.test_exact_bounds import COUNTED, MASK, X0, model
from unmask.reference import ContinuousTime, same
from unmask.reference.likelihood.denoisers import sequence_law as noisy_law
from unmask.reference.noise.corruption import absorbing_prior
from unmask.reference.noise.forward import sequence_transition
from unmask.reference.noise.schedules import mutual_information
from unmask.reference.numbers.sequences import all_sequences, data_law, product_law
from unmask.reference.programs import bounds
from unmask.reference.programs.plans import sequence_law
from unmask.reference.programs.rules import Rule
from unmask.reference.sampling.samplers import exact_kernel

F = Fraction
N = 3
#: Three positions, all masked, and every sequence that they may become.
START, SEQUENCES, ONE_BY_ONE = (MASK,) * N, list(product(range(MASK), repeat=N)), [1] * N


def costs(seed: int) -> Iterator[tuple[int, float]]:
    """How many of three positions are masked, and the cross-entropy of these, for each set."""
    places = np.flatnonzero(COUNTED).tolist()
    for m in range(1, N + 1):
        for chosen in combinations(places, m):
            shown = X0.copy()
            shown[list(chosen)] = MASK
            yield m, -sum(model(seed)(shown[None])[0, i, X0[i]] for i in chosen)


def by_count(seed: int, power: int) -> float:
    """A moment of eq. 14: ``n/m`` times the cost of ``m`` masks, all numbers alike and all sets of a number."""
    return sum((N / m * cost) ** power / (N * math.comb(N, m)) for m, cost in costs(seed))


def by_time(seed: int, power: int, low: float, high: float = 1.0) -> float:
    """Of eq. 12, what times in a range add to it: ``1/t`` times the cost of what is masked with probability ``t``."""

    def slope(u: float) -> float:
        t = math.exp(u)
        return t * sum(t**m * (1 - t) ** (N - m) * (cost / t) ** power for m, cost in costs(seed))

    return float(quad(slope, math.log(low), math.log(high))[0])


@pytest.mark.parametrize("seed", range(3))
def test_so_many_masks_vary_less_than_each_by_itself(seed: int) -> None:
    """Given the masks 1/t has the mean (n + 1)/m; and a single mask lets its square grow without end."""
    mean = bounds.nelbo(X0, COUNTED, model(seed), MASK)
    assert by_count(seed, 1) == pytest.approx(mean, rel=1e-12)
    assert by_time(seed, 1, 1e-12) == pytest.approx(mean, rel=1e-9)
    weight = {
        m: quad(lambda t, m=m: t ** (m - 1) * (1 - t) ** (N - m), 0, 1)[0]
        / quad(lambda t, m=m: t**m * (1 - t) ** (N - m), 0, 1)[0]
        for m in range(1, N + 1)
    }
    square = sum((weight[m] * cost) ** 2 / ((N + 1) * math.comb(N, m)) for m, cost in costs(seed))
    assert square == pytest.approx((N + 1) / N * by_count(seed, 2), rel=1e-9)
    assert by_time(seed, 2, 1e-3) > by_count(seed, 2)
    more = math.log(1e3) * sum(cost**2 for m, cost in costs(seed) if m == 1)
    assert by_time(seed, 2, 1e-9, 1e-6) == pytest.approx(more, rel=1e-5)


def test_without_its_weight_the_loss_is_half_of_what_is_due() -> None:
    """Of a network without knowledge, which pays log 3 for each mask: no bound."""

    def blind(ids: Any) -> Any:
        return np.full((*ids.shape, MASK + 1), -math.log(3))

    def masked(t: float) -> float:
        return sum(m * math.comb(N, m) * t**m * (1 - t) ** (N - m) for m in range(1, N + 1))

    likelihood = bounds.negative_log_likelihood(X0, COUNTED, blind, MASK)
    assert likelihood == pytest.approx(N * math.log(3), rel=1e-12)
    assert quad(masked, 0, 1)[0] * math.log(3) == pytest.approx(likelihood / 2, rel=1e-12)
    assert quad(lambda t: masked(t) / t, 0, 1)[0] * math.log(3) == pytest.approx(likelihood, rel=1e-12)


@pytest.mark.parametrize(("s", "t"), [(F(0), F(1)), (F(1, 2), F(1)), (F(1, 4), F(1, 2)), (F(9, 10), F(1))])
def test_a_step_back_is_no_product_but_has_its_marginals(s: Fraction, t: Fraction) -> None:
    """Two tokens that are always the same: by a product they differ half of the time, if both are revealed."""
    p = ContinuousTime(mutual_information, absorbing_prior(3, 2))
    data, x = data_law({(0, 0): F(1, 2), (1, 1): F(1, 2)}, 2, 3), all_sequences(2, 3)
    both = x.tolist().index([2, 2])
    joint = noisy_law(p, data, 2, s) * sequence_transition(p, s, t, 2)[:, both]
    true, made = joint / joint.sum(), product_law(exact_kernel(p, data, 2)(s, t)[both])
    for law in (true, made):
        assert same([law[x[:, 0] == k].sum() for k in range(3)], [(t - s) / t / 2, (t - s) / t / 2, s / t])
    assert sum(abs(a - b) for a, b in zip(true, made, strict=True)) / 2 == ((t - s) / t) ** 2 / 2


def probabilities(seed: int, state: tuple[int, ...]) -> Any:
    """What a network says, ``[L, K]``."""
    return np.exp(model(seed)(np.array([state]))[0])


def law_of(seed: int, counts: Sequence[int], **rule: Any) -> dict[tuple[int, ...], float]:
    """What it writes, so many tokens at each step."""
    found = sequence_law(
        lambda state: probabilities(seed, state).tolist(), START, [(range(N), counts)], Rule(mask=MASK, **rule)
    )
    return {x: float(p) for x, p in found.items()}


def test_the_bound_is_of_tokens_drawn_in_random_order() -> None:
    """Those that the network is surest of first, or the likeliest ones, follow other laws, of which it is none."""
    every = np.ones(N, dtype=bool)
    bound = {x: bounds.nelbo(np.array(x), every, model(0), MASK) for x in SEQUENCES}
    law = law_of(0, ONE_BY_ONE)
    for x in SEQUENCES:
        own = bounds.negative_log_likelihood(np.array(x), every, model(0), MASK)
        assert own == pytest.approx(-math.log(law[x]), rel=1e-12)
        assert own <= bound[x]
    surest = law_of(0, ONE_BY_ONE, order="confidence")
    assert sum(surest.values()) == pytest.approx(1)
    assert any(-math.log(surest[x]) > bound[x] for x in SEQUENCES)
    for order in ("random", "confidence"):
        assert len(law_of(0, ONE_BY_ONE, order=order, temperature=0)) < len(SEQUENCES)


def low_confidence(seed: int, steps: int, hidden: Callable[[int], int]) -> list[tuple[int, ...]]:
    """Algorithm 5, state after state: of ``n`` tokens that should be visible, ``hidden(n)`` positions are masked."""
    states = [START]
    for k in range(steps - 1, -1, -1):
        probability = probabilities(seed, states[-1])
        guess = [int(p.argmax()) if v == MASK else v for p, v in zip(probability, states[-1], strict=True)]
        sure = [p.max() if v == MASK else 1.0 for p, v in zip(probability, states[-1], strict=True)]
        least = sorted(range(N), key=lambda i: sure[i])[: hidden(math.floor(N * (1 - F(k, steps))))]
        states.append(tuple(MASK if i in least else v for i, v in enumerate(guess)))
    return states


@pytest.mark.parametrize(("seed", "steps"), [(0, 1), (1, 2), (2, 2), (3, 3)])
def test_the_least_confident_are_masked_but_not_as_many_as_printed(seed: int, steps: int) -> None:
    """With as many as are to be visible, all are masked at the end; it is the others, and then the plan's law."""
    assert low_confidence(seed, steps, lambda n: n)[-1] == START
    states = low_confidence(seed, steps, lambda n: N - n)
    shown = [sum(v != MASK for v in state) for state in states]
    assert shown == [math.floor(F(N * k, steps)) for k in range(steps + 1)]
    counts = [b - a for a, b in pairwise(shown)]
    planned = law_of(seed, counts, order="confidence", temperature=0)
    assert planned == {states[-1]: 1.0}
