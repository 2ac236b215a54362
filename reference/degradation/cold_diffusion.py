"""Cold diffusion: deterministic degradations of data, and two samplers that undo them by a restoration.

A degradation D(x, t) does nothing at t = 0 and more and more afterwards; a restoration R(x_t, t) proposes the clean x.
Cold diffusion (arXiv 2208.09392, section 3) goes back from x_t through falling times by one of two samplers:

* naive (algorithm 1):     x_s = D(R(x_t, t), s);
* improved (algorithm 2):  x_s = x_t - D(R(x_t, t), t) + D(R(x_t, t), s).

The error of the improved sampler, from x_t = D(x_0, t).  Write  g(x) = D(x, s) - D(x, t)  for a step.  Then

    x_s - D(x_0, s) = g(R(x_t, t)) - g(x_0),

and along falling times these differences add up (`accumulated_error`), whatever R is.  So it is exact for *every* R if
and only if no g depends on x: D(x, t) = x + a(t), the same shift for all data.  The shift may be any function of time:
it need not be linear in t.  Nor does linearity suffice: D(x, t) = x + t e(x) with an e that depends on x is linear in
t, and then a wrong e(R) leaves an error (see `improved_sampler`).  Where D is smooth in t, a step of length h adds an
error of size h |R - x_0|: the sum over a run does not shrink with the steps, it tends to an integral, but it stays
bounded, while the naive sampler returns the last proposal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from unmask.reference.noise.corruption import Process, check_process, check_time
from unmask.reference.numbers.arithmetic import Array, Number, array, check_number, common, numbered, zeros_like
from unmask.reference.numbers.checks import check_function

Degradation: TypeAlias = Callable[[Array, Number], Array]
"""D(x, t): an array and a time to an array of the same shape; D(x, 0) = x."""
Restoration: TypeAlias = Callable[[Array, Number], Array]
"""R(x_t, t): an array and a time to an array of the same shape."""


def shift(direction: object, amount: Callable[[Number], Number]) -> Degradation:
    """D(x, t) = x + amount(t) direction: the same shift for all data; the noise of a diffusion, drawn once and kept.

    `direction`: an array that broadcasts to the data; `amount(0)` is 0.  arXiv 2208.09392, section 3.3, is the case
    amount(t) = t.  Raises TypeError unless `amount` can be called.

    >>> from fractions import Fraction
    >>> shift([2, -2], lambda t: t * t)(array([1, 1]), Fraction(1, 2))
    array([Fraction(3, 2), Fraction(1, 2)], dtype=object)
    """
    toward = array(direction, "direction")
    check_function("amount", amount)

    def degrade(x: Array, t: Number) -> Array:
        signal, way, much = common(x=x, direction=toward, amount=amount(t))
        return np.asarray(signal + much * way)

    return degrade


def fading(end: object, kept: Callable[[Number], Number]) -> Degradation:
    """D(x, t) = kept(t) x + (1 - kept(t)) end: data fade into one and the same end.

    `end`: an array that broadcasts to the data; `kept(0)` is 1.  With kept(t) = 1 - t this is linear in t,
    x + t e(x), with an e(x) = end - x that depends on x.  Raises TypeError unless `kept` can be called.

    >>> from fractions import Fraction
    >>> fading(0, lambda t: 1 - t)(array([1, 3]), Fraction(1, 4))
    array([Fraction(3, 4), Fraction(9, 4)], dtype=object)
    """
    last = array(end, "end")
    check_function("kept", kept)

    def degrade(x: Array, t: Number) -> Array:
        signal, goal, share = common(x=x, end=last, kept=kept(t))
        return np.asarray(share * signal + (1 - share) * goal)

    return degrade


def blur(process: Process) -> Degradation:
    """D(x, t)_i = sum_j P_t[i, j] x_j: the mean of x where a walk from site i is at time t.

    `process`: a corruption process over K sites, which does nothing at time 0; signals are [..., K].  Nearest-neighbor
    rates give the heat equation's blur, uniform noise a fading into the signal's mean, a mask a fading into one site.
    Blur is a degradation of arXiv 2208.09392, section 5.1.  Raises TypeError unless it is a process; the degradation
    raises ValueError for another number of sites and for a time that is not on the clock.

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> blur(DiscreteTime((uniform(0.5, 2),), [0.5, 0.5]))(array([1.0, 0.0]), 1)
    array([0.75, 0.25])
    """
    check_process(process)

    def degrade(x: Array, t: Number) -> Array:
        if x.ndim < 1 or x.shape[-1] != process.K:
            raise ValueError(f"x has shape {x.shape}; valid: [..., K] with K = {process.K}")
        signal, kernel = common(x=x, kernel=process.marginal(check_time(process, "t", t)))
        return np.asarray((kernel * signal[..., None, :]).sum(-1))

    return degrade


def naive_sampler(degradation: Degradation, restoration: Restoration, x: object, times: Sequence[Number]) -> Array:
    """x_s = D(R(x_t, t), s) for each pair of neighboring times: all states, [len(times), *x.shape], the first being x.

    Cold diffusion, arXiv 2208.09392, algorithm 1.  It keeps nothing of x_t but what the restoration made of it.  Raises
    TypeError or ValueError for what is no degradation, restoration or array, and for times that do not fall.

    >>> from fractions import Fraction
    >>> D, R = shift(1, lambda t: t), lambda x, t: 0 * x
    >>> naive_sampler(D, R, D(array([5]), 2), [2, 1, 0])[:, 0]
    array([Fraction(7, 1), Fraction(1, 1), Fraction(0, 1)], dtype=object)
    """
    start, grid = _checked(degradation, restoration, x, times)
    states = [start]
    for t, s in pairwise(grid):
        states.append(degradation(_restored(restoration, states[-1], t), s))
    return np.stack(common(*states))


def improved_sampler(degradation: Degradation, restoration: Restoration, x: object, times: Sequence[Number]) -> Array:
    """x_s = x_t - D(R(x_t, t), t) + D(R(x_t, t), s) for each pair of neighboring times: [len(times), *x.shape].

    Cold diffusion, arXiv 2208.09392, algorithm 2.  Raises as `naive_sampler`.

    For a shift, a restoration that always proposes 0 leaves no error, for any a(t):

    >>> from fractions import Fraction
    >>> D, R = shift(1, lambda t: t**3), lambda x, t: 0 * x
    >>> improved_sampler(D, R, D(array([5]), 2), [2, 1, 0])[:, 0]
    array([Fraction(13, 1), Fraction(6, 1), Fraction(5, 1)], dtype=object)

    For a degradation whose increments depend on the data it does, even if it is linear in t:

    >>> D = fading(1, lambda t: 1 - t)
    >>> improved_sampler(D, R, D(array([5]), 1), [1, 0])[:, 0]
    array([Fraction(1, 1), Fraction(0, 1)], dtype=object)
    """
    start, grid = _checked(degradation, restoration, x, times)
    states = [start]
    for t, s in pairwise(grid):
        proposal = _restored(restoration, states[-1], t)
        before, worse, better = common(states[-1], degradation(proposal, t), degradation(proposal, s))
        states.append(before - worse + better)
    return np.stack(common(*states))


def accumulated_error(
    degradation: Degradation, x0: object, proposals: Sequence[object], times: Sequence[Number]
) -> Array:
    """By how much the improved sampler misses D(x_0, s) at each time, if the restoration makes these proposals.

    The sum over the steps so far of  [D(r, s) - D(r, t)] - [D(x_0, s) - D(x_0, t)],  r the step's proposal:
    [len(times), *x0.shape].  It holds for every degradation and is computed without a sampler.  `proposals`:
    one for each step.  Raises ValueError for another number of proposals, otherwise as `naive_sampler`.

    >>> D = fading(1.0, lambda t: 1 - t)
    >>> accumulated_error(D, [5.0], [[0.0], [4.0]], [1.0, 0.5, 0.0])[:, 0]
    array([ 0. , -2.5, -3. ])
    """
    check_function("degradation", degradation)
    clean, grid = array(x0, "x0"), _falling(times)
    found = [array(r, name) for name, r in numbered("proposals", proposals).items()]
    if len(found) != len(grid) - 1:
        raise ValueError(f"proposals are {len(found)}, times are {len(grid)}; valid: one proposal for each step")
    errors = [zeros_like(clean)]
    for (t, s), r in zip(pairwise(grid), found, strict=True):
        error, *moved = common(errors[-1], *(degradation(v, u) for v in (r, clean) for u in (s, t)))
        errors.append(error + (moved[0] - moved[1]) - (moved[2] - moved[3]))
    return np.stack(common(*errors))


def _falling(times: Sequence[Number]) -> list[Number]:
    grid = [check_number(name, t) for name, t in numbered("times", times).items()]
    if not grid or any(s >= t for t, s in pairwise(grid)):
        raise ValueError(f"times = {list(times)}; valid: at least one, each earlier than the one before")
    return grid


def _checked(
    degradation: Degradation, restoration: Restoration, x: object, times: Sequence[Number]
) -> tuple[Array, list[Number]]:
    check_function("degradation", degradation)
    check_function("restoration", restoration)
    return array(x, "x"), _falling(times)


def _restored(restoration: Restoration, x: Array, t: Number) -> Array:
    proposal = array(restoration(x, t), "restoration(x, t)")
    if proposal.shape != x.shape:
        raise ValueError(f"restoration(x, t) has shape {proposal.shape}; valid: that of x, {x.shape}")
    return proposal
