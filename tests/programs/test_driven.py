"""Uniform numbers that are chosen, and the exact laws of what objectives draw."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from unmask.properties.laws.programs.draws.driven import Change, Draw, driven, largest
from unmask.properties.laws.programs.draws.masking import Ask, Seen, probabilities_of_masks
from unmask.reference.programs import TimeLaw, count_law


def test_draws_are_counted_and_changed() -> None:
    def change(k: int, numbers: torch.Tensor) -> torch.Tensor:
        return torch.zeros_like(numbers) if k == 1 else numbers

    with driven(change) as made:
        first, second = torch.rand(3), torch.rand_like(torch.zeros(2))
        third = torch.empty(2).uniform_(1, 3)
        torch.empty(4).normal_()
    assert [str(draw) for draw in made.draws] == [
        "torch.rand, [3]",
        "torch.rand_like, [2]",
        "torch.Tensor.uniform_, [2]",
    ]
    assert not second.any()
    assert first.all()
    assert ((third >= 1) & (third < 3)).all()


def test_extremes_stay_in_the_bounds_of_uniform_() -> None:
    with driven(lambda k, u: torch.full_like(u, 0.5)):
        found = torch.empty(2).uniform_(1, 3)
        plain = torch.empty(2, dtype=torch.float64).uniform_()
    assert found.tolist() == [2.0, 2.0]
    assert plain.tolist() == [0.5, 0.5]
    assert largest(torch.float32) == 1 - 2**-24
    assert largest(torch.float64) == 1 - 2**-53


def test_generators_move_on_as_ever() -> None:
    one, other = (torch.Generator().manual_seed(3) for _ in range(2))
    with driven(lambda k, u: torch.zeros_like(u)):
        torch.rand(5, generator=one)
    torch.rand(5, generator=other)
    assert torch.equal(torch.rand(2, generator=one), torch.rand(2, generator=other))


def test_hits_follow_the_numbers() -> None:
    share = torch.tensor([0.0, 0.3, 0.3, 1.0])

    def drawn() -> list[list[float]]:
        generator = torch.Generator().manual_seed(5)
        return [
            torch.bernoulli(share, generator=generator).tolist(),
            torch.bernoulli(input=share, generator=generator).tolist(),
            share.bernoulli(generator=generator).tolist(),
            torch.empty(4).bernoulli_(share, generator=generator).tolist(),
            torch.empty(4).bernoulli_(0.3, generator=generator).tolist(),
        ]

    plain = drawn()
    with driven(lambda k, u: u) as made:
        undisturbed = drawn()
    assert undisturbed == plain
    told = "torch.bernoulli, [4]"
    assert [str(draw) for draw in made.draws] == [
        told, told, "torch.Tensor.bernoulli, [4]", *2 * ["torch.Tensor.bernoulli_, [4]"]
    ]  # fmt: skip
    with driven(lambda k, u: torch.full_like(u, 0.31 if k < 3 else 0.29)):
        assert drawn() == [*3 * [[0, 0, 0, 1]], [0, 1, 1, 1], [1, 1, 1, 1]]


def two_rows(weight: Callable[[float], float], *, floor: float = 0.0, cells: int = 0) -> Ask:
    """Two positions in each of two rows, of which a time masks all that have a smaller number."""

    def ask(change: Change) -> Seen:
        with driven(change):
            u = torch.rand(2, 1)
            t = floor + (1 - floor) * (u if not cells else (u * cells).floor() / cells + 1 / cells)
            hit = (torch.rand(2, 2) < t).numpy()
        weights = np.where(hit.any(-1), [weight(float(one)) for one in t[:, 0]], np.nan)
        return Seen(np.arange(2), hit.all(-1), ~hit.any(-1), weights, t[:, 0].double().numpy())

    return ask


TWO_ROWS = [Draw("rand", (2, 1)), Draw("rand", (2, 2))]


def test_the_probability_of_a_mask_is_measured() -> None:
    found, ends = probabilities_of_masks(two_rows(lambda t: min(1 / t, 100), floor=0.002), TWO_ROWS, 2)
    due = [0.002 + 0.998 * u for u in (0.3, 0.7, 0.3, 0.004, 0.004, 0.996)]
    assert [one.common for one in found] == [True, True, True, False, False, False]
    assert np.abs(np.array([one.probability for one in found]) - due).max() < 2 * 2.0**-14
    assert np.abs(np.array([one.weight for one in found]) - np.minimum(1 / np.array(due), 100)).max() < 1e-4
    assert np.abs(np.array([one.time for one in found]) - due).max() < 1e-6
    reached = [one.probability for one in ends]
    assert len(reached) == 4
    assert max(reached[:2]) < 0.002 + 2.0**-8
    assert min(reached[2:]) > 1 - 2.0**-8


def test_of_times_on_a_grid_no_end_is_told() -> None:
    found, ends = probabilities_of_masks(two_rows(lambda t: 1 / t, cells=10), TWO_ROWS, 2)
    assert [round(one.probability, 3) for one in found] == [0.4, 0.8, 0.4, 0.1, 0.1, 1.0]
    assert ends == []


def test_what_chooses_no_time_shows_nothing() -> None:
    def ask(change: Change) -> Seen:
        with driven(change):
            torch.rand(2, 1)
            hit = (torch.rand(2, 2) < 0.5).numpy()
        return Seen(np.arange(2), hit.all(-1), ~hit.any(-1), np.ones(2), np.full(2, np.nan))

    assert probabilities_of_masks(ask, TWO_ROWS, 2) == ([], [])


def test_masked_sets_by_hand() -> None:
    linear = TimeLaw(lambda t: 1 - t)
    for n in range(5):
        for m in range(n + 1):
            # The beta integral: m! (n - m)! / (n + 1)!
            due = math.factorial(m) * math.factorial(n - m) / math.factorial(n + 1)
            assert abs(float(linear.set_mass(n, m).sum()) - due) < 64 * 2.0**-52
    late = TimeLaw(lambda t: 1 - t, lambda t: 2 * t)
    assert np.abs(count_law(late, 1) - [1 / 3, 2 / 3]).max() < 64 * 2.0**-52
    assert abs(count_law(TimeLaw(lambda t: math.cos(math.pi * t / 2)), 2).sum() - 1) < 64 * 2.0**-52
    assert count_law(None, 0).tolist() == [1.0]
    # Given one mask of one position, the time has density 2t.
    assert np.abs(linear.no_later_than(1, 1, np.array([0.25, 0.5, 1.0])) - [1 / 16, 1 / 4, 1]).max() < 64 * 2.0**-52


@pytest.mark.parametrize(
    ("density", "mass", "within"),
    [
        (lambda t: 0.5 / math.sqrt(t), 1.0, 1e-7),
        (lambda t: 0.5 / math.sqrt(1 - t), 1.0, 1e-7),
        (lambda t: 1 / (math.pi * math.sqrt(t * (1 - t))), 1.0, 1e-7),
        (lambda t: 2.0 if t > 0.5 else 0.0, 1.0, 1e-12),
        (lambda t: 1.25 if 0.1 < t < 0.9 else 0.0, 1.0, 1e-9),
        (lambda t: 2.0 if t > 0.501 else 0.0, 0.998, 1e-9),
        (lambda t: 1 / (t * math.log(1000)) if t > 1e-3 else 0.0, 1.0, 1e-9),
    ],
)
def test_densities_with_roots_and_jumps_have_their_mass(
    density: Callable[[float], float], mass: float, within: float
) -> None:
    assert abs(TimeLaw(lambda t: 1 - t, density).nodes[1].sum() - mass) < within


def test_a_density_that_is_no_number_ends() -> None:
    assert math.isnan(TimeLaw(lambda t: 1 - t, lambda t: math.nan).nodes[1].sum())


def test_a_jump_cuts_off_earlier_times() -> None:
    late = TimeLaw(lambda t: 1 - t, lambda t: 1 / 0.9 if t > 0.1 else 0.0)
    before, after = late.no_later_than(1, 1, np.array([0.1, 0.5625]))
    assert before < 1e-9
    # One of one is masked with the density 2t/0.99 on [0.1, 1].
    assert abs(after - (0.5625**2 - 0.01) / 0.99) < 1e-9
