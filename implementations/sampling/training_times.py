r"""Training times: each uniform, with different dependences within a batch.

A loss averaged over any of them is unbiased; its variance differs.  On the continuous clock (``T`` is None) times are
float64 in ``(0, 1]``; on the discrete one, int64 in ``1..T``.  Uniforms have 53 bits throughout.
"""

from __future__ import annotations

import torch
from torch import Tensor

from unmask.implementations.numbers import checks
from unmask.implementations.numbers.categorical import uniforms


def uniform_times(
    N: int, generator: torch.Generator, *, T: int | None = None, device: torch.device | None = None
) -> Tensor:
    """``N >= 0`` independent uniform times: ``[N]``, on ``device`` (default the generator's).

    Raises
    ------
    TypeError, ValueError : ``N`` or ``T`` that is not an int, or too small; not a generator or device.
    """
    device = _checked(N, generator, T, device)
    u = uniforms((N,), generator, device)
    return 1 - u if T is None else _steps(u, T)


def low_discrepancy_times(
    N: int, generator: torch.Generator, *, T: int | None = None, device: torch.device | None = None
) -> Tensor:
    """One uniform offset for all: ``t_i = (u + i/N) mod 1``, in ``(0, 1]``; ``[N]``, on ``device``.

    Exactly one time falls into each ``((k-1)/N, k/N]``.  On the discrete clock ``ceil(T t_i)``: each time comes up
    ``floor(N/T)`` or ``ceil(N/T)`` times, but for one more or less at the strata's borders; exactly ``N/T`` times
    where T divides N.  Kingma et al. 2021 (VDM, arXiv 2107.00630, appendix I.1); MDLM (arXiv 2406.07524) draws an
    offset of its own in each stratum.

    The offset turns the whole circle, so each ``t_i`` by itself is uniform and nothing is permuted.  Neighbours
    in the batch have neighbouring times.  Arguments and errors as :func:`uniform_times`.
    """
    device = _checked(N, generator, T, device)
    # The offset's stratum and its place there, from one uniform each: places keep all their bits.
    u = uniforms((2,), generator, device)
    stratum = ((u[0] * N).long() + torch.arange(N, device=device)) % max(N, 1)
    place = 1 - u[1]
    if T is None:
        return (stratum + place) / N
    # ceil(T (stratum + place) / N), the whole part in integers.
    whole, rest = (stratum * T) // max(N, 1), (stratum * T) % max(N, 1)
    return whole + ((rest + place * T) / N).ceil().long()


def antithetic_times(
    N: int, generator: torch.Generator, *, T: int | None = None, device: torch.device | None = None
) -> Tensor:
    """Pairs ``t, 1 - t`` (discrete clock: ``t, T + 1 - t``) at ``2j, 2j + 1``, independent of each other: ``[N]``.

    An odd last one is alone.  The order of a pair is random, so that each time by itself is uniform.
     Arguments and errors as :func:`uniform_times`.
    """
    device = _checked(N, generator, T, device)
    pairs = (N + 1) // 2
    u = uniforms((2, pairs), generator, device)
    if T is None:
        # Halves keep 0 out of both: early ones are in (0, 1/2].
        early = (1 - u[0]) / 2
        swap = u[1] < 0.5
        late = 1 - early
        both = torch.stack([torch.where(swap, late, early), torch.where(swap, early, late)], -1)
    else:
        step = _steps(u[0], T)
        both = torch.stack([step, T + 1 - step], -1)
    return both.flatten()[:N]


def _checked(N: int, generator: torch.Generator, T: int | None, device: torch.device | None) -> torch.device:
    checks.integer("N", N, 0)
    checks.generator(generator)
    if T is not None:
        checks.integer("T", T, 1)
    if device is not None:
        checks.instance("device", device, torch.device)
    return generator.device if device is None else device


def _steps(u: Tensor, T: int) -> Tensor:
    """Uniform integers in ``1..T``: for ``u <= 1 - 2^-53`` the product cannot round up to T."""
    return 1 + (u * T).long()
