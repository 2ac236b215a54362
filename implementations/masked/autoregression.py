r"""Autoregression as a D3PM: the forward process masks one token a step, from the right.

At step ``t`` of ``T = L``, position ``L - t`` (counted from 0) becomes the mask, so ``x_t`` shows the first ``L - t``
tokens and nothing else.  Only the reverse process is random: a step draws the next token, its KL is the next token's
cross-entropy, and all terms together are the model's exact negative log-likelihood (Austin et al. 2021, arXiv
2107.03006, section 4).
"""

from __future__ import annotations

import torch
from torch import Tensor

from unmask.implementations.kernels.rows import ruled_out
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.categorical import invert, uniforms
from unmask.implementations.numbers.logspace import accumulator


class Autoregression:
    """The deterministic one-token masking process, and the model that reverses it.

    Parameters
    ----------
    L : length of the sequences, at least 1; the clock is ``0..L``.
    K : number of classes, at least 2, the mask included.
    mask : id of the mask class.  Clean data must not hold it.
    dtype : dtype of :meth:`marginal`, :meth:`posterior` and :meth:`prior_kl`, which are exact in any.
    validate : whether values of ids, times and outputs are checked: always, never, or (``None``) on the CPU.

    Ids are ``[N, L]``, times ``[N]`` integers in ``0..L``, ``s < t``.  ``output`` is ``[N, L, K]`` logits, finite
    or ``-inf``, with a finite one besides the mask's in every row; the mask's own is ignored, since clean data has
    none.  Results come back in its dtype, losses of half precision in float32.

    Raises
    ------
    TypeError, ValueError : for other arguments, naming the argument and the value.
    """

    def __init__(
        self, L: int, K: int, mask: int, *, dtype: torch.dtype = torch.float32, validate: bool | None = None
    ) -> None:
        self.L = checks.integer("L", L, 1)
        self.K = checks.integer("K", K, 2)
        self.mask = checks.integer("mask", mask, 0, K - 1)
        if dtype not in checks.FLOATS:
            raise TypeError(f"dtype must be one of {checks.FLOATS}, got {dtype}")
        self.T = self.L
        self.dtype = dtype
        self.validate = validate

    # ------------------------------------------------------------------ the process
    def marginal(self, x0: Tensor, t: Tensor) -> Tensor:
        """``q(x_t|x_0)``, all of it on one class: ``[N, L, K]``."""
        self._check(x0=x0, t=t)
        return self._one_hot(self._masked(x0, t))

    def sample(self, x0: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        """``x_t`` given ``x_0``: ``[N, L]`` int64.  Deterministic; the generator is not used."""
        checks.generator(generator)
        self._check(x0=x0, t=t)
        return self._masked(x0, t)

    def noise(self, shape: torch.Size | tuple[int, ...], generator: torch.Generator, device: torch.device) -> Tensor:
        """The law at the last time, all masks: int64 ids of any ``shape`` on ``device``."""
        checks.generator(generator)
        if not isinstance(shape, tuple):
            raise TypeError(f"shape must be a tuple of ints, got {type(shape).__name__} {shape!r}")
        return torch.full(shape, self.mask, dtype=torch.int64, device=device)

    def posterior(self, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        """``q(x_s|x_t, x_0)``, all of it on one class: ``[N, L, K]``.  Rows where ``x_t`` cannot come from ``x_0``
        are zeros.
        """
        self._check(x0=x0, xt=xt, s=s, t=t)
        possible = xt == self._masked(x0, t)
        return torch.where(possible.unsqueeze(-1), self._one_hot(self._masked(x0, s)), 0.0)

    # ------------------------------------------------------------------ the model
    def denoise(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """Probabilities of ``x_0``: ``[N, L, K]``; visible tokens are carried over, the mask has none."""
        self._check(output=output, xt=xt, t=t)
        p = self._log_p(output).exp()
        carried = torch.zeros_like(p).scatter(-1, xt.long().unsqueeze(-1), 1.0)
        return torch.where((xt == self.mask).unsqueeze(-1), p, carried).to(output.dtype)

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        """``p(x_s|x_t)``: ``[N, L, K]``.  Positions ``L - t`` to ``L - s - 1`` are drawn, independently, from the
        network; visible tokens and all others stay.
        """
        self._check(output=output, xt=xt, s=s, t=t)
        p = self._log_p(output).exp()
        stays = torch.zeros_like(p).scatter(-1, xt.long().unsqueeze(-1), 1.0)
        return torch.where(self._next(xt, s, t).unsqueeze(-1), p, stays).to(output.dtype)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        """Draw from :meth:`reverse`: ``[N, L]`` int64; only the logits of drawn positions are read, and checked.

        Finding these positions takes one device synchronization.
        """
        checks.generator(generator)
        self._check(values=False, output=output, xt=xt, s=s, t=t)
        drawn = self._next(xt, s, t)
        p = self._log_p(checks.logits_at(output, drawn.nonzero(), self.mask, validate=self.validate)).exp()
        return xt.long().masked_scatter(drawn, invert(p, uniforms(p.shape[:1], generator, xt.device)))

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """The NELBO's term of time ``t >= 1``, ``-log p(x_0^i|x_t)`` at ``i = L - t``: ``[N]`` nats.

        ``inf`` where that probability is 0; 0 where the token is visible, which is impossible.
        """
        self._check(output=output, xt=xt, x0=x0, t=t)
        if checks.reads(self.validate, t):
            checks.times_in_range("t", t, 1, self.T)
        at = (self.L - t.long())[:, None]
        row = output.gather(1, at.unsqueeze(-1).expand(-1, -1, self.K)).squeeze(1)
        log_p = self._log_p(row).gather(-1, x0.long().gather(1, at)).squeeze(-1)
        return torch.where(xt.gather(1, at).squeeze(1) == self.mask, -log_p, 0.0)

    def prior_kl(self, x0: Tensor) -> Tensor:
        """``KL(q(x_L|x_0) || prior)``, which is 0: ``[N, L]`` to ``[N]``."""
        self._check(x0=x0)
        return torch.zeros(x0.shape[0], dtype=self.dtype, device=x0.device)

    # ------------------------------------------------------------------ inside
    def _positions(self, x: Tensor) -> Tensor:
        return torch.arange(self.L, device=x.device)

    def _masked(self, x0: Tensor, t: Tensor) -> Tensor:
        return torch.where(self._positions(x0) < self.L - t[:, None], x0.long(), self.mask)

    def _next(self, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        place = self._positions(xt)
        return (place >= self.L - t[:, None]) & (place < self.L - s[:, None]) & (xt == self.mask)

    def _one_hot(self, x: Tensor) -> Tensor:
        return torch.nn.functional.one_hot(x, self.K).to(self.dtype)

    def _log_p(self, logits: Tensor) -> Tensor:
        return ruled_out(logits.to(accumulator(logits.dtype)), self.mask).log_softmax(-1)

    def _check(self, *, values: bool = True, **given: Tensor) -> None:
        """Raise what the class promises, for whichever of output, x0, xt, s and t are given."""
        ids = {name: checks.tensor(name, given[name], checks.IDS) for name in ("x0", "xt") if name in given}
        checks.sequences(ids.get("x0"), ids.get("xt"), self.K, self.mask, validate=self.validate)
        batch = list(next(iter(ids.values())).shape)
        for name, value in ids.items():
            checks.shape(name, value, ["N", self.L])
        for time in sorted(given.keys() & {"s", "t"}):
            checks.tensor(time, given[time], checks.IDS)
            checks.shape(time, given[time], batch[:1])
            if checks.reads(self.validate, given[time]):
                checks.times_in_range(time, given[time], 0, self.T)
        if "s" in given and checks.reads(self.validate, given["t"]):
            checks.earlier(given["s"], given["t"])
        if "output" in given:
            validate = self.validate if values else False
            checks.output(given["output"], given["xt"], self.K, without=self.mask, validate=validate)

    def __repr__(self) -> str:
        return f"Autoregression(L={self.L}, K={self.K}, mask={self.mask}, {self.dtype})"
