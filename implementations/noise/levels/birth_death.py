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

from unmask.implementations.noise.chain import uniform_law
from unmask.implementations.noise.driven import Driven
from unmask.implementations.noise.schedules import Schedule
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.banded import mirrored
from unmask.implementations.numbers.categorical import uniforms
from unmask.implementations.numbers.clock import shared


class BirthDeath(Driven):
    """Jumps to each neighbouring level at rate 1 (times ``speed`` and the schedule's rate); see the module.

    Parameters
    ----------
    schedule : the noise schedule, which determines the clock.
    K : number of levels, at least 2.
    speed : positive factor of all rates.
    dtype, validate : as in :class:`~unmask.implementations.noise.chain.Chain`.

    A row costs O(K) after O(K log K) per time; a draw costs O(1).
    """

    def __init__(
        self,
        schedule: Schedule,
        K: int,
        *,
        speed: float = 1.0,
        dtype: torch.dtype = torch.float32,
        validate: bool | None = None,
    ) -> None:
        checks.integer("K", K, 2)
        super().__init__(schedule, uniform_law(K), speed, dtype, validate)

    def _arrows(self) -> tuple[Tensor, Tensor, Tensor]:
        low = torch.arange(self.K - 1)
        return torch.cat([low, low + 1]), torch.cat([low + 1, low]), torch.ones(2 * len(low), dtype=torch.float64)

    def _flow(self, x: Tensor, noise: Tensor) -> Tensor:
        windows = self._windows(noise)
        example = torch.arange(x.shape[0], device=x.device)[:, None]
        return windows[example, self.K - 1 - x] + windows[example, self.K + x]

    def _windows(self, noise: Tensor) -> Tensor:
        """The law of the displacement at -(K-1)..2K-1, read through all windows of K: each row of the matrix is the sum
        of two, from -x on and from x + 1 on.  ``[N]`` to ``[N, 2K, K]``, a view of ``[N, 3K-1]`` numbers.
        """
        g = circle(noise, self.K)
        back = g[:, 1 : self.K].flip(-1)
        return torch.cat([back, g, back], -1).unfold(-1, self.K, 1)

    def _columns(self, x: Tensor, s: Tensor | None, t: Tensor) -> Tensor:
        return self._rows(x, s, t)

    def _pushed(self, weights: Tensor, t: Tensor) -> Tensor:
        found, noise = torch.empty_like(weights), self.noise(None, t)
        windows, half = self._windows(noise), (self.K + 1) // 2
        for _, some in shared(noise.tolist()):
            n = some.start if isinstance(some, slice) else some[0]
            upper = windows[n, self.K - half : self.K].flip(0).add_(windows[n, self.K : self.K + half])
            found[some] = mirrored(weights[some].flatten(0, 1), upper).reshape(-1, *found.shape[1:])
        return found

    _pulled = _pushed  # the matrix is symmetric

    def _entries(self, x: Tensor, y: Tensor, t: Tensor) -> Tensor:
        g = circle(self.noise(None, t), self.K)
        apart, around = (x.unsqueeze(-1) - y).abs(), x.unsqueeze(-1) + y + 1
        around = torch.minimum(around, 2 * self.K - around)
        example = torch.arange(len(t), device=x.device)[:, None, None]
        return g[example, apart] + g[example, around]

    def _pushed_to(self, weights: Tensor, y: Tensor, t: Tensor) -> Tensor:
        columns = self._flow(y.flatten(1), self.noise(None, t)).reshape(*y.shape, self.K)
        return (columns @ weights.unsqueeze(-1)).squeeze(-1)

    def _pulled_from(self, weights: Tensor, y: Tensor, t: Tensor) -> Tensor:
        columns = self._flow(y.flatten(1), self.noise(None, t)).reshape(*y.shape, self.K)
        return (weights.unsqueeze(-2) @ columns).squeeze(-2)

    def _draw(self, x0: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        """Steps up and steps down are two Poisson numbers; then the line is folded onto the levels."""
        noise = self.noise(None, t)
        # Beyond this noise, every law is uniform up to rounding.
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
    by_waves, known = _by_waves(noise, K)
    ratios = _ratios(noise, K)
    line = torch.cat([torch.ones_like(by_waves[:, :1]), ratios.cumprod(-1)], -1)
    return torch.where(known, by_waves, _windings(line / _sum_on_the_line(ratios), K).sum(0))


def log_row_of_the_end(noise: Tensor, K: int) -> Tensor:
    """``log P[0, j]``, the law of a walk that starts at the lowest level, also where it underflows: noise ``[N]`` in
    ``[0, inf]``, to ``[N, K]`` float64, with errors of some ``K`` roundings of the largest.
    """
    by_waves, known = _by_waves(noise, K)
    # Logarithms of the same ratios, before their products leave the range of float64.
    ratios = _ratios(noise, K)
    line = torch.cat([torch.zeros_like(by_waves[:, :1]), ratios.log().cumsum(-1)], -1)
    by_windings = _windings(line - _sum_on_the_line(ratios).log(), K).logsumexp(0)
    law = torch.where(known, torch.where(known, by_waves, 1.0).log(), by_windings)
    return torch.logaddexp(law[:, :-1], law[:, 1:])


def _by_waves(noise: Tensor, K: int) -> tuple[Tensor, Tensor]:
    """The Fourier series at ``0..K``, and where that is accurate: ``[N]`` to ``[N, K+1]`` twice."""
    if noise.numel() == 0:  # which FFTs may refuse
        return noise.new_empty(0, K + 1), noise.new_empty(0, K + 1, dtype=torch.bool)
    k = torch.arange(1, K + 1, dtype=torch.float64, device=noise.device)
    waves = torch.exp(-4 * noise.unsqueeze(-1) * torch.sin(k * (math.pi / (2 * K))) ** 2)
    waves = torch.cat([torch.ones_like(noise).unsqueeze(-1), waves], -1)
    law = torch.fft.irfft(waves.to(torch.complex128), n=2 * K)[:, : K + 1]
    return law, law > law[:, :1] / 64


def _windings(line: Tensor, K: int) -> Tensor:
    """Probabilities at ``0..K`` on the circle, one term for each winding number, small terms first: ``[m, N, K+1]``.

    ``line``: probabilities at the displacements ``0..n`` on the line, ``[N, n+1]``.
    """
    displacement = torch.arange(K + 1, device=line.device)
    turns = range((line.shape[1] - 1) // (2 * K) - 1, -1, -1)
    return torch.stack([line[:, (displacement + 2 * m * K).abs()] for turn in turns for m in (-turn - 1, turn)])


def _sum_on_the_line(ratios: Tensor) -> Tensor:
    """The sum of ``I_n / I_0`` over all integers ``n``, small terms first: ``[N, 1]``."""
    return 1 + 2 * ratios.cumprod(-1).flip(-1).sum(-1, keepdim=True)


def _ratios(noise: Tensor, K: int) -> Tensor:
    """``I_n / I_{n-1}`` at ``2 noise`` for ``n = 1, 2, ...``, at least ``4K`` and 36 of them: ``[N]`` to ``[N, n]``.

    Beyond these ``I_n`` is negligible beside ``I_K``, for all noise at which windings are used.

    ``r_n = u_n / (1 + u_n r_{n+1})`` with ``u_n = noise / n``, starting from 0 after the last.  A block of orders is a
    function ``(a y + b) / (c y + 1)`` of the ratio ``y`` after it: first these, all blocks at once, then the ratios
    between blocks, then those within them.  Nothing is subtracted, and an error in one ratio is nearly cancelled by the
    one before it in their product.
    """
    # At this noise half of the slowest wave is left, and the Fourier series is accurate.
    enough = math.log(2) / (4 * math.sin(math.pi / (2 * K)) ** 2)
    size = math.isqrt(max(4 * K, 36) - 1) + 1
    orders = torch.arange(1, size * size + 1, dtype=torch.float64, device=noise.device).reshape(size, size)
    u = (noise.clamp(max=enough)[:, None, None] / orders).unbind(-1)
    a, b, c = torch.ones_like(u[0]), torch.zeros_like(u[0]), torch.zeros_like(u[0])
    for here in reversed(u):
        share = 1 / (1 + here * b)
        a, b, c = here * c * share, here * share, (c + here * a) * share
    ratio, after = torch.zeros_like(noise), []
    for block in torch.stack([a, b, c]).unbind(-1)[::-1]:
        after.append(ratio)
        ratio = (block[0] * ratio + block[1]) / (block[2] * ratio + 1)
    ratio, found = torch.stack(after[::-1], -1), []
    for here in reversed(u):
        ratio = here / (1 + here * ratio)
        found.append(ratio)
    return torch.stack(found[::-1], -1).flatten(1)
