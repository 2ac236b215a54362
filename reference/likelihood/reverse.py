"""Reverse: the kernel from x_t back to x_s that a network's output defines.

Networks predict one of three things, for every position of a noisy sequence: a law of the clean class
("denoiser"), the ratios p_t(y) / p_t(x) ("score"), or where the one-way path of flow matching jumps to
("velocity").  Each is turned into a law of x_s^i, independently for each position: the reverse kernel.

All functions take *probabilities* (or scores), never logits: `predicted` [N, L, K] and noisy sequences `xt`
[N, L] of ints, and return [N, L, K].  Where the process and the prediction together call x_t impossible (a
quotient 0/0), the row is all zeros: the model gives no probability to anything there.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import numpy as np

from unmask.reference.noise.corruption import Process, check_process, check_time, shows
from unmask.reference.noise.posterior import joint_table, normalized, posterior_table
from unmask.reference.numbers.arithmetic import Array, Number, array, check_axes, common
from unmask.reference.numbers.checks import IntArray, check_class, check_nonnegative, check_order, check_sequences
from unmask.reference.numbers.linear_algebra import inverse

Parameterization: TypeAlias = Literal["joint-sum", "joint-sum-direct", "mixture", "subs", "score", "velocity"]
"""The meanings of a network's output."""


def check_parameterization(parameterization: str) -> None:
    """Raises ValueError unless the name is one of `Parameterization`.

    >>> check_parameterization("mixture")
    """
    if parameterization not in get_args(Parameterization):
        raise ValueError(f"parameterization = {parameterization!r}; valid: {', '.join(get_args(Parameterization))}")


def check_output(name: str, values: object, xt: object, K: int) -> tuple[Array, IntArray]:
    """A table [N, L, K] of numbers >= 0 and the noisy sequences [N, L] it belongs to;
    raises ValueError otherwise, TypeError for what is no number or no class.

    >>> check_output("predicted", [[[0.5, 0.5]]], [[1]], K=2)
    (array([[[0.5, 0.5]]]), array([[1]]))
    """
    table = array(values, name)
    noisy = check_sequences("xt", xt, K, "[N, L]")
    if table.shape != (*noisy.shape, K):
        raise ValueError(f"{name} has shape {table.shape} and xt {noisy.shape}; valid: [N, L, {K}] and [N, L]")
    return check_nonnegative(name, table), noisy


def _mixed(table: Array, noisy: IntArray, predicted: Array) -> Array:
    """sum_{x0} table[x0, xt, :] predicted[x0]: [N, L, K]."""
    rows, weights = common(table, predicted)
    return np.asarray((weights[..., None, :] @ np.moveaxis(rows, 0, 1)[noisy])[..., 0, :])


def joint_sum(process: Process, predicted: object, xt: object, s: Number, t: Number) -> Array:
    """p(x_s | x_t) in proportion to sum_{x0} q(x_s, x_t | x0) p(x0 | x_t), as D3PM writes it
    (arXiv 2107.03006, eq. 4).

    It equals the true reverse kernel if p(x0 | x_t) is blind to the position itself:
    `leave_one_out_denoiser`.

    >>> from fractions import Fraction
    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> p = DiscreteTime((uniform(Fraction(1, 2), 2),), [Fraction(1, 2)] * 2)
    >>> joint_sum(p, [[[Fraction(1, 2), Fraction(1, 2)]]], [[0]], 0, 1)
    array([[[Fraction(3, 4), Fraction(1, 4)]]], dtype=object)
    """
    table, noisy = check_output("predicted", predicted, xt, check_process(process).K)
    return normalized(_mixed(joint_table(process, s, t), noisy, table))


def mixture(process: Process, predicted: object, xt: object, s: Number, t: Number) -> Array:
    """p(x_s | x_t) = sum_{x0} q(x_s | x_t, x0) p(x0 | x_t): a mixture of posteriors.

    p(x0 | x_t) is first restricted to the x0 that can become x_t, and renormalized.
    It equals the true reverse kernel if p(x0 | x_t) is the posterior: `posterior_denoiser`.

    >>> from fractions import Fraction
    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> p = DiscreteTime((uniform(Fraction(1, 2), 2),), [Fraction(1, 2)] * 2)
    >>> mixture(p, [[[Fraction(1, 2), Fraction(1, 2)]]], [[0]], 0, 1)
    array([[[Fraction(1, 2), Fraction(1, 2)]]], dtype=object)
    """
    table, noisy = check_output("predicted", predicted, xt, check_process(process).K)
    return _mixed(posterior_table(process, s, t), noisy, restricted(process, table, noisy, t))


