r"""First-hitting sampling of masked diffusion (Zheng et al. 2024, arXiv 2409.02908).

Going back from ``t`` with ``n`` masks, none has been revealed by ``u`` with probability ``((1 - alpha_u)/(1 -
alpha_t))^n``.  Inverting that gives the time of the next reveal; each mask is equally likely to be revealed.  A
sequence costs ``L`` calls of the network, and there is no error of discretization.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from unmask.implementations.masked.mdlm import MDLM
from unmask.implementations.noise.schedules import Schedule
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.categorical import uniforms
from unmask.implementations.sampling.inputs import Network, checked_device, draw_prior


def inverse_one_minus_alpha(schedule: Schedule, noised: Tensor) -> Tensor:
    """The last time ``u`` in ``[0, 1]`` with ``1 - alpha_u <= noised``: any shape, float64, to the last bit.

    ``noised`` is a float64 tensor of probabilities in ``[1 - alpha_0, 1]``; above ``1 - alpha_1`` the answer is 1.
    Bisects the 62 bits of a float64 in ``[0, 1]``, so that tiny times are as accurate as others, for any schedule
    whose alpha decreases.

    Raises
    ------
    TypeError : not a schedule, or not a float64 tensor.  ValueError : a schedule on the discrete clock; a value
        outside ``[1 - alpha_0, 1]`` (where ``schedule.validate`` says that values are checked).
    """
    _continuous(schedule)
    checks.tensor("noised", noised, (torch.float64,))
    if checks.reads(schedule.validate, noised):
        least = _noised_at(schedule, 0.0)
        bad = ~((noised >= least) & (noised <= 1))
        if bool(bad.any()):
            raise ValueError(f"noised must be in [1 - alpha_0, 1] = [{least:g}, 1], got {checks.first(noised, bad)}")
    return _inverse(schedule, noised)


def next_hit(schedule: Schedule, n_masked: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
    """Draw the time ``u <= t`` of the next reveal, going back from ``t``: ``[N]`` float64.

    ``n_masked`` ``[N]`` non-negative int64 or int32, ``t`` ``[N]`` in ``[0, 1]``.  ``-inf`` for no reveal: if
    nothing is masked, and with probability ``((1 - alpha_0)/(1 - alpha_t))^n`` if ``alpha_0 < 1``.

    Raises
    ------
    TypeError, ValueError : not a schedule, one on the discrete clock; wrong dtypes or shapes, negative numbers of
        masks, times outside ``[0, 1]`` (where ``schedule.validate`` says that values are checked).
    """
    _continuous(schedule)
    checks.generator(generator)
    checks.tensor("n_masked", n_masked, checks.IDS)
    checks.shape("n_masked", n_masked, ["N"])
    schedule.check_time("t", t)
    checks.shape("t", t, list(n_masked.shape))
    if checks.reads(schedule.validate, n_masked) and bool((n_masked < 0).any()):
        raise ValueError(f"n_masked must be at least 0, got {checks.first(n_masked, n_masked < 0)}")
    some = n_masked > 0
    root = torch.log1p(-uniforms(t.shape, generator, t.device)) / torch.where(some, n_masked, 1)
    level = schedule.one_minus_alpha(t) * torch.exp(root)
    hit = torch.minimum(_hits(schedule, level), t.to(torch.float64))
    return torch.where(some, hit, -math.inf)


def first_hitting(
    method: MDLM,
    network: Network,
    N: int,
    L: int,
    generator: torch.Generator,
    *,
    device: torch.device | None = None,
) -> Tensor:
    """``N >= 0`` sequences of ``L >= 1`` tokens, revealed one at a time at exact random times: ids ``[N, L]`` int64.

    Starts with all masks at time 1.  The network gets ids ``[M, L]`` of the ``M <= N`` unfinished sequences, and
    the float64 times ``[M]`` of their next reveals, which differ; it is called at most ``L`` times.  The law is
    the limit of ancestral sampling with ever more steps, for networks that read the time too.  Where ``alpha_0 <
    1`` masks may be left at time 0, and stay.  Each call takes one device synchronization: which are unfinished.

    Raises
    ------
    TypeError : not an MDLM, a network or a generator.  ValueError : a process on the discrete clock; negative
        ``N``, ``L < 1``; an output of the wrong shape or with NaN.
    """
    checks.instance("method", method, MDLM)
    checks.function("network", network, "(xt, t)")
    checks.generator(generator)
    device = checked_device(device, generator)
    schedule = method.process.schedule
    if schedule.T is not None:
        raise ValueError(f"method must be on the continuous clock [0, 1], got T = {schedule.T}")
    x = draw_prior(method.process, N, L, generator, device)
    order = uniforms(x.shape, generator, x.device).argsort(-1)
    left = torch.arange(L, 0, -1, device=x.device)
    # The times do not depend on the tokens: all at once, each from the previous one by the formula of next_hit.
    root = (torch.log1p(-uniforms(x.shape, generator, x.device)) / left).cumsum(-1)
    times = _hits(schedule, _noised_at(schedule, 1.0) * torch.exp(root))
    with torch.no_grad():
        for i in range(L):
            rows = (times[:, i] >= 0).nonzero().squeeze(-1)
            if rows.shape[0] == 0:
                break
            place = order[rows, i]
            output = network(x[rows], times[rows, i])
            method.process.check_output(output, x[rows], without=method.mask)
            chosen = output[torch.arange(rows.shape[0], device=x.device), place]
            x = x.index_put((rows, place), method._tokens(chosen, generator))
    return x


def _continuous(schedule: Schedule) -> None:
    checks.instance("schedule", schedule, Schedule)
    if schedule.T is not None:
        raise ValueError(f"schedule must be on the continuous clock [0, 1], got T = {schedule.T}")


def _noised_at(schedule: Schedule, time: float) -> float:
    return float(schedule.one_minus_alpha(torch.tensor([time], dtype=torch.float64)))


def _hits(schedule: Schedule, level: Tensor) -> Tensor:
    """Times at which noise has fallen to ``level``; ``-inf`` where time 0 comes first."""
    least = _noised_at(schedule, 0.0)
    return torch.where(level < least, -math.inf, _inverse(schedule, level))


def _inverse(schedule: Schedule, noised: Tensor) -> Tensor:
    # Floats from 0 to 1 have the order of their bits, which are below 2^62.
    low = torch.zeros_like(noised, dtype=torch.int64)
    high = torch.ones_like(noised).view(torch.int64) + 1
    for _ in range(62):
        middle = low + (high - low) // 2
        early = schedule.one_minus_alpha(middle.view(torch.float64)) <= noised
        low, high = torch.where(early, middle, low), torch.where(early, high, middle)
    return low.view(torch.float64)
