"""Samplers: the exact laws of what they draw.

On a space so small that its sequences can be listed, a sampler's output need not be sampled: push the law of the
start through the sampler's own steps.  Laws over sequences are vectors [K^L], in the order of
`sequences.all_sequences`; a kernel is a callable (s, t) to p(x_s^i | x_t) for every noisy sequence, [K^L, L, K],
as in `elbo`.  Everything is exact for Fractions.

Of n masked positions, backward in time, which one is revealed next is uniformly random, and its class does not depend
on the time.  So a masked diffusion that reveals one position at a time is any-order autoregression.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise, permutations
from math import factorial
from typing import Any

import numpy as np

from unmask.reference.likelihood.denoisers import posterior_denoiser
from unmask.reference.likelihood.elbo import Reverse, kernel_matrix, reverse_law
from unmask.reference.likelihood.reverse import mask_of, mixture
from unmask.reference.masked.masked_language_model import Predict, Visible, predicted
from unmask.reference.noise.corruption import Process, check_process, check_time, shows
from unmask.reference.noise.posterior import posterior_table
from unmask.reference.numbers.arithmetic import Array, Number, array, check_axes, check_count, common, numbered, scalars
from unmask.reference.numbers.checks import (
    check_function,
    check_order,
    check_positions,
    check_sequences,
    check_table,
    check_visible,
)
from unmask.reference.numbers.divergences import total_variation
from unmask.reference.numbers.sequences import all_sequences, data_law, product_law


def _backward(times: Sequence[Number]) -> list[Number]:
    ordered: list[Any] = list(numbered("times", times).values())
    pairs = [scalars(t, s) for t, s in pairwise(ordered)]
    if not pairs or any(t <= s for t, s in pairs):
        raise ValueError(f"times = {times!r}; valid: at least two falling times")
    return ordered


def ancestral_law(process: Process, kernel: Reverse, times: Sequence[Number], L: int) -> Array:
    """The law of x at the last time, of a sampler that starts at the prior and steps along *falling* times: [K^L].

    The prior pushed through the reverse kernels (arXiv 2107.03006, section 2; `elbo.reverse_law` on the same grid).
    A cached sampler, which calls the network again only when x has changed, has the same law if the network does not
    look at the time (arXiv 2406.07524, section 4.1).  Raises ValueError unless the times fall.

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> p = DiscreteTime((uniform(1.0, 2),), [0.5, 0.5])
    >>> ancestral_law(p, lambda s, t: np.array([[[1.0, 0.0]], [[0.5, 0.5]]]), [1, 0], L=1)
    array([0.75, 0.25])
    """
    check_function("kernel", kernel)
    return reverse_law(process, kernel, _backward(times)[::-1], L)


def euler_kernel(process: Process, rates: object, xt: object, s: Number, t: Number) -> Array:
    """p(x_s^i = y | x_t) = [y = x_t^i] + (t - s) rate(y), the rates being those at t: [N, L, K].

    Every position jumps on its own (tau-leaping; arXiv 2310.16834, eq. 17); the probability of staying is what is
    left.  If the jumps of a position sum to more than one, it jumps for certain, with probabilities in proportion to
    the rates.  `rates`: [N, L, K] >= 0 per unit of time, ignored at y = x_t; `xt`: ints [N, L].
    Raises ValueError for negative rates, shapes that disagree, and unless s <= t.

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> p = DiscreteTime((uniform(0.5, 2),), [0.5, 0.5])
    >>> euler_kernel(p, [[[9.0, 0.5]], [[4.0, 9.0]]], [[0], [1]], 0.5, 1.0)
    array([[[0.75, 0.25]],
    <BLANKLINE>
           [[1.  , 0.  ]]])
    """
    noisy = check_sequences("xt", xt, check_process(process).K, "[N, L]")
    early, late = check_order(s=s, t=t)
    table, step = common(array(rates, "rates"), late - early)
    if table.shape != (*noisy.shape, process.K):
        raise ValueError(f"rates has shape {table.shape} and xt {noisy.shape}; valid: [N, L, {process.K}] and [N, L]")
    here = shows(noisy, process.K)
    jumps = np.where(here, table - table, table) * step
    if (jumps < 0).any():
        raise ValueError(f"rates has a negative entry: {table!r}; valid: numbers >= 0")
    total = jumps.sum(axis=-1, keepdims=True)
    certain = total > 1
    jumps = jumps / np.where(certain, total, total - total + 1)
    stay = np.where(certain, total - total, 1 - total)
    return np.asarray(np.where(here, stay, jumps))


def next_reveal_survival(process: Process, n: int, t: Number, u: Number) -> Any:
    """P(none of n positions, masked at t, is revealed on the way back to u < t), by Bayes' rule: q(m | m, x_0)^n.

    The law of the first-hitting time (arXiv 2409.02908): the next reveal is before u with this probability, whatever
    the network says and whatever the clean tokens are.  Raises ValueError unless the process is absorbing, u <= t,
    and positions can be masked at t at all.

    >>> from fractions import Fraction
    >>> from unmask.reference.noise.corruption import ContinuousTime, absorbing_prior
    >>> p = ContinuousTime(lambda t: 1 - t, absorbing_prior(3, mask=2))
    >>> next_reveal_survival(p, 2, Fraction(1), Fraction(1, 2))
    Fraction(1, 4)
    """
    count, mask = check_count("n", n, least=0), mask_of(process)
    check_order(u=check_time(process, "u", u), t=check_time(process, "t", t))
    clean = next(x0 for x0 in range(process.K) if x0 != mask)
    if process.marginal(t)[clean, mask] == 0:
        raise ValueError(f"t = {t}: no position can be masked; valid: a time with alpha(t) < 1")
    return posterior_table(process, u, t)[clean, mask, mask] ** count


def next_reveal_survival_in_closed_form(process: Process, n: int, t: Number, u: Number) -> Any:
    """((1 - alpha(u)) / (1 - alpha(t)))^n, which `next_reveal_survival` comes to under masks.

    Raises ValueError where alpha(t) = 1, and unless u <= t are on the process's clock.

    >>> from fractions import Fraction
    >>> from unmask.reference.noise.corruption import ContinuousTime, absorbing_prior
    >>> p = ContinuousTime(lambda t: 1 - t, absorbing_prior(3, mask=2))
    >>> next_reveal_survival_in_closed_form(p, 2, Fraction(1), Fraction(1, 2))
    Fraction(1, 4)
    """
    count = check_count("n", n, least=0)
    check_order(u=check_time(process, "u", u), t=check_time(process, "t", t))
    early, late = scalars(process.alpha(u), process.alpha(t))
    if late == 1:
        raise ValueError(f"t = {t}: no position can be masked; valid: a time with alpha(t) < 1")
    return ((1 - early) / (1 - late)) ** count


def any_order_law(predict: Predict, L: int, K: int, start: Visible | None = None) -> Array:
    """The law of a sequence generated one position at a time, in uniformly random order: [K^L].

    The mean, over the n! orders of the hidden positions, of prod_k predict(what is visible by then)[i_k, x^{i_k}]
    (any-order autoregression, arXiv 2110.02037).  It is the law of the first-hitting sampler (arXiv 2409.02908), and
    what the ancestral and cached samplers tend to on ever finer grids, if the network does not look at the time.
    `start`: what is visible at first (nothing, unless given).  Raises ValueError for a start of another length.

    >>> any_order_law(lambda visible: [[0.25, 0.75]] * 2, L=2, K=2).tolist()
    [0.0625, 0.1875, 0.1875, 0.5625]
    """
    check_function("predict", predict)
    check_count("L", L)
    check_count("K", K)
    first: Visible = (None,) * L if start is None else check_visible("start", start, K)
    if len(first) != L:
        raise ValueError(f"start = {start!r}; valid: L = {L} classes or Nones")
    known: dict[Visible, Array] = {}

    def chances_given(visible: Visible) -> Array:
        if visible not in known:
            known[visible] = predicted(predict, visible, K)
        return known[visible]

    hidden = [i for i in range(L) if first[i] is None]
    chances = []
    for x in all_sequences(L, K):
        total: Any = 0
        for order in permutations(hidden):
            visible, chance = list(first), 1 if all(f in (None, a) for f, a in zip(first, x, strict=True)) else 0
            for i in order:
                if chance == 0:
                    break
                chance = chance * chances_given(tuple(visible))[i, x[i]]
                visible[i] = int(x[i])
            total = total + chance
        chances.append(_divided(total, factorial(len(hidden))))
    return common(chances)[0]


def _divided(value: Any, count: int) -> Any:
    return value / count if isinstance(value, float) else scalars(value)[0] / count


def pinned(kernel: object, free: Iterable[int]) -> Array:
    """The kernel [K^L, L, K] with all positions but the free ones held where they are.

    Raises ValueError for other shapes and positions.

    >>> pinned([[[0.5, 0.5]], [[0.5, 0.5]]], free=[])
    array([[[1., 0.]],
    <BLANKLINE>
           [[0., 1.]]])
    """
    table = check_axes("kernel", array(kernel, "kernel"), "[K^L, L, K]")
    L, K = table.shape[1:]
    check_table("kernel", table, L, K)
    moving = set(check_positions("free", free, L))
    held = np.array([i not in moving for i in range(L)])[None, :, None]
    stay = np.where(shows(all_sequences(L, K), K), table - table + 1, table - table)
    return np.where(held, stay, table)


def _pushed(law: Array, kernel: Reverse, times: Sequence[Number], free: Iterable[int]) -> Array:
    moving, ordered = set(free), _backward(times)
    for t, s in pairwise(ordered):
        law, matrix = common(law, kernel_matrix(pinned(kernel(s, t), moving)))
        law = law @ matrix
    return law


def semi_autoregressive_law(
    process: Process, kernel: Reverse, blocks: Sequence[Iterable[int]], times: Sequence[Number], L: int
) -> Array:
    """The law of sequences generated block by block: [K^L].

    Each block starts masked and takes ancestral steps along falling `times`, while the blocks before it are finished
    and those after it are masked still (arXiv 2406.07524, section 4.2, without moving the window).  One block is
    `ancestral_law`; blocks of one position are autoregression, in the order of the blocks, on any grid.
    Raises ValueError unless the process is absorbing and every position is in one block.

    >>> from unmask.reference.noise.corruption import DiscreteTime, absorbing
    >>> p = DiscreteTime((absorbing(1.0, 2, mask=1),), [0.0, 1.0])
    >>> semi_autoregressive_law(p, lambda s, t: np.array([[[1.0, 0.0]] * 2] * 4), [[1], [0]], [1, 0], L=2)
    array([1., 0., 0., 0.])
    """
    mask_of(process)
    check_function("kernel", kernel)
    _backward(times)
    listed = [check_positions(n, b, check_count("L", L)) for n, b in numbered("blocks", blocks).items()]
    if sorted(i for block in listed for i in block) != list(range(L)):
        raise ValueError(f"blocks = {blocks!r}; valid: each position in 0..{L - 1} in exactly one block")
    law = product_law(np.stack([process.prior] * L))
    for block in listed:
        law = _pushed(law, kernel, times, block)
    return law


def infilling_law(process: Process, kernel: Reverse, times: Sequence[Number], known: Visible) -> Array:
    """The law of sequences whose known positions stay at clean values, the others starting at the prior: [K^L].

    Free positions follow the reverse kernels along falling `times` (arXiv 2310.16834, section 4.2 and algorithm 3).
    `known`: a class or None for each of the L positions.  Raises ValueError for other classes and unless times fall.

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> p = DiscreteTime((uniform(1.0, 2),), [0.5, 0.5])
    >>> infilling_law(p, lambda s, t: np.full((4, 2, 2), 0.5), [1, 0], known=(None, 1))
    array([0. , 0.5, 0. , 0.5])
    """
    visible = check_visible("known", known, check_process(process).K)
    check_function("kernel", kernel)
    start = np.stack([process.prior if k is None else _certain(process.prior, k) for k in visible])
    return _pushed(product_law(start), kernel, times, [i for i, k in enumerate(known) if k is None])


def _certain(prior: Array, k: int) -> Array:
    return np.where(np.arange(len(prior)) == k, prior - prior + 1, prior - prior)


def exact_kernel(process: Process, data: object, L: int) -> Callable[[Any, Any], Array]:
    """The best reverse kernel of independent positions, for a data law that is known: (s, t) to [K^L, L, K].

    p(x_s^i | x_t) = sum_{x_0} q(x_s^i | x_t^i, x_0^i) p(x_0^i | x_t), the marginals of the true reverse.  It is the
    best where x_t can occur.  In blocks and in infilling there are visible tokens at a time when all is masked: for
    those take the denoiser of an earlier time, which is the same wherever both are defined.

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> exact_kernel(DiscreteTime((uniform(1.0, 2),), [0.5, 0.5]), [0.25, 0.75], L=1)(0, 1)[0]
    array([[0.25, 0.75]])
    """
    data_law(data, check_count("L", L), check_process(process).K)  # refuses what is no law
    everywhere = all_sequences(L, process.K)
    return lambda s, t: mixture(process, posterior_denoiser(process, data, L, t), everywhere, s, t)


def mixing(process: Process, data: object, L: int, times: Sequence[Number]) -> Any:
    """The total variation between the data and what the best sampler of independent positions draws.

    `times`: the sampler's grid, falling to a time where alpha = 1.  For L = 1 it is zero on any grid; for L > 1 it
    shrinks like one over the number of steps T.  Both if noise ends in the prior: else what the prior forgets of the
    data at the first time, TV(p_{t_n}, prior) at most, stays.  And where noise leads to sequences that are no data,
    as uniform noise may, equal steps of alpha only get to log(T) / T: leaving those becomes ever more urgent as
    t -> 0.  (Steps that are short there, as those of the cosine schedule, do not pay the logarithm.)

    >>> from unmask.reference.noise.corruption import DiscreteTime, absorbing
    >>> p = DiscreteTime((absorbing(1.0, 2, mask=1),), [0.0, 1.0])
    >>> mixing(p, [1.0, 0.0], L=1, times=[1, 0])
    np.float64(0.0)
    """
    drawn, law = common(ancestral_law(process, exact_kernel(process, data, L), times, L), data_law(data, L, process.K))
    return total_variation(drawn, law)
