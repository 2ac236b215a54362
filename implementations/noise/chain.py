r"""Forward marginals, posteriors and reverse kernels of any process with known transition probabilities.

A process gives rows ``P_{s,t}[x, :]`` and columns ``P_{s,t}[:, x]``; from these follow

* forward marginal   ``q(x_t|x_0) = P_t[x_0, x_t]``
* posterior          ``q(x_s|x_t,x_0) ∝ P_s[x_0, x_s] P_{s,t}[x_s, x_t]``
* reverse kernels    of a prediction ``p(x_0|x_t)``: D3PM's joint sum, and the mixture of posteriors.

Rows and columns are float64 and accurate *entry by entry*, however small the entry, so that the posterior of
an unlikely pair is as good as that of a likely one.  Probabilities below 1e-290 count as impossible.

Conventions as in :mod:`~unmask.implementations.noise.interpolating`: ids ``[N, L]``, times ``[N]``, rows are
sources.  D3PM is arXiv 2107.03006.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any, Literal, TypeAlias, get_args

import torch
from torch import Tensor

from unmask.implementations.numbers import checks
from unmask.implementations.numbers.categorical import invert, uniforms
from unmask.implementations.numbers.clock import shared
from unmask.implementations.numbers.logspace import excess
from unmask.implementations.numbers.placed import Placed

Form: TypeAlias = Literal["joint-sum", "mixture"]
#: Products of probabilities smaller than this lose digits, or underflow.
LEAST = 1e-290


class Chain(ABC):
    """A corruption process over ``K`` classes.

    Attributes
    ----------
    K, T, mask : number of classes; last time of the discrete clock or ``None`` for ``[0, 1]``; the mask class
        or ``None``.
    prior : ``[K]`` float64, the law at the end of time.
    dtype : dtype of the probabilities that are returned (they are computed in float64).
    validate : whether values of ids, times and beliefs are checked: always, never, or (``None``) on the CPU.

    Chains whose transitions depend on how far times are apart, as nearest neighbours, the discretized Gaussian, bands
    and drifting priors, read times, or sizes that follow from them, on the host: from another device that synchronizes,
    as often as ``benchmarks/results/synchronizations.md`` tells.

    Methods raise ``ValueError`` for ids outside ``0..K-1``, the mask inside clean data, times outside the
    domain, ``s >= t`` and wrong shapes, and ``TypeError`` for wrong dtypes.
    """

    mask: int | None = None

    def __init__(self, prior: Tensor, T: int | None, dtype: torch.dtype, validate: bool | None) -> None:
        if dtype not in checks.FLOATS:
            raise TypeError(f"dtype must be one of {checks.FLOATS}, got {dtype}")
        self.K = prior.shape[0]
        self.T = T
        self.prior = prior
        self._prior_on = Placed(prior)
        self.dtype = dtype
        self.validate = validate

    @property
    def end(self) -> float:
        """The last time."""
        return 1.0 if self.T is None else float(self.T)

    @cached_property
    def _cumulated(self) -> Placed:
        """The distribution function of the prior, which is 1 from the last possible class on."""
        cumulated = self.prior.cumsum(0) / self.prior.sum()
        cumulated[int(self.prior.nonzero()[-1]) :] = 1.0
        return Placed(cumulated)

    # ------------------------------------------------------------------ for subclasses to implement
    @abstractmethod
    def _rows(self, x: Tensor, s: Tensor | None, t: Tensor) -> Tensor:
        """``P_{s,t}[x, :]``, from clean data if ``s`` is None: ids ``[N, L]``, times ``[N]``, to ``[N, L, K]``."""

    @abstractmethod
    def _columns(self, x: Tensor, s: Tensor | None, t: Tensor) -> Tensor:
        """``P_{s,t}[:, x]``, likewise."""

    def _matrices(self, s: Tensor | None, t: Tensor) -> Tensor:
        """``P_{s,t}`` for times ``[N]``: ``[N, K, K]``."""
        return self._rows(torch.arange(self.K, device=t.device).expand(t.shape[0], self.K), s, t)

    def _law(self, x0: Tensor, t: Tensor) -> Tensor:
        """``P_t[x_0, :]`` from clean data, with errors relative to 1: ``[N, L]``, ``[N]`` to ``[N, L, K]``."""
        return self._rows(x0, None, t)

    def _push(self, weights: Tensor, t: Tensor) -> Tensor:
        """``sum_i weights_i P_t[i, :]`` from clean data: ``[N, L, K]`` float64 to the same.  Gradients flow to the
        weights, and for them nothing but the times is kept.
        """
        found: Tensor = _Push.apply(weights, t, self, False)  # type: ignore[no-untyped-call]
        return found

    def _pushed(self, weights: Tensor, t: Tensor) -> Tensor:
        """:meth:`_push` without gradients; one matrix at a time."""
        found = torch.empty_like(weights)
        for _, some in shared(t.tolist()):
            found[some] = weights[some] @ self._matrices(None, t[some][:1])[0]
        return found

    def _pulled(self, weights: Tensor, t: Tensor) -> Tensor:
        """``sum_k weights_k P_t[:, k]``, likewise: what :meth:`_push` does to gradients."""
        found = torch.empty_like(weights)
        for _, some in shared(t.tolist()):
            found[some] = weights[some] @ self._matrices(None, t[some][:1])[0].T
        return found

    def _entries(self, x: Tensor, y: Tensor, t: Tensor) -> Tensor:
        """``P_t[x, y]`` from clean data: ids ``[N, L]`` and ``[N, L, m]``, times ``[N]``, to ``[N, L, m]``."""
        return self._rows(x, None, t).gather(-1, y)

    def _pushed_to(self, weights: Tensor, y: Tensor, t: Tensor) -> Tensor:
        """:meth:`_pushed` at some classes only: ``[N, L, K]``, ids ``[N, L, m]`` to ``[N, L, m]``."""
        return self._pushed(weights, t).gather(-1, y)

    def _pulled_from(self, weights: Tensor, y: Tensor, t: Tensor) -> Tensor:
        """:meth:`_pulled` of weights at some classes, ``[N, L, m]``, 0 at others, to ``[N, L, K]``."""
        every = weights.new_zeros(*weights.shape[:-1], self.K).scatter_add_(-1, y, weights)
        return self._pulled(every, t)

    def _draw(self, x0: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        return invert(self._rows(x0, None, t), uniforms(x0.shape, generator, x0.device))

    def _rate_columns(self, x: Tensor, t: Tensor) -> Tensor:
        """``beta_t R[:, x]``: ``[N, L]``, ``[N]`` to ``[N, L, K]`` float64; continuous clock only."""
        raise NotImplementedError(f"{type(self).__name__} does not say at which rates it jumps")

    def _sources(self, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """From where noise jumps to ``x``, and at which rates: ids ``[N, L, m]``, which may say a class twice, and
        ``[N, L, m]`` float64, 0 at ``x`` itself; continuous clock only.
        """
        rates = self._rate_columns(x, t).scatter(-1, x.unsqueeze(-1), 0.0)
        return torch.arange(self.K, device=x.device).expand(rates.shape), rates

    def _invertible(self, s: Tensor, t: Tensor) -> Tensor:
        """Whether ``P_{s,t}`` has an inverse: ``[N]`` to ``[N]`` booleans."""
        return torch.ones_like(t, dtype=torch.bool)

    def _unpush(self, weights: Tensor, s: Tensor, t: Tensor) -> Tensor:
        """``weights P_{s,t}^{-1}``: ``[N, L, K]`` float64 to the same."""
        solved: Tensor = torch.linalg.solve(self._matrices(s, t), weights, left=False)
        return solved

    # ------------------------------------------------------------------ the forward process
    def transition(self, s: Tensor, t: Tensor) -> Tensor:
        """``q(x_t = j|x_s = i)`` as matrices ``[..., K, K]``, rows are sources,
        for times ``s < t`` of shape ``[...]``.
        """
        self._check_times(s, t)
        return self._matrices(s.reshape(-1), t.reshape(-1)).reshape(*t.shape, self.K, self.K).to(self.dtype)

    def marginal(self, x0: Tensor, t: Tensor) -> Tensor:
        """``q(x_t|x_0)``: ``[N, L]``, ``[N]`` to ``[N, L, K]``; the law at every position."""
        self.check(x0=x0, t=t)
        return self._law(x0.long(), t).to(self.dtype)

    def sample(self, x0: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        """Draw ``x_t`` given ``x_0``: ``[N, L]``, ``[N]`` to ``[N, L]`` int64."""
        self.check(x0=x0, t=t)
        checks.generator(generator)
        return self._draw(x0.long(), t, generator)

    def rate_columns(self, xt: Tensor, t: Tensor) -> Tensor:
        """Columns ``beta_t R[:, x_t]`` of the rate matrix: the rates of jumps into ``x_t``, and, at ``x_t`` itself,
        minus the rate of leaving it: ids ``[N, L]``, times ``[N]``, to ``[N, L, K]`` per unit of time.

        ``inf`` where alpha reaches 0.  ``ValueError`` on the discrete clock, which has no rates.
        """
        if self.T is not None:
            raise ValueError(f"process must be on the continuous clock [0, 1], got T = {self.T}")
        self.check(xt=xt, t=t)
        return self._rate_columns(xt.long(), t).to(self.dtype)

    def prior_kl(self, x0: Tensor) -> Tensor:
        """``KL(q(x_end|x_0) || prior)`` of the whole sequence, nats: ``[N, L]`` to ``[N]``; may be ``inf``.

        As ``sum_k pi_k f(q_k/pi_k - 1)`` with ``f(u) = (1+u) log(1+u) - u``, whose terms are non-negative.
        """
        self.check(x0=x0)
        end = torch.full((x0.shape[0],), self.end, device=x0.device)
        law = self._rows(x0.long(), None, end.long() if self.T is not None else end.double())
        prior = self._prior_on(x0.device)
        possible = prior > 0
        terms = prior * excess(((law - prior) / torch.where(possible, prior, 1.0)).clamp(min=-1))
        terms = torch.where(possible, terms, torch.where(law > 0, math.inf, 0.0))
        return terms.sum((-1, -2)).to(self.dtype)

    # ------------------------------------------------------------------ backward
    def posterior(self, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        """``q(x_s|x_t, x_0)``: ids ``[N, L]``, times ``[N]``, ``s < t``, to ``[N, L, K]`` (D3PM, eq. 3).

        A pair with ``q(x_t|x_0) = 0`` has no posterior: its row is all zeros.
        """
        self.check(x0=x0, xt=xt, s=s, t=t)
        return self._posterior(x0, xt, s, t).to(self.dtype)

    def reverse(self, belief: Tensor, xt: Tensor, s: Tensor, t: Tensor, form: Form = "joint-sum") -> Tensor:
        """``p(x_s|x_t)`` for any ``s < t``, in the dtype of ``belief``: ``[N, L, K]``.

        Parameters
        ----------
        belief : ``[N, L, K]``, a network's prediction of the clean class: non-negative weights, which need not
            sum to 1.  Gradients flow to it.
        xt, s, t : ids ``[N, L]``, times ``[N]``.
        form : ``"joint-sum"``, ``p(x_s|x_t) ∝ sum_i q(x_s, x_t|i) belief_i`` (D3PM, eq. 4); or ``"mixture"``,
            ``sum_i q(x_s|x_t, i) belief_i`` over the ``i`` with ``q(x_t|i) > 0``, renormalized.

        A row in which every ``i`` of positive weight is impossible is all zeros.
        """
        self._check_belief(belief, xt, form)
        self.check(xt=xt, s=s, t=t)
        return self._reverse(belief, xt, s, t, form).to(belief.dtype)

    def step(
        self,
        belief: Tensor,
        xt: Tensor,
        s: Tensor,
        t: Tensor,
        generator: torch.Generator,
        form: Form = "joint-sum",
    ) -> Tensor:
        """Draw ``x_s`` from :meth:`reverse`: ``[N, L]`` int64.  Where that row is all zeros, ``x_t`` stays."""
        checks.generator(generator)
        self._check_belief(belief, xt, form)
        self.check(xt=xt, s=s, t=t)
        kernel = self._reverse(belief.detach(), xt, s, t, form)
        drawn = invert(kernel, uniforms(xt.shape, generator, xt.device))
        return torch.where((kernel > 0).any(-1), drawn, xt.long())

    def kl(self, belief: Tensor, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor, form: Form = "joint-sum") -> Tensor:
        """``KL(q(x_s|x_t,x_0) || p(x_s|x_t))`` summed over positions, nats: ``[N]``.

        One term of the NELBO (D3PM, eq. 1); for ``s = 0`` it is the reconstruction ``-log p(x_0|x_t)``.
        An impossible pair of ``x_0`` and ``x_t`` contributes 0; ``inf`` where the kernel lacks support.
        """
        self._check_belief(belief, xt, form)
        self.check(x0=x0, xt=xt, s=s, t=t)
        true, model = self._posterior(x0, xt, s, t), self._reverse(belief, xt, s, t, form)
        used = true > 0
        true = torch.where(used, true, 1.0)
        terms = torch.where(used, true * (true.log() - torch.where(used, model, 1.0).log()), 0.0)
        return terms.sum((-1, -2)).to(belief.dtype)

    def _posterior(self, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return normalized(self._rows(x0.long(), None, s) * self._columns(xt.long(), s, t))

    def _reverse(self, belief: Tensor, xt: Tensor, s: Tensor, t: Tensor, form: Form) -> Tensor:
        weights = belief.double()
        onwards = self._columns(xt.long(), s, t)
        if form == "joint-sum":
            return normalized(self._push(weights, s) * onwards)
        seen = self._columns(xt.long(), None, t)
        possible = seen > LEAST
        weights = torch.where(possible, weights, 0.0)
        weights = weights / torch.where(possible, seen, 1.0)
        return normalized(self._push(weights, s) * onwards)

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
            self._check_times(s, t)
            checks.shape("t", t, ["N"] if batch is None else batch[:1])

    def _check_times(self, s: Tensor | None, t: Tensor) -> None:
        for name, time in (("s", s), ("t", t)):
            if time is None:
                continue
            checks.tensor(name, time, checks.FLOATS if self.T is None else checks.IDS)
            if checks.reads(self.validate, time):
                checks.times_in_range(name, time, 0, self.end)
        if s is not None:
            checks.shape("s", s, list(t.shape))
            if checks.reads(self.validate, t):
                checks.earlier(s, t)

    def _check_belief(self, belief: Tensor, xt: Tensor, form: Form) -> None:
        if form not in get_args(Form):
            raise ValueError(f"form must be one of {get_args(Form)}, got {form!r}")
        checks.tensor("xt", xt, checks.IDS)
        checks.tensor("belief", belief, checks.FLOATS)
        checks.shape("belief", belief, [*xt.shape, self.K])
        if checks.reads(self.validate, belief):
            checks.weights("belief", belief)

    def __repr__(self) -> str:
        clock = "[0, 1]" if self.T is None else f"0..{self.T}"
        return f"{type(self).__name__}(K={self.K}, mask={self.mask}, times {clock}, {self.dtype})"


class _Push(torch.autograd.Function):
    """:meth:`Chain._pushed`, or backwards :meth:`Chain._pulled`; each is the gradient of the other."""

    @staticmethod
    def forward(ctx: Any, weights: Tensor, t: Tensor, process: Chain, back: bool) -> Tensor:
        ctx.t, ctx.process, ctx.back = t, process, back
        return process._pulled(weights, t) if back else process._pushed(weights, t)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        found: Tensor = _Push.apply(gradients[0], ctx.t, ctx.process, not ctx.back)  # type: ignore[no-untyped-call]
        return found, None, None, None


def normalized(weights: Tensor) -> Tensor:
    """Rows divided by their sums; rows of zeros stay."""
    total = weights.sum(-1, keepdim=True)
    good = total > LEAST
    return torch.where(good, weights / torch.where(good, total, 1.0), 0.0)


def uniform_law(K: int) -> Tensor:
    """The uniform law ``[K]``, float64."""
    return torch.full((K,), 1 / K, dtype=torch.float64)
