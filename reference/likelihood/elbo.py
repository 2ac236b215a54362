"""ELBO: the bound on the likelihood, by two definitions, and the likelihood itself.

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

from unmask.reference.noise.corruption import Process, check_process, check_time, one_hot
from unmask.reference.noise.forward import marginal, sequence_marginal, sequence_transition
from unmask.reference.noise.posterior import posterior, posterior_table
from unmask.reference.numbers.arithmetic import (
    Array,
    Number,
    array,
    check_axes,
    check_count,
    common,
    numbered,
    scalars,
    together,
)
from unmask.reference.numbers.checks import check_function, check_pair, check_sequences, check_table
from unmask.reference.numbers.divergences import kl
from unmask.reference.numbers.sequences import all_sequences, product_law, sequence_index
from unmask.reference.numbers.transcendental import log

Reverse = Callable[[Any, Any], Array]
"""(s, t) to the reverse kernel for every noisy sequence: [K^L, L, K]."""


def _grid(process: Process, times: Sequence[Number]) -> list[tuple[Number, Number]]:
    """The steps of a grid of times, which is checked."""
    grid = [check_time(process, name, t) for name, t in numbered("times", times).items()]
    if len(grid) < 2 or any(s >= t for s, t in pairwise(scalars(*grid))):
        raise ValueError(f"times = {times!r}; valid: at least two growing times")
    return list(pairwise(times))


def _kernel(reverse: Reverse, s: Number, t: Number, L: int, K: int) -> Array:
    """The model's p(x_s | x_t), whose shape is checked."""
    check_function("reverse", reverse)
    return check_table(f"reverse({s}, {t})", array(reverse(s, t), f"reverse({s}, {t})"), L, K)


def expectation(weights: object, values: object) -> Any:
    """sum_i w_i v_i, where a weight of zero cancels even an infinite value.

    Raises ValueError for shapes that do not go together.

    >>> expectation([0.0, 1.0], [float("inf"), 2.0])
    np.float64(2.0)
    """
    weights, values = common(weights=weights, values=values)
    w, v = together(weights=weights, values=values)
    total: Any = np.sum(np.where(w == 0, w, w * np.where(w == 0, w, v)))
    return total


def prior_term(process: Process, x0: object, end: Number) -> Any:
    """KL(q(x_end | x_0) || prior), summed over the positions of x_0 [L];
    +inf if noise ends outside the prior's support.

    >>> from unmask.reference.noise.corruption import DiscreteTime, absorbing
    >>> prior_term(DiscreteTime((absorbing(1.0, 2, mask=1),), [0.0, 1.0]), [0], 1)
    np.float64(0.0)
    """
    check_time(process, "end", end)
    clean = check_sequences("x0", x0, process.K, "[L]")
    total: Any = np.sum(kl(marginal(process, clean, end), process.prior))
    return total


def pointwise_term(process: Process, kernel: object, x0: object, xt: object, s: Number, t: Number) -> Array:
    """KL(q(x_s | x_t, x_0) || p(x_s | x_t)) for given pairs, summed over positions: [N].

    `kernel`: [N, L, K], the model's p(x_s^i | x_t); `x0`, `xt`: ints [N, L].  +inf where the model excludes a possible
    x_s. For s = 0 and alpha(0) = 1 this is the reconstruction -log p(x_0 | x_t).  Raises ValueError for impossible
    pairs.

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> p = DiscreteTime((uniform(0.5, 2),), [0.5, 0.5])
    >>> pointwise_term(p, [[[1.0, 0.0]]], [[0]], [[1]], 0, 1)
    array([0.])
    """
    clean, noisy = check_pair(x0, xt, check_process(process).K)
    model = array(kernel, "kernel")
    if model.shape != (*noisy.shape, process.K):
        raise ValueError(f"kernel has shape {model.shape}; valid: [N, L, K] = {[*noisy.shape, process.K]}")
    return np.asarray(np.asarray(kl(posterior(process, clean, noisy, s, t), model)).sum(axis=-1))


def term(process: Process, reverse: Reverse, x0: object, s: Number, t: Number) -> Any:
    """E_{q(x_t | x_0)} KL(q(x_s | x_t, x_0) || p(x_s | x_t)) for one sequence x_0 [L],
    over all K^L values of x_t.

    One term of L_vb (arXiv 2107.03006, eq. 1).

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> p = DiscreteTime((uniform(1.0, 2),), [0.5, 0.5])
    >>> term(p, lambda s, t: np.full((2, 1, 2), 0.5), [0], 0, 1)  # one bit
    np.float64(0.6931471805599453)
    """
    clean = check_sequences("x0", x0, check_process(process).K, "[L]")
    noisy = all_sequences(len(clean), process.K)
    weights = sequence_marginal(process, clean, t)
    possible = weights > 0
    true = posterior_table(process, s, t)[clean, noisy[possible]]
    model = _kernel(reverse, s, t, len(clean), process.K)[possible]
    divergences = np.asarray(kl(true, model)).sum(axis=-1)
    return expectation(weights[possible], divergences)


def nelbo(process: Process, reverse: Reverse, x0: object, times: Sequence[Number]) -> Any:
    """The negative ELBO of one sequence x_0 [L]: the prior term and the terms of all steps (arXiv 2107.03006,
    eq. 1).

    `times`: the grid t_0 < ... < t_n (0..T in discrete time).  In nats; +inf is possible.  Raises ValueError for
    ids that are not classes and for a grid that does not grow.

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> p = DiscreteTime((uniform(1.0, 2),), [0.5, 0.5])
    >>> nelbo(p, lambda s, t: np.full((2, 1, 2), 0.5), [0], [0, 1])
    np.float64(0.6931471805599453)
    """
    steps = _grid(process, times)
    total = prior_term(process, x0, times[-1])
    for s, t in steps:
        total = total + term(process, reverse, x0, s, t)
    return total


