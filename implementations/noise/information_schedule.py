r"""The mutual-information schedule, solved numerically: ``I(x_t; x_0) = (1 - t/T) H(x_0)`` for any corruption.

D3PM (Austin et al. 2021, arXiv 2107.03006, section 3.2 and appendix A.7).  For absorbing noise the solution is
``alpha_t = 1 - t/T`` whatever the data; for all other noise it depends on the data's law.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

from unmask.implementations.noise.grid import Grid
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.logspace import excess

#: Cumulative noise to ``q(x_t = j|x_0 = i)``, ``[K, K]`` float64, rows are sources.
Kernel: TypeAlias = Callable[[float], Tensor]


def mutual_information(matrix: Tensor, data: Tensor, *, validate: bool | None = None) -> Tensor:
    """``I(x_t; x_0)`` of data with the law ``data`` ``[K]``, corrupted by ``matrix`` ``[K, K]``: a float64
    scalar, nats.

    As ``sum_ij p_i m_j f(Q_ij/m_j - 1)`` with ``m`` the law of ``x_t`` and ``f(u) = (1+u) log(1+u) - u``, whose
    terms are non-negative: accurate however little information is left.  ``validate`` says whether values are checked:
    always, never, or (``None``) on the CPU.

    Raises
    ------
    TypeError : not float tensors.  ValueError : wrong shapes, rows that are not distributions.
    """
    _check_law(data, validate)
    _check_matrix("matrix", matrix, data.shape[0], validate)
    return _information(matrix.double(), _normalized(data))


def information_schedule(kernel: Kernel, data: Tensor, T: int, *, most: float = math.inf) -> Tensor:
    """Cumulative noise ``n_0 = 0 < n_1 < ... < n_T = most`` with ``I(x_t; x_0) = (1 - t/T) H(x_0)``: ``[T+1]`` float64.

    Parameters
    ----------
    kernel : noise in ``[0, most)`` to the matrix ``[K, K]`` of all noise so far; the identity at 0, and more noise
        must lose more information.  Called some 20 ``T`` times.
    data : ``[K]`` probabilities, the law of one clean position; at least two of them positive.
    T : number of steps, at least 1.
    most : noise of the last step, at which no information is left; infinite unless the family's index ends
        earlier, as a probability does.  ``kernel`` is not called there.

    Each number is bisected to the last bit, as far as the information itself is a monotone function of floats.

    Raises
    ------
    TypeError : ``kernel`` is not a function or returns no float64 tensor; ``data`` not floats.
    ValueError : ``data`` not a distribution or of a single class; ``T < 1``; a matrix that is not stochastic, or
        not the identity at 0; information that does not get as low as ``H/T`` below ``most``.
    """
    checks.function("kernel", kernel, "the noise")
    _check_law(data)
    checks.integer("T", T, 1)
    checks.number("most", most, 0, math.inf, strict="low")
    law = _normalized(data)
    entropy = float(torch.special.entr(law).sum())
    if int((law > 0).sum()) < 2:
        raise ValueError(f"data must have at least two classes of positive probability, got {data.tolist()}")

    def left(noise: float) -> float:
        matrix = kernel(noise)
        checks.tensor(f"kernel({noise:g})", matrix, (torch.float64,))
        _check_matrix(f"kernel({noise:g})", matrix, law.shape[0])
        return float(_information(matrix.detach().to(law.device), law))

    left(0.0)
    start = kernel(0.0)
    off = (start - torch.eye(law.shape[0], device=start.device)).abs() > _slack(torch.float64)
    if bool(off.any()):
        raise ValueError(f"kernel must be the identity at noise 0, got an entry {checks.first(start, off)}")
    noises = [0.0]
    for t in range(1, T):
        noises.append(_solve(left, entropy * (T - t) / T, noises[-1], most))
    return torch.tensor([*noises, most], dtype=torch.float64)


def betas_from_noise(total_noise: Tensor) -> Tensor:
    """Steps ``beta_t = 1 - e^{n_{t-1} - n_t}`` of cumulative noise ``n = -log alpha``: ``[T+1]`` to ``[T]`` float64.

    What :class:`~unmask.implementations.noise.grid.Grid` takes, for uniform and absorbing noise and for processes
    driven by rates.  Noise starts at 0, does not decrease, and may be infinite at the end, where ``beta`` is 1.

    Raises
    ------
    TypeError : not a float tensor.  ValueError : fewer than two numbers, NaN, another start, or a decrease.
    """
    checks.tensor("total_noise", total_noise, checks.FLOATS)
    checks.shape("total_noise", total_noise, ["T+1"])
    if total_noise.shape[0] < 2:
        raise ValueError(f"total_noise must hold at least two numbers, got {total_noise.tolist()}")
    noise = total_noise.detach().double()
    if float(noise[0]) != 0.0:
        raise ValueError(f"total_noise must start at 0, got {float(noise[0])}")
    bad = ~(noise[1:] >= noise[:-1])
    if bool(bad.any()):
        raise ValueError(f"total_noise must not decrease, got {checks.first(noise[1:], bad)} after more")
    # Between two infinities any step is right; take pure noise.
    step = torch.where(noise[1:] == math.inf, math.inf, noise[1:] - noise[:-1])
    return -torch.expm1(-step)


def information_grid(data: Tensor, T: int, *, mask: int | None = None, validate: bool | None = None) -> Grid:
    """The schedule of absorbing noise, given its ``mask``, or of uniform noise, for data with the law ``data`` ``[K]``.

    ``T >= 1`` steps; the last is pure noise.  ``data[mask]`` must be 0.  ``validate`` is the grid's.

    Raises
    ------
    TypeError, ValueError : as :func:`information_schedule`; a mask outside ``0..K-1``, or one that the data holds.
    """
    _check_law(data)
    K = data.shape[0]
    prior = torch.full((K,), 1 / K, dtype=torch.float64)
    if mask is not None:
        checks.integer("mask", mask, 0, K - 1)
        if float(data[mask]) != 0.0:
            raise ValueError(f"data must give the mask {mask} probability 0, got {float(data[mask])}")
        prior = torch.zeros(K, dtype=torch.float64)
        prior[mask] = 1.0

    def kernel(noise: float) -> Tensor:
        return math.exp(-noise) * torch.eye(K, dtype=torch.float64) - math.expm1(-noise) * prior

    return Grid(betas_from_noise(information_schedule(kernel, data.cpu(), T)), validate=validate)


def _information(matrix: Tensor, law: Tensor) -> Tensor:
    mixed = law @ matrix
    reached = mixed > 0
    off = (matrix - mixed) / torch.where(reached, mixed, 1.0)
    # A source of probability 0 may reach states that no other does; it has no term.
    terms = torch.where(reached, mixed * excess(off.clamp(min=-1)), 0.0)
    return (law * terms.sum(-1)).sum()


def _normalized(data: Tensor) -> Tensor:
    """The law in float64, normalized, since in another dtype it sums to 1 up to rounding only."""
    law = data.detach().double()
    return law / law.sum()


def _solve(left: Callable[[float], float], target: float, low: float, most: float) -> float:
    """The least noise above ``low`` and below ``most`` at which at most ``target`` is left."""
    high = max(2 * low, 2.0**-20)
    surplus, rest = left(low) - target, 0.0
    while high < most and (rest := left(high) - target) > 0:
        low, high, surplus = high, 2 * high, rest
    if high >= most:
        high = math.nextafter(most, 0.0)
        rest = left(high) - target
        if rest > 0:
            raise ValueError(
                f"kernel must lose all but {target:.6g} nats below noise {most:g}, got {rest + target:.6g}"
            )
    # Positive floats have the order of their bits.
    first, last = _bits(low), _bits(high)

    def probe(noise: float) -> float:
        """Narrow the bracket at ``noise``, or the float inside that is nearest to it: what is left there."""
        nonlocal first, last, surplus, rest
        place = min(max(_bits(min(max(noise, 0.0), most)), first + 1), last - 1)
        found = left(_float(place)) - target
        if found > 0:
            first, surplus = place, found
        else:
            last, rest = place, found
        return found

    while last - first > 1:
        width, near = last - first, _float(first)
        slope = (surplus - rest) / (_float(last) - near)
        guess = near + surplus / slope
        found = probe(guess)
        # Once more on the other side of the root, twice as far as it seems to be: the bracket closes from both.
        if last - first > 1:
            probe(guess + 2 * found / slope)
        if last - first > max(width // 4, 1):
            probe(_float((first + last) // 2))
    return _float(last)


def _bits(x: float) -> int:
    return int(struct.unpack("<q", struct.pack("<d", x))[0])


def _float(bits: int) -> float:
    return float(struct.unpack("<d", struct.pack("<q", bits))[0])


def _check_law(data: Tensor, validate: bool | None = True) -> None:
    checks.tensor("data", data, checks.FLOATS)
    checks.shape("data", data, ["K"])
    if data.shape[0] < 2:
        raise ValueError(f"data must have at least 2 classes, got {data.shape[0]}")
    if checks.reads(validate, data):
        checks.distribution("data", data)


def _check_matrix(name: str, matrix: Tensor, K: int, validate: bool | None = True) -> None:
    checks.tensor(name, matrix, checks.FLOATS)
    checks.shape(name, matrix, [K, K])
    if not checks.reads(validate, matrix):
        return
    slack = _slack(matrix.dtype)
    bad = ~((matrix >= -slack) & matrix.isfinite())
    if bool(bad.any()):
        raise ValueError(f"{name} must be non-negative and finite, got {checks.first(matrix, bad)}")
    total = matrix.double().sum(-1)
    off = (total - 1).abs() > slack
    if bool(off.any()):
        raise ValueError(f"{name} must have rows that sum to 1, got a sum of {checks.first(total, off)}")


def _slack(dtype: torch.dtype) -> float:
    """Half the digits: matrices come from exponentials and products, whose roundings are unknown here."""
    return math.sqrt(torch.finfo(dtype).eps)
