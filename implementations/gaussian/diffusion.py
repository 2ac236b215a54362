r"""Gaussian diffusion of real data: ``q(x_t|x_0) = N(alpha_t x_0, sigma_t^2)``, by its log signal-to-noise ratio.

With ``l = log_snr(t)``, three processes differ in nothing but their scale (Kingma et al. 2021, VDM, arXiv 2107.00630,
sections 3.1 and 5.1):

* variance preserving   ``alpha^2 = sigmoid(l)``, ``sigma^2 = sigmoid(-l)``
* variance exploding    ``alpha = 1``, ``sigma^2 = e^-l``
* straight              ``alpha = sigmoid(l/2)``, ``sigma = sigmoid(-l/2)``, so that ``alpha + sigma = 1`` (Liu et al.
  2023, rectified flow, arXiv 2209.03003; Lipman et al. 2023, arXiv 2210.02747)

Differences of the textbook formulas are ``expm1`` of a gap here: ``sigma_t^2 - (alpha_t/alpha_s)^2 sigma_s^2
= sigma_t^2 (1 - e^{l_t - l_s})``.

Conventions: data ``[N, ...]`` in any floating dtype, times ``[N]``; results that depend on times alone are float64
``[N]``, others have the dtype of the data (half precision is computed in float32).  Divergences are in nats, summed
over all but the first dimension.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

import torch
from torch import Tensor

from unmask.implementations.gaussian.log_snr import LogSNR
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.logspace import accumulator

Kind: TypeAlias = Literal["variance-preserving", "variance-exploding", "straight"]
KINDS = ("variance-preserving", "variance-exploding", "straight")


class Normal(NamedTuple):
    """Independent normal laws: ``mean`` ``[N, ...]``, and the ``variance`` ``[N]``, float64, that each row has."""

    mean: Tensor
    variance: Tensor


class Bridge(NamedTuple):
    """``q(x_s|x_t, x_0) = N(at_xt x_t + at_x0 x_0, variance)``; all float64 ``[N]``."""

    at_xt: Tensor
    at_x0: Tensor
    variance: Tensor


class GaussianDiffusion:
    """The corruption process.

    Parameters
    ----------
    schedule : a :class:`~unmask.implementations.gaussian.log_snr.LogSNR`; it decides the clock.
    kind : ``"variance-preserving"``, ``"variance-exploding"`` or ``"straight"``, see the module.
    validate : whether values of data and network outputs are checked: always, never, or (``None``) on the CPU; those of
        times as the schedule's ``validate`` says.  ``torch.func``'s transforms need ``False`` for both.

    Raises
    ------
    TypeError, ValueError : not a schedule, another ``kind``.  Methods raise ``ValueError`` for times outside the
        domain, ``s >= t``, wrong shapes, NaN and infinite data, and ``TypeError`` for wrong dtypes.
    """

    def __init__(self, schedule: LogSNR, kind: Kind = "variance-preserving", *, validate: bool | None = None) -> None:
        checks.instance("schedule", schedule, LogSNR)
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {KINDS}, got {kind!r}")
        self.schedule = schedule
        self.kind = kind
        self.validate = validate

    @property
    def T(self) -> int | None:
        """Last time of the discrete clock, or ``None`` for ``[0, 1]``: that of the schedule."""
        return self.schedule.T

    # ------------------------------------------------------------------ functions of time alone
    def alpha(self, t: Tensor) -> Tensor:
        """Factor of the data at ``t``: float64, of the shape of ``t``."""
        return self._alpha(self.schedule.log_snr(t))

    def sigma(self, t: Tensor) -> Tensor:
        """Standard deviation of the noise at ``t``: float64, of the shape of ``t``."""
        return self._sigma(self.schedule.log_snr(t))

    def transition(self, s: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """``a`` and ``v`` of ``q(x_t|x_s) = N(a x_s, v)``, ``s < t``: float64, of the shape of ``t``.

        VDM, arXiv 2107.00630, appendix A, with ``v = -sigma_t^2 expm1(l_t - l_s)``.
        """
        gap = self.schedule.gap(s, t)
        before, after = self.schedule.log_snr(s), self.schedule.log_snr(t)
        keep = self._alpha(after) / self._alpha(before)
        return keep, -self._noise(after) * torch.expm1(-gap)

    def bridge(self, s: Tensor, t: Tensor) -> Bridge:
        """The coefficients of ``q(x_s|x_t, x_0)``, ``s < t``: float64, of the shape of ``t``.

        VDM, arXiv 2107.00630, appendix A, with ``sigma_{t|s}^2/sigma_t^2 = -expm1(l_t - l_s)``.
        """
        fresh = -torch.expm1(-self.schedule.gap(s, t))
        before, after = self.schedule.log_snr(s), self.schedule.log_snr(t)
        alpha, noise = self._alpha(before), self._noise(before)
        keep = self._alpha(after) / alpha
        return Bridge(keep * (noise / self._noise(after)), alpha * fresh, noise * fresh)

    def prior_variance(self, t: Tensor | None = None) -> Tensor:
        """Variance of the law that generation starts from at ``t``: 1 if variance is preserved, else ``sigma_t^2``.

        ``t`` ``[N]``; the last time if it is not given.  Float64, of the shape of ``t``.
        """
        noise = self._noise(self.schedule.log_snr(self.last() if t is None else t))
        return torch.ones_like(noise) if self.kind == "variance-preserving" else noise

    def last(self, device: torch.device | None = None) -> Tensor:
        """The last time, as ``[1]`` of the clock's dtype."""
        if device is not None:
            checks.instance("device", device, torch.device)
        dtype = torch.float64 if self.T is None else torch.int64
        return torch.full((1,), self.schedule.end, device=device).to(dtype)

    # ------------------------------------------------------------------ laws
    def marginal(self, x0: Tensor, t: Tensor) -> Normal:
        """``q(x_t|x_0)``: ``[N, ...]``, ``[N]`` to a mean ``[N, ...]`` and a variance ``[N]``."""
        self.check(x0=x0, t=t)
        log_snr = self.schedule.log_snr(t)
        return Normal((spread(self._alpha(log_snr), x0) * widened(x0)).to(x0.dtype), self._noise(log_snr))

    def posterior(self, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Normal:
        """``q(x_s|x_t, x_0)``: ``[N, ...]`` twice, ``[N]`` twice, ``s < t``, to mean ``[N, ...]``, variance ``[N]``."""
        self.check(x0=x0, xt=xt, s=s, t=t)
        bridge = self.bridge(s, t)
        mean = spread(bridge.at_xt, xt) * widened(xt) + spread(bridge.at_x0, xt) * widened(x0)
        return Normal(mean.to(xt.dtype), bridge.variance)

    def sample(self, x0: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        """Draw ``x_t`` given ``x_0``: ``[N, ...]``, ``[N]`` to ``[N, ...]``; the noise has 53 bits."""
        self.check(x0=x0, t=t)
        return self.noised(x0, normals(x0, generator), t)

    def noised(self, x0: Tensor, noise: Tensor, t: Tensor) -> Tensor:
        """``alpha_t x_0 + sigma_t noise``: ``[N, ...]`` twice, ``[N]`` to ``[N, ...]``."""
        self.check(x0=x0, t=t)
        checks.batch("noise", noise, x0.shape, validate=self.validate)
        log_snr = self.schedule.log_snr(t)
        signal, scale = self._alpha(log_snr), self._sigma(log_snr)
        return (spread(signal, x0) * widened(x0) + spread(scale, x0) * widened(noise)).to(x0.dtype)

    def prior_kl(self, x0: Tensor) -> Tensor:
        """``KL(q(x_end|x_0) || N(0, prior_variance))``, nats: ``[N, ...]`` to ``[N]``.

        Summed over the numbers ``x`` of ``x_0``.  Where variance is preserved, half of ``alpha^2 x^2 + (-log(1 -
        alpha^2) - alpha^2)``, whose bracket falls like ``alpha^4/2``; otherwise half of ``alpha^2 x^2/sigma^2``.
        """
        self.check(x0=x0)
        log_snr = self.schedule.log_snr(self.last(x0.device))
        preserving = self.kind == "variance-preserving"
        each = spread(torch.sigmoid(log_snr) if preserving else torch.exp(log_snr), x0) * widened(x0) ** 2
        if preserving:
            each = each + spread(_widening(log_snr), x0)
        return (0.5 * total(each)).to(x0.dtype)

    # ------------------------------------------------------------------ validation
    def check(
        self,
        *,
        x0: Tensor | None = None,
        xt: Tensor | None = None,
        s: Tensor | None = None,
        t: Tensor | None = None,
    ) -> None:
        """Raise what the class promises, for whichever arguments are given; ``s`` needs ``t``."""
        shape: torch.Size | None = None
        for name, value in (("x0", x0), ("xt", xt)):
            if value is not None:
                shape = checks.batch(name, value, shape, validate=self.validate).shape
        if t is not None:
            if s is None:
                self.schedule.check_time("t", t)
            else:
                self.schedule.check_pair(s, t)
            checks.shape("t", t, ["N"] if shape is None else [shape[0]])

    def __repr__(self) -> str:
        clock = "[0, 1]" if self.T is None else f"0..{self.T}"
        return f"GaussianDiffusion({type(self.schedule).__name__}, {self.kind!r}, times {clock})"

    # ------------------------------------------------------------------ inside
    def _alpha(self, log_snr: Tensor) -> Tensor:
        if self.kind == "straight":
            return torch.sigmoid(log_snr / 2)
        return torch.sigmoid(log_snr).sqrt() if self.kind == "variance-preserving" else torch.ones_like(log_snr)

    def _sigma(self, log_snr: Tensor) -> Tensor:
        if self.kind == "straight":
            return torch.sigmoid(-log_snr / 2)
        return torch.sigmoid(-log_snr).sqrt() if self.kind == "variance-preserving" else torch.exp(-log_snr / 2)

    def _noise(self, log_snr: Tensor) -> Tensor:
        """``sigma^2``."""
        if self.kind == "straight":
            return torch.sigmoid(-log_snr / 2) ** 2
        return torch.sigmoid(-log_snr) if self.kind == "variance-preserving" else torch.exp(-log_snr)

    def _noise_between(self, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """``(x_t - alpha x_0)/sigma``, as ``(x_t - x_0)/sigma`` and the rest of ``x_0``.

        Under little noise ``x_t - x_0`` is exact, and the rest small: ``(1 - alpha)/sigma`` is ``sigma/(1 + alpha)``
        if variance is preserved, 1 on straight lines, and 0 if variance explodes.
        """
        alpha, sigma = self.alpha(t), self.sigma(t)
        moved = (xt - x0) / spread(sigma, xt)
        if self.kind == "variance-exploding":
            return moved
        return moved + x0 if self.kind == "straight" else moved + spread(sigma / (1 + alpha), xt) * x0

    def _data_between(self, noise: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """``(x_t - sigma noise)/alpha``, in the same way: under much noise ``x_t - noise`` is exact."""
        alpha, sigma = self.alpha(t), self.sigma(t)
        if self.kind == "variance-exploding":
            return xt - spread(sigma, xt) * noise
        moved = (xt - noise) / spread(alpha, xt)
        return moved + noise if self.kind == "straight" else moved + spread(alpha / (1 + sigma), xt) * noise


def normals(like: Tensor, generator: torch.Generator) -> Tensor:
    """Standard normal numbers of the shape, dtype and device of ``like``.

    Drawn in float64 on the generator's device: in float32 they would end before 6 standard deviations.
    """
    checks.tensor("like", like, checks.FLOATS)
    checks.generator(generator)
    drawn = torch.randn(like.shape, generator=generator, dtype=torch.float64, device=generator.device)
    return drawn.to(like.device, like.dtype)


def widened(x: Tensor) -> Tensor:
    """``x`` in the dtype of computation: float32 for half precision."""
    return x.to(accumulator(x.dtype))


def spread(c: Tensor, x: Tensor) -> Tensor:
    """``c`` ``[N]`` reshaped to broadcast with ``x`` ``[N, ...]``, in the dtype of computation."""
    return c.to(accumulator(x.dtype)).reshape(c.shape + (1,) * (x.ndim - 1))


def total(x: Tensor) -> Tensor:
    """Sum over all but the first dimension: ``[N, ...]`` to ``[N]``."""
    return x if x.ndim == 1 else x.flatten(1).sum(1)


def _widening(log_snr: Tensor) -> Tensor:
    """``-log(1 - a) - a`` for ``a = sigmoid(log_snr)``; small ones by their series ``sum_{n>=2} a^n/n``."""
    a = torch.sigmoid(log_snr)
    small = a < 1 / 16
    v = torch.where(small, a, 0.0)
    series = torch.zeros_like(v)
    for n in range(15, 1, -1):
        series = series * v + 1 / n
    return torch.where(small, v * v * series, -torch.nn.functional.logsigmoid(-log_snr) - a)