def restricted(process: Process, predicted: Array, xt: IntArray, t: Number) -> Array:
    """p(x0 | x_t) restricted to the x0 with q(x_t | x0) > 0, and renormalized: [N, L, K].

    Raises ValueError unless `predicted` is [N, L, K] and >= 0, and `xt` ids [N, L].

    >>> from unmask.reference.noise.corruption import DiscreteTime, absorbing
    >>> p = DiscreteTime((absorbing(0.5, 2, mask=1),), [0.0, 1.0])
    >>> restricted(p, np.array([[[0.5, 0.5]]]), np.array([[0]]), 1)
    array([[[1., 0.]]])
    """
    table, noisy = check_output("predicted", predicted, xt, check_process(process).K)
    possible = process.marginal(t).T[noisy] > 0
    return normalized(np.where(possible, table, table - table))


def subs_denoiser(weights: object, xt: object, mask: int) -> Array:
    """MDLM's SUBS: no weight on the mask, and visible tokens are carried over (arXiv 2406.07524,
    section 3.2.3).

    `weights`: [N, L, K] >= 0, a softmax or anything proportional to one.  Returns probabilities [N, L, K].

    >>> subs_denoiser([[[0.25, 0.25, 0.5], [0.25, 0.25, 0.5]]], [[2, 1]], mask=2)
    array([[[0.5, 0.5, 0. ],
            [0. , 1. , 0. ]]])
    """
    values = check_axes("weights", array(weights, "weights"), "[N, L, K]")
    K = values.shape[-1]
    table, noisy = check_output("weights", values, xt, K)
    nothing = table - table
    unmasked = np.where(shows(check_class("mask", mask, K), K), nothing, table)
    carried = np.where(shows(noisy, K), nothing + 1, nothing)
    return np.where((noisy == mask)[..., None], normalized(unmasked), carried)


def mask_of(process: Process) -> int:
    """The mask of an absorbing process: the class that its prior always draws.  ValueError if there is none.

    >>> from unmask.reference.noise.corruption import DiscreteTime, absorbing
    >>> mask_of(DiscreteTime((absorbing(0.5, 2, mask=1),), [0.0, 1.0]))
    1
    """
    certain = [k for k in range(check_process(process).K) if process.prior[k] == 1]
    if not certain:
        raise ValueError(f"prior = {list(process.prior)}; valid here: a process whose prior is always the mask")
    return certain[0]


def tweedie(process: Process, score: object, xt: object, s: Number, t: Number) -> Array:
    """SEDD's analytic step: p(x_s = y | x_t = x) = (sum_z s_z P^-1[z, y]) P[y, x], with P = q(x_t | x_s).

    Discrete Tweedie (arXiv 2310.16834, theorem 4.1 and eq. 19): if s_z = p_t(z) / p_t(x), the sum is p_s(y) /
    p_t(x), and the step is Bayes' rule.  With any other score the row still sums to one but may have negative entries;
    they are returned as they are.  The entry of `score` at z = x_t is taken to be one.
    Raises ValueError where P is singular (nothing is left of x_s at t), and unless s <= t are on the clock.

    >>> from fractions import Fraction
    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> p = DiscreteTime((uniform(Fraction(1, 2), 2),), [Fraction(1, 2)] * 2)
    >>> tweedie(p, [[[1, Fraction(1, 3)]]], [[0]], 0, 1)
    array([[[Fraction(1, 1), Fraction(0, 1)]]], dtype=object)
    """
    table, noisy = check_output("score", score, xt, check_process(process).K)
    forward = process.transition(s, t)
    try:
        backward = inverse(forward)
    except ValueError as error:
        raise ValueError(
            f"the transition from s = {s} to t = {t} is singular and has no Tweedie step; valid: alpha(t) > 0"
        ) from error
    ratios, back, onwards = common(with_one_at(table, noisy), backward, forward)
    return np.asarray((ratios @ back) * onwards.T[noisy])


def with_one_at(values: Array, xt: IntArray) -> Array:
    """A table [N, L, K] with its entries at y = x_t replaced by one.

    Raises ValueError unless `xt` are ids [N, L], TypeError unless the table is an array.

    >>> with_one_at(np.array([[[0.5, 7.0]]]), np.array([[1]]))
    array([[[0.5, 1. ]]])
    """
    K = check_axes("values", values, "[N, L, K]").shape[-1]
    noisy = check_sequences("xt", xt, K, "[N, L]")
    if values.shape[:-1] != noisy.shape:
        raise ValueError(f"values has shape {values.shape} and xt {noisy.shape}; valid: [N, L, {K}] and [N, L]")
    return np.where(shows(noisy, K), values - values + 1, values)


