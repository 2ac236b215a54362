"""ELBO: the bound on the likelihood, and everything it should agree with.

A model is a reverse kernel: a callable `reverse(s, t)` that returns p(x_s^i | x_t) as a table [K^L (x_t), L,
K], for two neighbouring times of the grid 0 = t_0 < ... < t_n.  It defines the law

    p(x_{t_0}, ..., x_{t_n}) = prior(x_{t_n}) prod_k prod_i p(x_{t_{k-1}}^i | x_{t_k}).

The negative ELBO of x_0 is E_q[log q(x_{t_1}, ..., x_{t_n} | x_0) - log p(x_0, x_{t_1}, ..., x_{t_n})].
`nelbo` computes it term by term, `nelbo_by_trajectories` from this definition.  Everything is in nats and
summed over positions.

If the schedule starts below alpha(t_0) = 1, x_{t_0} is itself noisy: then x_0 stands for the clean data,
x_{t_0} takes part in the expectation, and the sum is KL(q(x_{t_0}, ..., x_{t_n} | x_0) || p(x_{t_0}, ...,
x_{t_n})).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from unmask.reference.corruption import Process, one_hot
from unmask.reference.forward import marginal, sequence_marginal, sequence_transition
from unmask.reference.numbers import Array, Number, array, common, kl, log, scalars
from unmask.reference.posterior import posterior, posterior_table
from unmask.reference.sequences import all_sequences, check_sequences, product_law, sequence_index

Reverse = Callable[[Any, Any], Array]
"""(s, t) to the reverse kernel for every noisy sequence: [K^L, L, K]."""


def _grid(times: Sequence[Number]) -> list[tuple[Number, Number]]:
    ordered = [scalars(s, t) for s, t in pairwise(times)]
    if not ordered or any(s >= t for s, t in ordered):
        raise ValueError(f"times = {times!r}; valid: at least two growing times")
    return list(pairwise(times))


def expectation(weights: object, values: object) -> Any:
    """sum_i w_i v_i, where a weight of zero cancels even an infinite value.

    >>> expectation([0.0, 1.0], [float("inf"), 2.0])
    np.float64(2.0)
    """
    w, v = common(weights, values)
    total: Any = np.sum(np.where(w == 0, w, w * np.where(w == 0, w, v)))
    return total


def prior_term(process: Process, x0: object, end: Number) -> Any:
    """KL(q(x_end | x_0) || prior), summed over the positions of x_0 [L];
    +inf if noise ends outside the prior's support.

    >>> from unmask.reference.corruption import DiscreteTime, absorbing
    >>> prior_term(DiscreteTime((absorbing(1.0, 2, mask=1),), [0.0, 1.0]), [0], 1)
    np.float64(0.0)
    """
    total: Any = np.sum(kl(marginal(process, x0, end), process.prior))
    return total


def pointwise_term(process: Process, kernel: object, x0: object, xt: object, s: Number, t: Number) -> Array:
    """KL(q(x_s | x_t, x_0) || p(x_s | x_t)) for given pairs, summed over positions: [N].

    `kernel`: [N, L, K], the model's p(x_s^i | x_t); `x0`, `xt`: ints [N, L].  +inf where the model excludes
    what can be. For s = 0 and alpha(0) = 1 this is the reconstruction -log p(x_0 | x_t).  Raises ValueError
    for impossible pairs.

    >>> from unmask.reference.corruption import DiscreteTime, uniform
    >>> p = DiscreteTime((uniform(0.5, 2),), [0.5, 0.5])
    >>> pointwise_term(p, [[[1.0, 0.0]]], [[0]], [[1]], 0, 1)
    array([0.])
    """
    return np.asarray(np.asarray(kl(posterior(process, x0, xt, s, t), kernel)).sum(axis=-1))


def term(process: Process, reverse: Reverse, x0: object, s: Number, t: Number) -> Any:
    """E_{q(x_t | x_0)} KL(q(x_s | x_t, x_0) || p(x_s | x_t)) for one sequence x_0 [L],
    over all K^L values of x_t.

    One term of L_vb (arXiv 2107.03006, eq. 1).

    >>> from unmask.reference.corruption import DiscreteTime, uniform
    >>> p = DiscreteTime((uniform(1.0, 2),), [0.5, 0.5])
    >>> term(p, lambda s, t: np.full((2, 1, 2), 0.5), [0], 0, 1)  # one bit
    np.float64(0.6931471805599453)
    """
    clean = check_sequences("x0", x0, process.K, "[L]")
    noisy = all_sequences(len(clean), process.K)
    weights = sequence_marginal(process, clean, t)
    possible = weights > 0
    true = posterior_table(process, s, t)[clean, noisy[possible]]
    divergences = np.asarray(kl(true, array(reverse(s, t))[possible])).sum(axis=-1)
    return expectation(weights[possible], divergences)


def nelbo(process: Process, reverse: Reverse, x0: object, times: Sequence[Number]) -> Any:
    """The negative ELBO of one sequence x_0 [L]: the prior term and the terms of all steps (arXiv 2107.03006,
    eq. 1).

    `times`: the grid t_0 < ... < t_n (0..T in discrete time).  In nats; +inf is possible.

    >>> from unmask.reference.corruption import DiscreteTime, uniform
    >>> p = DiscreteTime((uniform(1.0, 2),), [0.5, 0.5])
    >>> nelbo(p, lambda s, t: np.full((2, 1, 2), 0.5), [0], [0, 1])
    np.float64(0.6931471805599453)
    """
    total = prior_term(process, x0, times[-1])
    for s, t in _grid(times):
        total = total + term(process, reverse, x0, s, t)
    return total


def kernel_matrix(kernel: object) -> Array:
    """p(x_s | x_t) between whole sequences, from the per-position kernel [K^L, L, K]: [K^L (x_t), K^L (x_s)].

    >>> kernel_matrix([[[0.5, 0.5]], [[0.0, 1.0]]])
    array([[0.5, 0.5],
           [0. , 1. ]])
    """
    return product_law(kernel)


def _trajectories(
    process: Process, reverse: Reverse, x0: object, times: Sequence[Number]
) -> tuple[Array, Array]:
    """q(x_{t_0}, ..., x_{t_n} | x_0) and p(x_{t_0}, ..., x_{t_n}), each as a vector over all trajectories."""
    clean = check_sequences("x0", x0, process.K, "[L]")
    L = len(clean)
    forward = sequence_marginal(process, clean, times[0])
    chances = [kernel_matrix(reverse(s, t)).T for s, t in _grid(times)]  # p(x_s | x_t) as [x_s, x_t]
    end = product_law(np.stack([process.prior] * L))
    backward, *chances = common(np.ones(len(end), dtype=np.int64), *chances, end)
    *chances, end = chances
    for (s, t), chance in zip(_grid(times), chances, strict=True):
        left, right = common(forward, sequence_transition(process, s, t, L))
        forward = left[..., None] * right
        backward = backward[..., None] * chance
    return forward.reshape(-1), (backward * end).reshape(-1)


def nelbo_by_trajectories(process: Process, reverse: Reverse, x0: object, times: Sequence[Number]) -> Any:
    """The negative ELBO of x_0 [L] from its definition: the sum over all trajectories of q log(q / p).

    E_q[log q(x_{t_1}, ..., x_{t_n} | x_0) - log p(x_0, x_{t_1}, ..., x_{t_n})], with (K^L)^n trajectories.

    >>> from unmask.reference.corruption import DiscreteTime, uniform
    >>> p = DiscreteTime((uniform(1.0, 2),), [0.5, 0.5])
    >>> nelbo_by_trajectories(p, lambda s, t: np.full((2, 1, 2), 0.5), [0], [0, 1])
    np.float64(0.6931471805599453)
    """
    return kl(*_trajectories(process, reverse, x0, times))


def reverse_law(process: Process, reverse: Reverse, times: Sequence[Number], L: int) -> Array:
    """p(x_{t_0}) of the model, for every sequence, by pushing the prior through the reverse kernels: [K^L].

    Exact for Fractions.  This is also the law of what an ancestral sampler draws.

    >>> from unmask.reference.corruption import DiscreteTime, uniform
    >>> p = DiscreteTime((uniform(1.0, 2),), [0.5, 0.5])
    >>> reverse_law(p, lambda s, t: np.array([[[1.0, 0.0]], [[0.5, 0.5]]]), [0, 1], L=1)
    array([0.75, 0.25])
    """
    law = product_law(np.stack([process.prior] * L))
    for s, t in reversed(_grid(times)):
        law, matrix = common(law, kernel_matrix(reverse(s, t)))
        law = law @ matrix
    return law


def log_likelihood(process: Process, reverse: Reverse, times: Sequence[Number], L: int) -> Array:
    """log p(x_0) of the model for every sequence: [K^L], in nats, -inf for what it never draws.

    >>> from unmask.reference.corruption import DiscreteTime, uniform
    >>> p = DiscreteTime((uniform(1.0, 2),), [0.5, 0.5])
    >>> log_likelihood(p, lambda s, t: np.array([[[1.0, 0.0]], [[1.0, 0.0]]]), [0, 1], L=1)
    array([  0., -inf])
    """
    return np.asarray(log(reverse_law(process, reverse, times, L)))


def gap(process: Process, reverse: Reverse, x0: object, times: Sequence[Number]) -> Any:
    """KL(q(x_{t_1}, ..., x_{t_n} | x_0) || p(x_{t_1}, ..., x_{t_n} | x_0)), by enumerating all trajectories.

    What the NELBO exceeds -log p(x_0) by.  Raises ValueError where x_{t_0} is noisy (alpha(t_0) < 1), or
    where the model never draws x_0, so that conditioning on it means nothing.

    >>> from unmask.reference.corruption import DiscreteTime, uniform
    >>> p = DiscreteTime((uniform(1.0, 2),), [0.5, 0.5])
    >>> gap(p, lambda s, t: np.full((2, 1, 2), 0.5), [0], [0, 1])
    np.float64(0.0)
    """
    clean = check_sequences("x0", x0, process.K, "[L]")
    if not (process.marginal(times[0]) == one_hot(np.arange(process.K), process.K)).all():
        raise ValueError(
            f"times[0] = {times[0]}: x is noisy at the start of the grid; valid: a start with alpha = 1"
        )
    forward, backward = _trajectories(process, reverse, x0, times)
    shape = (process.K ** len(clean), -1)
    number = sequence_index(clean, process.K)
    given, model = forward.reshape(shape)[number], backward.reshape(shape)[number]
    evidence = model.sum()
    if evidence == 0:
        raise ValueError(
            f"x0 = {clean.tolist()} has likelihood zero under the model; valid: a sequence it can draw"
        )
    return kl(given, model / evidence)
