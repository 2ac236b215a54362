"""Limits of products of different doubly stochastic steps (D3PM, appendix A.1)."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from unmask.reference.noise.corruption import uniform
from unmask.reference.numbers.arithmetic import Array

K = 4


def doubly_stochastic(rng: np.random.Generator) -> Array:
    """A positive mixture of all rotations and of some other permutations, ``[K, K]`` floats."""
    orders = [np.roll(np.arange(K), k) for k in range(K)] + [rng.permutation(K) for _ in range(4)]
    shares = rng.dirichlet(np.ones(len(orders)))
    return np.tensordot(shares, np.stack([np.eye(K)[order] for order in orders]), axes=1)


@pytest.mark.parametrize("seed", range(4))
def test_products_tend_to_the_uniform_law_as_fast_as_their_second_singular_values(seed: int) -> None:
    rng = np.random.default_rng(seed)
    product, bound = np.eye(K), 1.0
    for _ in range(40):
        step = doubly_stochastic(rng)
        assert (step > 0).all()
        assert np.allclose(step.sum(0), 1)
        assert np.allclose(step.sum(1), 1)
        product, bound = product @ step, bound * np.linalg.svd(step)[1][1]
        # On what sums to zero a product shrinks by its factors' second singular values; 40 steps round 1e-14.
        assert np.linalg.svd(product - 1 / K)[1][0] <= bound + 1e-14
    assert bound < 1e-3
    assert abs(product - 1 / K).max() <= bound + 1e-14


def test_products_of_positive_steps_need_not_tend_to_it() -> None:
    """Second eigenvalues 1 - 2^-(t+1) tend to 1 so fast that their product stays above 1/2 - 1/4 - ... > 1/4."""
    product = np.array([[Fraction(int(i == j)) for j in range(K)] for i in range(K)], dtype=object)
    for t in range(1, 41):
        product = product @ uniform(Fraction(1, 2 ** (t + 1)), K)
    assert (product > 0).all()
    left = product[0, 0] - product[0, 1]
    assert left > Fraction(1, 2)
    assert (product.sum(0) == 1).all()
