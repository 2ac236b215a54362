r"""The interpolating family: each hit of noise redraws a position from a fixed prior ``pi``.

``Q = a I + (1 - a) 1 pi^T`` composes within the family, so everything has a closed form that costs O(1) per
entry:

* forward marginal     ``q(x_t|x_0) = alpha_t delta_{x_0} + (1 - alpha_t) pi``
* transition           the same, with ``alpha_t / alpha_s`` in place of ``alpha_t``
* posterior            ``q(x_s|x_t,x_0)``: the prior, plus a weight at ``x_0``, plus a weight at ``x_t``

Uniform, absorbing, and mask-and-uniform (BERT's) corruption are this family with three priors
(D3PM, arXiv 2107.03006, appendix A.2).

Conventions: sequences are ``[N, L]`` int64 (int32 is accepted), ``K`` counts the mask class where there is
one; times are ``[N]``, floating in ``[0, 1]`` or integers in ``0..T`` as the schedule says; probabilities
come back in ``dtype``. Losses and divergences are in nats.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from unmask.implementations.noise.schedules import Schedule
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.categorical import uniforms
from unmask.implementations.numbers.logspace import accumulator, divide, excess
from unmask.implementations.numbers.placed import Placed


class PosteriorWeights(NamedTuple):
    """``q(x_s = k|x_t, x_0) = prior pi_k + at_x0 [k = x_0] + at_xt [k = x_t]``;
    all float64, of the shape of the ids.

    Where ``x_t = x_0`` the whole weight is in ``at_x0``.  All three are 0 where ``q(x_t|x_0) = 0``.
    """

    prior: Tensor
    at_x0: Tensor
    at_xt: Tensor


class Interpolating:
    """Corruption towards a fixed prior.

    Parameters
    ----------
    schedule : a :class:`~unmask.implementations.noise.schedules.Schedule`; it determines the clock.
    prior : ``[K]`` probabilities, ``K >= 2``, the law that noise draws from; kept in float64.
    mask : id of the mask class, or ``None``.  Clean data must not hold it.
    dtype : dtype of the probabilities that are returned; default that of ``prior``.  float16 and bfloat16 are
        computed in float32 and rounded once.
    validate : whether values of ids and network outputs are checked: always, never, or (``None``) on the CPU; those of
        times as the schedule's ``validate`` says.

    Raises
    ------
    TypeError, ValueError : a prior that is not a distribution, a mask outside ``0..K-1``, not a schedule.
        Methods raise ``ValueError`` for ids outside ``0..K-1``, the mask inside clean data, times outside the
        domain, ``s >= t`` and wrong shapes, and ``TypeError`` for wrong dtypes.
    """

    def __init__(
        self,
        schedule: Schedule,
        prior: Tensor,
        mask: int | None = None,
        *,
        dtype: torch.dtype | None = None,
        validate: bool | None = None,
    ) -> None:
        checks.instance("schedule", schedule, Schedule)
        checks.tensor("prior", prior, checks.FLOATS)
        checks.shape("prior", prior, ["K"])
        K = prior.shape[0]
        if K < 2:
            raise ValueError(f"prior must have at least 2 classes, got {K}")
        checks.distribution("prior", prior)
        if mask is not None:
            checks.integer("mask", mask, 0, K - 1)
        if dtype is not None and dtype not in checks.FLOATS:
            raise TypeError(f"dtype must be one of {checks.FLOATS}, got {dtype}")
        self.schedule = schedule
        self.prior = prior.detach().to(torch.float64, copy=True)
        self.K = K
        self.mask = mask
        self.dtype = dtype or prior.dtype
        self.validate = validate
        peak = int(self.prior.argmax())
        #: the only class that noise draws, where there is only one (absorbing noise)
        self.point: int | None = peak if self.prior[peak] == 1 else None
        self._even = bool((self.prior == 1 / K).all())
        #: The probability of all classes but one, and that one; ``None`` twice where there are no such.
        self._but_one = _all_but_one(self.prior)
        cumulated = self.prior.cumsum(0) / self.prior.sum()
        cumulated[int(self.prior.nonzero()[-1]) :] = 1.0
        self._total = float(self.prior.sum())
        self._prior_on, self._cumulated = Placed(self.prior), Placed(cumulated)

    @classmethod
    def uniform(
        cls, schedule: Schedule, K: int, *, dtype: torch.dtype = torch.float32, validate: bool | None = None
    ) -> Interpolating:
        """Noise is uniform over all ``K >= 2`` classes."""
        checks.integer("K", K, 2)
        prior = torch.full((K,), 1 / K, dtype=torch.float64)
        return cls(schedule, prior, dtype=dtype, validate=validate)

    @classmethod
    def absorbing(
        cls,
        schedule: Schedule,
        K: int,
        mask: int,
        *,
        dtype: torch.dtype = torch.float32,
        validate: bool | None = None,
    ) -> Interpolating:
        """Noise is the mask class; ``K >= 2`` counts it."""
        checks.integer("K", K, 2)
        checks.integer("mask", mask, 0, K - 1)
        prior = torch.zeros(K, dtype=torch.float64)
        prior[mask] = 1
        return cls(schedule, prior, mask, dtype=dtype, validate=validate)

    @classmethod
    def mask_and_uniform(
        cls,
        schedule: Schedule,
        K: int,
        mask: int,
        share: float,
        *,
        dtype: torch.dtype = torch.float32,
        validate: bool | None = None,
    ) -> Interpolating:
        """Noise is the mask with probability ``share`` in ``[0, 1]``,
        otherwise uniform over all ``K`` classes.
        """
        checks.integer("K", K, 2)
        checks.integer("mask", mask, 0, K - 1)
        checks.number("share", share, 0, 1)
        prior = torch.full((K,), (1 - share) / K, dtype=torch.float64)
        prior[mask] += share
        return cls(schedule, prior, mask, dtype=dtype, validate=validate)

    @property
    def T(self) -> int | None:
        """Last time of the discrete clock, or ``None`` for ``[0, 1]``: that of the schedule."""
        return self.schedule.T

    def _weight(self, dtype: torch.dtype, device: torch.device) -> float | Tensor:
        """The prior, as one number where all classes have the same probability, else ``[K]`` in ``dtype``."""
        return 1 / self.K if self._even else self._prior_on(device, dtype)

    # ------------------------------------------------------------------ the schedule, in the process's dtype
    def alpha(self, t: Tensor) -> Tensor:
        """Probability of not having been hit by time ``t``: ``[N]`` to ``[N]``."""
        return self.schedule.alpha(t).to(self.dtype)

    def rate(self, t: Tensor) -> Tensor:
        """``-alpha'/alpha`` (continuous clock) or ``beta_t`` (discrete clock, ``t >= 1``):
        ``[N]`` to ``[N]``.
        """
        return self.schedule.rate(t).to(self.dtype)

    # ------------------------------------------------------------------ the forward process
    def transition(self, s: Tensor, t: Tensor) -> Tensor:
        """``q(x_t = j|x_s = i)`` as matrices ``[..., K, K]``, rows are sources,
        for times ``s < t`` of shape ``[...]``.
        """
        keep, hit = self.schedule.keep(s, t), self.schedule.hit(s, t)
        prior = self._prior_on(t.device)
        matrix = (hit[..., None, None] * prior).expand(*t.shape, self.K, self.K).clone()
        matrix.diagonal(dim1=-2, dim2=-1).add_(keep[..., None])
        return matrix.to(self.dtype)

    def marginal(self, x0: Tensor, t: Tensor) -> Tensor:
        """``q(x_t|x_0)``: ``[N, L]``, ``[N]`` to ``[N, L, K]``; the law at every position."""
        self.check(x0=x0, t=t)
        at_x0, noised = self.schedule.alpha(t), self.schedule.one_minus_alpha(t)
        dtype = accumulator(self.dtype)
        index = x0.long().unsqueeze(-1)
        out = (noised.to(dtype)[:, None, None] * self._prior_on(x0.device, dtype)).repeat(1, x0.shape[1], 1)
        return out.scatter_add(-1, index, at_x0.to(dtype)[:, None, None].expand_as(index)).to(self.dtype)

    def sample(self, x0: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        """Draw ``x_t`` given ``x_0``: ``[N, L]``, ``[N]`` to ``[N, L]`` int64, in O(N L) whatever ``K`` is.

        First which positions are hit, then their classes; float64 uniforms throughout.
        """
        self.check(x0=x0, t=t)
        checks.generator(generator)
        hit = uniforms(x0.shape, generator, x0.device) < self.schedule.one_minus_alpha(t)[:, None]
        return torch.where(hit, self.noise(x0.shape, generator, x0.device), x0.long())

    def noise(self, shape: torch.Size | tuple[int, ...], generator: torch.Generator, device: torch.device) -> Tensor:
        """Draws from the prior: int64 ids of any ``shape`` on ``device``."""
        checks.generator(generator)
        if not isinstance(shape, tuple):
            raise TypeError(f"shape must be a tuple of ints, got {type(shape).__name__} {shape!r}")
        for i, n in enumerate(shape):
            checks.integer(f"shape[{i}]", n, 0)
        if self.point is not None:
            return torch.full(shape, self.point, dtype=torch.int64, device=device)
        return torch.searchsorted(self._cumulated(device), uniforms(shape, generator, device), right=True)

    def prior_kl(self, x0: Tensor) -> Tensor:
        """``KL(q(x_end|x_0) || prior)`` of the whole sequence, nats: ``[N, L]`` to ``[N]``.

        ``inf`` where the prior excludes a class that is possible at the end, as for absorbing noise with ``alpha_end >
        0``.  Written as ``sum_k pi_k f(q_k/pi_k - 1)`` with ``f(u) = (1+u) log(1+u) - u``, whose terms are all
        non-negative, so nothing cancels where alpha is small.
        """
        self.check(x0=x0)
        end = torch.full((1,), self.schedule.end, device=x0.device)
        end = end.long() if self.schedule.T is not None else end.double()
        alpha = self.schedule.alpha(end)
        pi = self._prior_on(x0.device)[x0.long()]
        possible = pi > 0
        up = alpha * divide(1 - pi, pi)
        kl = (1 - pi) * excess(-alpha) + pi * excess(up)
        kl = torch.where(possible | (alpha == 0), kl, math.inf)
        return kl.sum(-1).to(self.dtype)

    # ------------------------------------------------------------------ the posterior
    def posterior(self, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        """``q(x_s|x_t, x_0)``: ids ``[N, L]``, times ``[N]``, ``s < t``, to ``[N, L, K]``.

        D3PM, arXiv 2107.03006, eq. 3.  A pair with ``q(x_t|x_0) = 0`` has no posterior: its row is all zeros.
        """
        w = self.posterior_weights(x0, xt, s, t)
        dtype = accumulator(self.dtype)
        out = w.prior.to(dtype).unsqueeze(-1) * self._prior_on(x0.device, dtype)
        out = out.scatter_add(-1, x0.long().unsqueeze(-1), w.at_x0.to(dtype).unsqueeze(-1))
        return out.scatter_add(-1, xt.long().unsqueeze(-1), w.at_xt.to(dtype).unsqueeze(-1)).to(self.dtype)

    def posterior_weights(self, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> PosteriorWeights:
        """The three coefficients of ``q(x_s|x_t, x_0)``:
        ids ``[N, L]``, times ``[N]``, to ``[N, L]`` each.
        """
        self.check(x0=x0, xt=xt, s=s, t=t)
        return self._posterior_weights(x0, xt, s, t)

    def _posterior_weights(self, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> PosteriorWeights:
        schedule = self.schedule
        alpha_s, alpha_t = schedule.alpha(s)[:, None], schedule.alpha(t)[:, None]
        noised_s, noised_t = schedule.one_minus_alpha(s)[:, None], schedule.one_minus_alpha(t)[:, None]
        keep, hit = schedule.keep(s, t)[:, None], schedule.hit(s, t)[:, None]
        pi = self._prior_on(x0.device)[xt.long()]
        same = x0 == xt
        # x_t != x_0: pi_{x_t} divides out.
        reachable = pi > 0
        moved_prior = torch.where(reachable, divide(noised_s * hit, noised_t), 0.0)
        moved_x0 = torch.where(reachable, divide(alpha_s * hit, noised_t), 0.0)
        moved_xt = torch.where(reachable, divide(noised_s * keep, noised_t), 0.0)
        # x_t = x_0: never hit, or hit and redrawn.
        total = alpha_t + noised_t * pi
        stayed_prior = divide(noised_s * hit * pi, total)
        stayed_x0 = divide(alpha_t + pi * (alpha_s * hit + noised_s * keep), total)
        return PosteriorWeights(
            torch.where(same, stayed_prior, moved_prior),
            torch.where(same, stayed_x0, moved_x0),
            torch.where(same, 0.0, moved_xt),
        )

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
        batch = checks.sequences(x0, xt, self.K, self.mask, validate=self.validate)
        if t is not None:
            if s is None:
                self.schedule.check_time("t", t)
            else:
                self.schedule.check_pair(s, t)
            checks.shape("t", t, ["N"] if batch is None else batch[:1])

    def check_output(self, output: Tensor, xt: Tensor, *, scores: bool = False, without: int | None = None) -> None:
        """Raise unless ``output`` is ``[N, L, K]`` floats for ``xt``: logits, or log scores;
        NaN and +inf are refused.
        """
        checks.output(output, xt, self.K, scores=scores, without=without, validate=self.validate)

    def __repr__(self) -> str:
        clock = "[0, 1]" if self.schedule.T is None else f"0..{self.schedule.T}"
        kind = type(self.schedule).__name__
        return f"Interpolating({kind}, K={self.K}, mask={self.mask}, times {clock}, {self.dtype})"


def _all_but_one(prior: Tensor) -> tuple[float, int] | tuple[None, None]:
    least, most = prior.sort().values[[0, -1]].tolist()
    for common, apart in ((least, int(prior.argmax())), (most, int(prior.argmin()))):
        # A weight of 0 is divided by nowhere.
        if 0 < common and least < most and int((prior == common).sum()) == len(prior) - 1:
            return common, apart
    return None, None
