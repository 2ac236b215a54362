r"""Whole samples from a method and a network: along given times, in blocks, or around known tokens.

``network(xt, t)`` takes ids ``[N, L]`` int64 and times ``[N]``, and returns the method's ``output`` ``[N, L, K]``
(``belief`` of a :class:`~unmask.implementations.noise.chain.Chain`).  It is called without recording gradients.

``method`` is any object with ``step(output, xt, s, t, generator)`` and the ``process`` that it reverses (MDLM, D3PM,
SEDD, FlowMatching), or any Chain or Autoregression.  The law of one step is the method's own ``reverse``; for SEDD,
with negative entries set to 0.

``times`` decrease strictly to 0: numbers in ``[0, 1]``, or integers in ``0..T`` on the discrete clock.  The
process's prior is drawn at ``times[0]``, whichever it is.  A tensor keeps its dtype on its way to the network, and is
checked where the process checks values; other sequences are checked in any case, become float64 or int64, and are
copied to the device, once.  Samples lie on ``device``, by default the generator's.

Without sequences (``N = 0``) the network is never called.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from unmask.implementations.masked.mdlm import MDLM
from unmask.implementations.numbers import checks
from unmask.implementations.sampling.inputs import (
    Network,
    Stepping,
    Times,
    checked_device,
    checked_process,
    decreasing,
    draw_prior,
)


class CachedSamples(NamedTuple):
    """What :func:`cached` returns.

    ``samples`` are ids ``[N, L]`` int64; ``calls`` is the number of calls of the network, ``rows`` the number of
    sequences in all calls (without a cache, ``N`` times the number of steps).
    """

    samples: Tensor
    calls: int
    rows: int


def ancestral(
    method: Stepping,
    network: Network,
    N: int,
    L: int,
    times: Times,
    generator: torch.Generator,
    *,
    device: torch.device | None = None,
) -> Tensor:
    """Draw the prior at ``times[0]``, then ``x_s ~ p(x_s|x_t)`` for each pair of neighbouring times.

    ``N >= 0``, ``L >= 1``; ids ``[N, L]`` int64.  The network is called ``len(times) - 1`` times.  See the module.

    D3PM (arXiv 2107.03006, section 2), MDLM (arXiv 2406.07524, section 4.1).  With ``times`` a grid from the
    last time to 0, this is the model whose likelihood the discrete NELBO bounds.

    Raises
    ------
    TypeError : an argument of the wrong kind.  ValueError : negative ``N``, ``L < 1``, times that do not decrease
        to 0 or leave the domain; and what the method's ``step`` refuses.
    """
    process = checked_process(method, network, generator)
    device = checked_device(device, generator)
    grid = decreasing(times, process, device)
    x = draw_prior(process, N, L, generator, device)
    return _descend(method, network, x, grid, generator, None)


def infill(
    method: Stepping, network: Network, x: Tensor, known: Tensor, times: Times, generator: torch.Generator
) -> Tensor:
    """Fill the free positions of ``x``, the known ones kept at their clean values throughout.

    ``x`` ids ``[N, L]``, ``known`` bool ``[N, L]``; what ``x`` holds at free positions is ignored.  Ids ``[N, L]``
    int64 on the device of ``x``.

    The network is the unconditional one.  With the known positions fixed at ``y``, ``p_t(z'|y)/p_t(z|y) = p_t(z',
    y)/p_t(z, y)``: the conditional concrete score *is* the joint one at the free positions (SEDD, arXiv
    2310.16834, section 4.2), and so for any reverse kernel made of it.  How exact the samples are depends on the
    noise.  Absorbing: a visible token is a clean one, so they follow the conditional law of the data as far as
    the network and the steps do.  Otherwise ``y`` enters as if it were noisy, ``x_t = y`` in place of ``x_0 = y``:
    an approximation, exact where the known positions say nothing about the free ones.

    Raises
    ------
    TypeError, ValueError : as :func:`ancestral`; shapes that differ, and known ids that are not clean data.
    """
    process = checked_process(method, network, generator)
    checks.tensor("x", x, checks.IDS)
    checks.shape("x", x, ["N", "L"])
    checks.tensor("known", known, (torch.bool,))
    checks.shape("known", known, list(x.shape))
    if known.device != x.device:
        raise ValueError(f"known must be on the device of x, {x.device}, got {known.device}")
    if checks.reads(process.validate, x):
        checks.ids_in_range("x (where known)", x[known], process.K)
        if process.mask is not None:
            checks.without_mask("x (where known)", x[known], process.mask)
    grid = decreasing(times, process, x.device)
    noisy = draw_prior(process, x.shape[0], x.shape[1], generator, x.device)
    return _descend(method, network, torch.where(known, x.long(), noisy), grid, generator, known)


def cached(
    method: MDLM,
    network: Network,
    N: int,
    L: int,
    times: Times,
    generator: torch.Generator,
    *,
    device: torch.device | None = None,
) -> CachedSamples:
    """Ancestral sampling that calls the network again only for sequences that have changed.

    For a network that does not read its time the law is that of :func:`ancestral` (MDLM, arXiv 2406.07524,
    section 4.1); for one that does, outputs are those of an earlier time.  The network is not called for
    sequences without a mask.  A step takes three device synchronizations: which sequences have changed, whether any has
    a mask, and which positions are revealed.  Arguments and errors as :func:`ancestral`, and
    ``TypeError`` for another method than MDLM.
    """
    checks.instance("method", method, MDLM)
    checked_process(method, network, generator)
    device = checked_device(device, generator)
    grid = decreasing(times, method.process, device)
    x = draw_prior(method.process, N, L, generator, device)
    calls = asked = 0
    output: Tensor | None = None
    stale = torch.ones(N, dtype=torch.bool, device=device)
    with torch.no_grad():
        for t, s in pairwise(grid.unbind()):
            masked = (x == method.mask).any(-1)
            rows = (stale & masked).nonzero().squeeze(-1)
            if rows.shape[0] > 0:
                fresh = network(x[rows], t.repeat(rows.shape[0]))
                method.process.check_output(fresh, x[rows], without=method.mask)
                calls, asked = calls + 1, asked + rows.shape[0]
                output = fresh if output is None else output.index_copy(0, rows, fresh)
            if output is None or not bool(masked.any()):
                break
            after = method.step(output, x, s.repeat(N), t.repeat(N), generator)
            stale = (after != x).any(-1)
            x = after
    return CachedSamples(x, calls, asked)


def two_stage_step(
    method: MDLM,
    network_or_output: Network | Tensor,
    xt: Tensor,
    s: Tensor,
    t: Tensor,
    generator: torch.Generator,
) -> Tensor:
    """``x_s ~ p(x_s|x_t)`` in two draws: which positions are revealed, then their classes.  Ids ``[N, L]`` int64.

    The revealed positions do not depend on the network (MDLM, arXiv 2406.07524, eq. 6), so a network is called only for
    sequences with a revealed position, at time ``t``, and none if nothing is; that is exact for networks that read the
    time as well.  Given an output ``[N, L, K]`` this is :meth:`MDLM.step`.  Either way only the revealed positions'
    logits are used, and the same generator state gives the same draw.  To find these sequences, and these positions,
    takes two device synchronizations.

    Raises
    ------
    TypeError, ValueError : as :meth:`MDLM.step`; ``network_or_output`` neither a tensor nor callable.
    """
    checks.instance("method", method, MDLM)
    if isinstance(network_or_output, Tensor):
        return method.step(network_or_output, xt, s, t, generator)
    checks.function("network_or_output", network_or_output, "(xt, t)")
    checks.generator(generator)
    checks.tensor("xt", xt, checks.IDS)
    method.process.check(xt=xt, s=s, t=t)
    flips = method._flips(xt, s, t, generator)
    rows = flips.any(-1).nonzero().squeeze(-1)
    if rows.shape[0] == 0:
        return xt.long()
    with torch.no_grad():
        output = network_or_output(xt[rows].long(), t[rows])
    method.process.check_output(output, xt[rows], without=method.mask)
    return xt.long().masked_scatter(flips, method._tokens(output[flips[rows]], generator))


def semi_autoregressive(
    method: MDLM,
    network: Network,
    N: int,
    blocks: Sequence[int],
    times: Times,
    generator: torch.Generator,
    *,
    device: torch.device | None = None,
) -> Tensor:
    """Blocks from left to right, each by ancestral sampling given the finished ones: ids ``[N, sum(blocks)]`` int64.

    ``blocks`` are lengths of at least 1.  The network always sees whole sequences: finished blocks, the current
    one, and masks from there on.  It is called ``len(blocks) (len(times) - 1)`` times.  One block is
    :func:`ancestral`.  Where ``alpha_0 < 1``, masks may be left at time 0, and stay.

    MDLM, arXiv 2406.07524, section 4.2; SSD-LM, arXiv 2210.17432.

    Raises
    ------
    TypeError, ValueError : as :func:`ancestral`; no blocks, or one that is not a positive int.
    """
    checks.instance("method", method, MDLM)
    checked_process(method, network, generator)
    if isinstance(blocks, (str, bytes)) or not isinstance(blocks, Sequence):
        raise TypeError(f"blocks must be a sequence of ints, got {type(blocks).__name__} {blocks!r}")
    if len(blocks) == 0:
        raise ValueError(f"blocks must hold at least one length, got {blocks!r}")
    lengths = [checks.integer(f"blocks[{i}]", length, 1) for i, length in enumerate(blocks)]
    device = checked_device(device, generator)
    grid = decreasing(times, method.process, device)
    x = draw_prior(method.process, N, sum(lengths), generator, device)
    if N == 0:
        return x
    first = 0
    with torch.no_grad():
        for length in lengths:
            block = slice(first, first + length)
            for t, s in pairwise(grid.unbind()):
                before, after = t.repeat(N), s.repeat(N)
                drawn = method.step(network(x, before)[:, block], x[:, block], after, before, generator)
                x = torch.cat([x[:, :first], drawn, x[:, first + length :]], -1)
            first += length
    return x


# ---------------------------------------------------------------------- inside
def _descend(
    method: Stepping,
    network: Network,
    x: Tensor,
    grid: Tensor,
    generator: torch.Generator,
    known: Tensor | None,
) -> Tensor:
    N = x.shape[0]
    if N == 0:
        return x
    with torch.no_grad():
        for t, s in pairwise(grid.unbind()):
            before, after = t.repeat(N), s.repeat(N)
            drawn = method.step(network(x, before), x, after, before, generator)
            x = drawn if known is None else torch.where(known, x, drawn)
    return x
