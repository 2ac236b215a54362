"""Types and checks of the samplers' arguments, and draws from the prior."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

import torch
from torch import Tensor

from unmask.implementations.masked.autoregression import Autoregression
from unmask.implementations.noise.chain import Chain
from unmask.implementations.noise.interpolating import Interpolating
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.categorical import uniforms

#: ``(xt [N, L], t [N])`` to the method's ``output`` ``[N, L, K]``.
Network: TypeAlias = Callable[[Tensor, Tensor], Tensor]
Times: TypeAlias = Sequence[float] | Tensor
Process: TypeAlias = Interpolating | Chain | Autoregression


class Stepping(Protocol):
    """A method with one draw of ``x_s ~ p(x_s|x_t)``."""

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: torch.Generator, /) -> Tensor:
        """``[N, L, K]``, ids ``[N, L]``, times ``[N]`` to ids ``[N, L]``."""
        ...


def draw_prior(process: Process, N: int, L: int, generator: torch.Generator, device: torch.device) -> Tensor:
    """``N >= 0`` sequences of ``L >= 1`` positions from the prior: ids ``[N, L]`` int64.

    Raises
    ------
    TypeError, ValueError : ``N`` or ``L`` that is not such a number, not a generator.
    """
    checks.integer("N", N, 0)
    checks.integer("L", L, 1)
    checks.generator(generator)
    if not isinstance(process, Chain):
        return process.noise((N, L), generator, device)
    return torch.searchsorted(process._cumulated(device), uniforms((N, L), generator, device), right=True)


def checked_process(method: object, network: object, generator: object) -> Process:
    """The process that ``method`` reverses; ``TypeError`` unless the arguments fit a sampler."""
    process = getattr(method, "process", method)
    if not isinstance(process, (Interpolating, Chain, Autoregression)) or not callable(getattr(method, "step", None)):
        raise TypeError(f"method must have a step and a process, got {type(method).__name__} {method!r}")
    checks.function("network", network, "(xt, t)")
    checks.generator(generator)
    return process


def checked_device(device: object, generator: torch.Generator) -> torch.device:
    """``device``, or the generator's if it is None; ``TypeError`` for anything else."""
    if device is None:
        return generator.device
    if not isinstance(device, torch.device):
        raise TypeError(f"device must be a torch.device, got {type(device).__name__} {device!r}")
    return device


def decreasing(times: Times, process: Process, device: torch.device) -> Tensor:
    """``times`` as a tensor ``[S]``; ``TypeError`` or ``ValueError`` unless they decrease strictly to 0, on
    the clock of ``process``.  Values of a tensor are read where the ``validate`` of ``process`` says so.
    """
    T = process.T
    if isinstance(times, Tensor):
        checks.tensor("times", times, checks.FLOATS if T is None else checks.IDS)
        checks.shape("times", times, ["S"])
        if len(times) >= 2 and not checks.reads(process.validate, times):
            return times.to(device)
    values = checks.falling("times", times, 0, 1 if T is None else T, whole=T is not None)
    if len(values) < 2:
        raise ValueError(f"times must hold at least two times, got {values}")
    if values[-1] != 0:
        raise ValueError(f"times must end at 0, got {values[-1]}")
    if isinstance(times, Tensor):
        return times.to(device)
    return torch.tensor(values, dtype=torch.float64 if T is None else torch.int64, device=device)
