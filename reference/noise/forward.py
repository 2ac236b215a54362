"""Forward: marginals of clean data at time t, and the information that is left."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from unmask.reference.noise.corruption import Process, check_process, check_time
from unmask.reference.numbers.arithmetic import Array, Number, check_count, common, numbered, scalars, zeros_like
from unmask.reference.numbers.checks import check_class, check_sequences
from unmask.reference.numbers.divergences import entropy, kl
from unmask.reference.numbers.sequences import product_law
from unmask.reference.numbers.stochastic import check_stochastic


def marginal_by_paths(steps: Sequence[object], x0: int, t: int) -> Array:
    """q(x_t | x_0) as the sum over every path x_1, ..., x_t of the product of its steps: [K].

    q(x_t | x_0) = sum_{x_1, ..., x_{t-1}} prod_{r=1..t} Q_r[x_{r-1}, x_r], with K^t paths in all.
    Raises ValueError unless the steps are stochastic and of one size, x_0 is a class, and 0 <= t <= len(steps).

    >>> from fractions import Fraction
    >>> marginal_by_paths([[[Fraction(1, 2), Fraction(1, 2)], [0, 1]]] * 2, x0=0, t=2)
    array([Fraction(1, 4), Fraction(3, 4)], dtype=object)
    """
    named = numbered("steps", steps)
    if not named:
        raise ValueError("steps is empty; valid: at least one stochastic matrix")
    matrices = common(**named)
    K = len(check_stochastic(matrices[0], "steps[0]", "[K, K]"))
    for name, matrix in zip(named, matrices, strict=True):
        if check_stochastic(matrix, name, "[K, K]").shape != (K, K):
            raise ValueError(f"{name} has shape {matrix.shape}; valid: K = {K}, as in steps[0]")
    start, t = check_class("x0", x0, K), check_class("t", t, len(matrices) + 1)
    law = zeros_like(matrices[0][0])
    one = 1 + law[0]
    for path in product(range(K), repeat=t):
        places = (start, *path)
        probability = one
        for r in range(t):
            probability = probability * matrices[r][places[r], places[r + 1]]
        law[places[-1]] += probability
    return law


def marginal(process: Process, x0: object, t: Number) -> Array:
    """q(x_t = . | x_0) for each given clean class: ints [...] to probabilities [..., K] (arXiv 2107.03006,
    eq. 3).

    Raises TypeError/ValueError for ids that are not classes, or a time off the clock.

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> marginal(DiscreteTime((uniform(0.5, 2),), [0.5, 0.5]), [1, 0], 1)
    array([[0.25, 0.75],
           [0.75, 0.25]])
    """
    return check_process(process).marginal(t)[check_sequences("x0", x0, process.K, "[...]")]


def sequence_marginal(process: Process, x0: object, t: Number) -> Array:
    """q(x_t | x_0) of a whole sequence, whose positions are corrupted independently: x_0 [..., L] to [..., K^L].

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> sequence_marginal(DiscreteTime((uniform(1.0, 2),), [0.5, 0.5]), [1, 0], 1)
    array([0.25, 0.25, 0.25, 0.25])
    """
    return product_law(marginal(process, check_sequences("x0", x0, check_process(process).K), t))


def sequence_transition(process: Process, s: Number | None, t: Number, L: int) -> Array:
    """q(x_t | x_s) between whole sequences, or q(x_t | clean data) if s is None: [K^L, K^L],
    rows are sources.

    Raises ValueError unless s <= t are on the process's clock and L >= 1.

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> sequence_transition(DiscreteTime((uniform(1.0, 2),), [0.5, 0.5]), 0, 1, L=1)
    array([[0.5, 0.5],
           [0.5, 0.5]])
    """
    check_process(process)
    check_count("L", L)
    single = process.marginal(t) if s is None else process.transition(s, t)
    matrix = single
    for _ in range(1, L):
        size = len(matrix) * len(single)
        matrix = (matrix[:, None, :, None] * single[None, :, None, :]).reshape(size, size)
    return matrix


def kl_to_prior(process: Process, t_end: Number) -> Array:
    """KL(q(x_end | x_0) || prior) for one position and each clean class x_0: [K], in nats; may be +inf.

    Raises TypeError/ValueError for a time off the clock.

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> kl_to_prior(DiscreteTime((uniform(1.0, 2),), [0.5, 0.5]), 1)
    array([0., 0.])
    """
    check_time(process, "t_end", t_end)
    return np.asarray(kl(process.marginal(t_end), process.prior))


def mutual_information(process: Process, data: object, t: Number) -> Any:
    """I(x_t; x_0) of one position whose clean class has the law `data` [K], in nats, from the explicit joint.

    I = KL( q(x_0, x_t) || q(x_0) q(x_t) ).  Raises ValueError unless `data` is a law over the K classes.

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> mutual_information(DiscreteTime((uniform(1.0, 2),), [0.5, 0.5]), [0.5, 0.5], 1)
    np.float64(0.0)
    """
    law, matrix = common(check_stochastic(data, "data", "[K]"), check_process(process).marginal(t))
    if law.shape != (process.K,):
        raise ValueError(f"data has shape {law.shape}; valid: [K] = [{process.K}]")
    joint = law[:, None] * matrix
    independent = law[:, None] * joint.sum(axis=0)[None, :]
    return kl(joint.reshape(-1), independent.reshape(-1))


def information_left(process: Process, data: object, t: Number) -> Any:
    """The share I(x_t; x_0) / H(x_0) of the data's information that is left at time t (arXiv 2107.03006,
    appendix A.7).

    Raises ValueError where the data has no information (entropy zero), and as `mutual_information` does.

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> information_left(DiscreteTime((uniform(1.0, 2),), [0.5, 0.5]), [0.5, 0.5], 0)
    np.float64(1.0)
    """
    information, total = scalars(mutual_information(process, data, t), entropy(data))
    if total == 0:
        raise ValueError(f"data = {data!r} has no entropy; valid: at least two classes of positive probability")
    return information / total
