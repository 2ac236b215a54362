r"""Ordinal corruption in continuous time: a walk on the levels, with reflecting ends.

By reflection, the walk on ``0..K-1`` is the walk on a circle of ``2K`` levels, folded:
``P[i, j] = g(i - j) + g(i + j + 1)`` with ``g`` the law of the displacement on the circle, so that one vector
per time gives every row.  There are two formulas for ``g``:

* its Fourier series ``g(n) = (1/2K) sum_k exp(-4 noise sin^2(pi k / 2K)) cos(pi k n / K)`` (which makes
  ``P[i, j]`` the DCT-II), by FFT in O(K log K); its errors are relative to the largest value;
* the sum over windings of ``e^{-2 noise} I_{n + 2mK}(2 noise)``, modified Bessel functions by Miller's
  backward recurrence, where every number is positive; its errors are relative to each value.

The first is used wherever it is accurate, the second for the rest: far levels after little noise.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from unmask.implementations import checks
from unmask.implementations.categorical import uniforms
from unmask.implementations.chain import uniform_law
from unmask.implementations.driven import Driven
from unmask.implementations.schedules import Schedule


class BirthDeath(Driven):
    """Jumps to each neighbouring level at rate 1 (times ``speed`` and the schedule's rate); see the module.

    Parameters
    ----------
    schedule : how fast noise arrives; it decides the clock.
    K : number of levels, at least 2.
    speed : positive factor of all rates.
    dtype, validate : as in :class:`~unmask.implementations.chain.Chain`.

    A row costs O(K) after O(K log K) per time; a draw costs O(1).
    """

    def __init__(
        self,
        schedule: Schedule,
        K: int,
        *,
        speed: float = 1.0,
        dtype: torch.dtype = torch.float32,
        validate: bool = True,
    ) -> None:
        checks.integer("K", K, 2)
        super().__init__(schedule, uniform_law(K), speed, dtype, validate)

    def _jump_rates(self) -> Tensor:
        near = torch.ones(self.K - 1, dtype=torch.float64)
        return torch.diag(near, 1) + torch.diag(near, -1)

    def _flow(self, x: Tensor, noise: Tensor) -> Tensor:
        g = circle(noise, self.K)
        level = torch.arange(self.K, device=x.device)
        direct = (x.unsqueeze(-1) - level).abs()
        reflected = x.unsqueeze(-1) + level + 1
        reflected = torch.minimum(reflected, 2 * self.K - reflected)
        example = torch.arange(x.shape[0], device=x.device)[:, None, None]
        return g[example, direct] + g[example, reflected]

    def _draw(self, x0: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        """Steps up and steps down are two Poisson numbers; then the line is folded onto the levels."""
        noise = self.noise(None, t)
        # By then every law is uniform to far below a rounding.
        mixed = noise > 4.0 * self.K**2
        rate = torch.where(mixed, 0.0, noise)[:, None].expand(x0.shape).to(generator.device)
        up, down = torch.poisson(rate, generator), torch.poisson(rate, generator)
        place = (x0 + (up - down).long().to(x0.device)) % (2 * self.K)
        place = torch.minimum(place, 2 * self.K - 1 - place)
        anywhere = (uniforms(x0.shape, generator, x0.device) * self.K).long()
        return torch.where(mixed[:, None], anywhere, place)


def circle(noise: Tensor, K: int) -> Tensor:
    """The law of the displacement of a walk with rates 1 on a circle of ``2K`` levels,
    at the displacements ``0..K``: noise ``[N]`` in ``[0, inf]``, to ``[N, K+1]`` float64.
    """
    if noise.numel() == 0:
        return noise.new_empty(0, K + 1)
    k = torch.arange(1, K + 1, dtype=torch.float64, device=noise.device)
    waves = torch.exp(-4 * noise.unsqueeze(-1) * torch.sin(k * (math.pi / (2 * K))) ** 2)
    waves = torch.cat([torch.ones_like(noise).unsqueeze(-1), waves], -1)
    by_waves = torch.fft.irfft(waves.to(torch.complex128), n=2 * K)[..., : K + 1]
    accurate = by_waves > by_waves[..., :1] / 64
    # After twice this much noise even the least likely displacement is found by its waves.
    enough = 0.5 * math.log(4) / (4 * math.sin(math.pi / (2 * K)) ** 2)
    by_windings = _windings(noise.clamp(max=2 * enough), K)
    return torch.where(accurate | (noise > 2 * enough).unsqueeze(-1), by_waves, by_windings)


def _windings(noise: Tensor, K: int) -> Tensor:
    """The same, summed over the ways around the circle; for noise up to ``0.15 K^2`` or so."""
    line = _ratios(noise, K).cumprod(-1)
    line = torch.cat([torch.ones_like(noise).unsqueeze(-1), line], -1)
    # The law on the line sums to 1; small terms first.
    line = line / (1 + 2 * line[..., 1:].flip(-1).sum(-1, keepdim=True))
    displacement = torch.arange(K + 1, device=noise.device)
    return torch.stack([line[..., (displacement + 2 * m * K).abs()] for m in (-3, 2, -2, 1, -1, 0)]).sum(0)


def _ratios(noise: Tensor, K: int) -> Tensor:
    """``I_n / I_{n-1}`` at ``2 noise`` for ``n = 1..6K+32``, from ``I_{n-1} = I_{n+1} + (n / noise) I_n``."""
    far = 6 * K + 32
    ratios = []
    ratio, inverse = torch.zeros_like(noise), noise.reciprocal()
    for n in range(far, 0, -1):
        ratio = (n * inverse + ratio).reciprocal()
        ratios.append(ratio)
    return torch.stack(ratios[::-1], -1)


def log_row_of_the_end(noise: Tensor, K: int) -> Tensor:
    """``log P[0, j]``, where the walk is that begins at the lowest level, however unlikely: noise ``[N]`` in
    ``[0, inf]``, to ``[N, K]`` float64, with errors of some ``K`` roundings of the largest.
    """
    law = circle(noise, K)
    # Far levels after little noise: logarithms of the same ratios, before they leave the range of float64.
    enough = 0.5 * math.log(4) / (4 * math.sin(math.pi / (2 * K)) ** 2)
    line = _ratios(noise.clamp(max=2 * enough), K)
    total = 1 + 2 * line.cumprod(-1).flip(-1).sum(-1, keepdim=True)
    far = torch.cat([torch.zeros_like(total), line.log().cumsum(-1)], -1) - total.log()
    displacement = torch.arange(K + 1, device=noise.device)
    windings = torch.stack([far[..., (displacement + 2 * m * K).abs()] for m in (-3, 2, -2, 1, -1, 0)]).logsumexp(0)
    known = (law > law[..., :1] / 64) | (noise > 2 * enough).unsqueeze(-1)
    logs = torch.where(known, torch.where(known, law, 1.0).log(), windings)
    return torch.logaddexp(logs[..., :-1], logs[..., 1:])
