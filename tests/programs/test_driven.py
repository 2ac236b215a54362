"""Uniform numbers that are chosen, and the exact laws of what objectives draw."""

from __future__ import annotations

import math

import numpy as np
import torch

from unmask.properties.laws.programs.driven import driven, largest
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