def kernel_matrix(kernel: object) -> Array:
    """p(x_s | x_t) between whole sequences, from the per-position kernel [K^L, L, K]: [K^L (x_t), K^L (x_s)].

    >>> kernel_matrix([[[0.5, 0.5]], [[0.0, 1.0]]])
    array([[0.5, 0.5],
           [0. , 1. ]])
    """
    rows = check_axes("kernel", array(kernel, "kernel"), "[K^L, L, K]")
    return product_law(check_table("kernel", rows, *rows.shape[1:]))


def _trajectories(
    process: Process, reverse: Reverse, x0: object, times: Sequence[Number]
) -> tuple[Array, Array, Array]:
    """q(x_{t_0}, ..., x_{t_n} | x_0) and p(x_{t_0}, ..., x_{t_n}) of the trajectories that are possible for either of
    them, and the number of each one's x_{t_0}.
    """
    steps = _grid(process, times)
    clean = check_sequences("x0", x0, process.K, "[L]")
    L = len(clean)
    forward = sequence_marginal(process, clean, times[0])
    chances = [kernel_matrix(_kernel(reverse, s, t, L, process.K)).T for s, t in steps]  # p(x_s | x_t) as [x_s, x_t]
    end = product_law(np.stack([process.prior] * L))
    backward, *chances = common(np.ones(len(end), dtype=np.int64), *chances, end)
    *chances, end = chances
    start = last = np.arange(len(end))
    for (s, t), chance in zip(steps, chances, strict=True):
        left, right = common(forward, sequence_transition(process, s, t, L))
        forward, backward = left[:, None] * right[last], backward[:, None] * chance[last]
        before, last = np.nonzero((forward != 0) | (backward != 0))
        start, forward, backward = start[before], forward[before, last], backward[before, last]
    return forward, backward * end[last], start


def nelbo_by_trajectories(process: Process, reverse: Reverse, x0: object, times: Sequence[Number]) -> Any:
    """The negative ELBO of x_0 [L] from its definition: the sum over all trajectories of q log(q / p).

    E_q[log q(x_{t_1}, ..., x_{t_n} | x_0) - log p(x_0, x_{t_1}, ..., x_{t_n})], with (K^L)^n trajectories.

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> p = DiscreteTime((uniform(1.0, 2),), [0.5, 0.5])
    >>> nelbo_by_trajectories(p, lambda s, t: np.full((2, 1, 2), 0.5), [0], [0, 1])
    np.float64(0.6931471805599453)
    """
    forward, backward, _ = _trajectories(process, reverse, x0, times)
    return kl(forward, backward)


def reverse_law(process: Process, reverse: Reverse, times: Sequence[Number], L: int) -> Array:
    """p(x_{t_0}) of the model, for every sequence, by pushing the prior through the reverse kernels: [K^L].

    Exact for Fractions.  This is also the law of what an ancestral sampler draws.  Raises ValueError unless L >= 1 and
    the times grow.

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> p = DiscreteTime((uniform(1.0, 2),), [0.5, 0.5])
    >>> reverse_law(p, lambda s, t: np.array([[[1.0, 0.0]], [[0.5, 0.5]]]), [0, 1], L=1)
    array([0.75, 0.25])
    """
    steps = _grid(process, times)
    law = product_law(np.stack([process.prior] * check_count("L", L)))
    for s, t in reversed(steps):
        law, matrix = common(law, kernel_matrix(_kernel(reverse, s, t, L, process.K)))
        law = law @ matrix
    return law


def log_likelihood(process: Process, reverse: Reverse, times: Sequence[Number], L: int) -> Array:
    """log p(x_0) of the model for every sequence: [K^L], in nats, -inf for sequences that it never draws.

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> p = DiscreteTime((uniform(1.0, 2),), [0.5, 0.5])
    >>> log_likelihood(p, lambda s, t: np.array([[[1.0, 0.0]], [[1.0, 0.0]]]), [0, 1], L=1)
    array([  0., -inf])
    """
    return np.asarray(log(reverse_law(process, reverse, times, L)))


def gap(process: Process, reverse: Reverse, x0: object, times: Sequence[Number]) -> Any:
    """KL(q(x_{t_1}, ..., x_{t_n} | x_0) || p(x_{t_1}, ..., x_{t_n} | x_0)), by enumerating all trajectories.

    The NELBO minus -log p(x_0).  Raises ValueError where x_{t_0} is noisy (alpha(t_0) < 1), or where the model never
    draws x_0, so that conditioning on it means nothing.

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> p = DiscreteTime((uniform(1.0, 2),), [0.5, 0.5])
    >>> gap(p, lambda s, t: np.full((2, 1, 2), 0.5), [0], [0, 1])
    np.float64(0.0)
    """
    _grid(process, times)
    clean = check_sequences("x0", x0, process.K, "[L]")
    if not (process.marginal(times[0]) == one_hot(np.arange(process.K), process.K)).all():
        raise ValueError(f"times[0] = {times[0]}: x is noisy at the start of the grid; valid: a start with alpha = 1")
    forward, backward, start = _trajectories(process, reverse, x0, times)
    here = start == sequence_index(clean, process.K)
    given, model = forward[here], backward[here]
    evidence = model.sum()
    if evidence == 0:
        raise ValueError(f"x0 = {clean.tolist()} has likelihood zero under the model; valid: a sequence it can draw")
    return kl(given, model / evidence)