def one_way(process: Process, predicted: object, xt: object, s: Number, t: Number) -> Array:
    """p(x_s | x_t) = (1 - w) [x_s = x_t] + w p(x_s | x_t), with w = (alpha_s - alpha_t) / (1 - alpha_t).

    The one-way path of discrete flow matching (arXiv 2407.15595, equation 24): every position jumps from noise to data,
    once, so that positions which are still noise are redrawn from the prediction.  Needs a process with one alpha.
    Raises ValueError where alpha(t) = 1 (there is no noise to step back from), and unless s <= t are on the clock.

    >>> from fractions import Fraction
    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> p = DiscreteTime((uniform(Fraction(1, 2), 2),) * 2, [Fraction(1, 2)] * 2)
    >>> one_way(p, [[[0, 1]]], [[0]], 1, 2)
    array([[[Fraction(2, 3), Fraction(1, 3)]]], dtype=object)
    """
    table, noisy = check_output("predicted", predicted, xt, check_process(process).K)
    check_order(s=check_time(process, "s", s), t=check_time(process, "t", t))
    left, kept, table = common(process.alpha(s), process.alpha(t), table)
    if kept == 1:
        raise ValueError(f"t = {t}: alpha(t) = 1, so there is no noise to step back from; valid: alpha(t) < 1")
    w = (left - kept) / (1 - kept)
    stay = with_one_at(table - table, noisy)
    return np.asarray(stay * (1 - w) + table * w)


def reverse_kernel(process: Process, parameterization: str, output: object, xt: object, s: Number, t: Number) -> Array:
    """p(x_s | x_t) of a model whose output has the given meaning: [N, L, K].

    `output`: probabilities [N, L, K], or for "score" the concrete scores themselves (not their logarithms).
    "joint-sum-direct" is `joint_sum` for s > 0, and the prediction itself for s = 0, as in several public
    D3PM codes. "subs" is `mixture` after `subs_denoiser`.  Raises ValueError for an unknown name, or as the
    function it calls does.

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> p = DiscreteTime((uniform(0.5, 2),), [0.5, 0.5])
    >>> reverse_kernel(p, "joint-sum-direct", [[[0.25, 0.75]]], [[0]], 0, 1)
    array([[[0.25, 0.75]]])
    """
    check_parameterization(parameterization)
    check_order(s=check_time(process, "s", s), t=check_time(process, "t", t))
    if parameterization == "score":
        return tweedie(process, output, xt, s, t)
    if parameterization == "velocity":
        return one_way(process, output, xt, s, t)
    if parameterization == "joint-sum-direct" and s == 0:
        return check_output("predicted", output, xt, process.K)[0]
    if parameterization in ("joint-sum", "joint-sum-direct"):
        return joint_sum(process, output, xt, s, t)
    if parameterization == "subs":
        output = subs_denoiser(output, xt, mask_of(process))
    return mixture(process, output, xt, s, t)


def denoiser_to_score(process: Process, parameterization: str, output: object, xt: object, t: Number) -> Array:
    """The concrete scores s_y of a model's output, one at y = x_t: [N, L, K].

    mixture, subs: sum_{x0} p(x0 | x_t) q(y | x0) / q(x_t | x0), over the x0 that can become x_t;
    joint-sum:     sum_{x0} p(x0 | x_t) q(y | x0)  /  sum_{x0} p(x0 | x_t) q(x_t | x0);
    score:         the output itself.
    At its optimum each is p_t(y) / p_t(x_t), with one exception: mixtures and SUBS leave out the x0 that
    cannot become x_t, so they are not the ratio for a y that corruption never turns into x_t.  No reverse
    rate uses those. Raises ValueError for "velocity", whose rates are not those of a time reversal, for
    unknown names, and for a time off the clock.

    >>> from fractions import Fraction
    >>> from unmask.reference.noise.corruption import DiscreteTime, absorbing
    >>> p = DiscreteTime((absorbing(Fraction(1, 2), 3, mask=2),), [0, 0, 1])
    >>> denoiser_to_score(p, "subs", [[[Fraction(1, 4), Fraction(3, 4), 0]]], [[2]], 1)
    array([[[Fraction(1, 4), Fraction(3, 4), Fraction(1, 1)]]], dtype=object)
    """
    check_parameterization(parameterization)
    check_time(process, "t", t)
    table, noisy = check_output("output", output, xt, process.K)
    if parameterization == "velocity":
        raise ValueError("parameterization = 'velocity' implies no concrete score; valid: the other parameterizations")
    if parameterization == "score":
        return with_one_at(table, noisy)
    table, forward = common(table, process.marginal(t))
    if parameterization in ("joint-sum", "joint-sum-direct"):
        reached = table @ forward
        here = np.take_along_axis(reached, noisy[..., None], axis=-1)
        return with_one_at(np.where(here == 0, here, reached / np.where(here == 0, here + 1, here)), noisy)
    if parameterization == "subs":
        table = subs_denoiser(table, noisy, mask_of(process))
    likelihood = forward.T[noisy]  # q(x_t | x0): [N, L, K (x0)]
    explained = restricted(process, table, noisy, t) / np.where(likelihood == 0, likelihood + 1, likelihood)
    return with_one_at(explained @ forward, noisy)
