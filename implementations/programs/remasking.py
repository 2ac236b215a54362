"""Steps that may mask a token again: ReMDM (Wang et al. 2025, arXiv 2503.00307)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from unmask.implementations.noise.schedules import Schedule
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.categorical import invert, uniforms
from unmask.implementations.numbers.logspace import accumulator

STRATEGIES = ("cap", "rescale")


class Remasking:
    """A kernel ``p(x_s|x_t)`` that masks visible tokens again, and keeps the marginals of masked diffusion.

    Parameters
    ----------
    schedule : of the noise, in continuous time.
    mask : id of the mask.
    eta : in [0, 1]; 0 is MDLM's posterior.
    strategy : with ``sigma_max = min(1, (1 - alpha_s)/alpha_t)``, a token is masked again with probability ``"cap"``:
        ``min(eta, sigma_max)``; ``"rescale"``: ``eta sigma_max`` (sec. 4.1).

    Raises
    ------
    TypeError, ValueError : for arguments that say nothing valid, and a schedule in steps.
    """

    def __init__(
        self, schedule: Schedule, mask: int, *, eta: float, strategy: Literal["cap", "rescale"] = "rescale"
    ) -> None:
        checks.instance("schedule", schedule, Schedule)
        if schedule.T is not None:
            raise ValueError(f"schedule must be one of continuous time, got one of T = {schedule.T} steps")
        checks.integer("mask", mask, 0)
        checks.number("eta", eta, 0.0, 1.0)
        if strategy not in STRATEGIES:
            raise ValueError(f"strategy must be one of {', '.join(map(repr, STRATEGIES))}, got {strategy!r}")
        self.schedule, self.mask, self.eta, self.strategy = schedule, mask, float(eta), strategy

    def probability(self, s: Tensor, t: Tensor) -> Tensor:
        """With which a visible token is masked between ``t`` and ``s``: ``[N]`` float64.

        Raises
        ------
        TypeError, ValueError : times of another dtype or outside of [0, 1], and ``s >= t``.
        """
        self.schedule.check_pair(s, t)
        noised, alpha = self.schedule.one_minus_alpha(s), self.schedule.alpha(t)
        most = torch.where(alpha > noised, noised / torch.where(alpha > noised, alpha, 1.0), 1.0)
        return most.clamp(max=self.eta) if self.strategy == "cap" else self.eta * most

    def kernel(self, prediction: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        """``p(x_s|x_t)``, ``[N, L, K]`` in the dtype of the prediction.

        Parameters
        ----------
        prediction : ``p(x_0|x_t)``, ``[N, L, K]``, rows that sum to one without mass on the mask; where ``xt`` is
            visible it is not read.
        xt : ids ``[N, L]``.  s, t : times ``[N]``, ``s < t``.

        Raises
        ------
        TypeError, ValueError : dtypes, shapes, ids and times.
        """
        self._check(prediction, xt, s, t)
        dtype = accumulator(prediction.dtype)
        again, reveal, stay = (v.to(dtype)[:, None] for v in self._probabilities(s, t))
        masked = xt == self.mask
        found = prediction.to(dtype) * torch.where(masked, reveal, 0.0)[..., None]
        found = found.scatter_add(-1, xt.long()[..., None], torch.where(masked, 0.0, 1 - again)[..., None])
        found[..., self.mask] = torch.where(masked, stay, again)
        return found.to(prediction.dtype)

    def step(self, prediction: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        """Draw ``x_s ~ p(x_s|x_t)``: ids ``[N, L]``; arguments and errors as :meth:`kernel`.

        First which positions change, by 53-bit uniforms, then the tokens of those that are revealed.
        """
        checks.generator(generator)
        self._check(prediction, xt, s, t)
        again, reveal, _ = (v[:, None] for v in self._probabilities(s, t))
        masked = xt == self.mask
        change = uniforms(xt.shape, generator, xt.device) < torch.where(masked, reveal, again)
        revealed = change & masked
        tokens = invert(prediction[revealed], uniforms((int(revealed.sum()),), generator, xt.device))
        return torch.where(change, self.mask, xt.long()).masked_scatter(revealed, tokens)

    def _probabilities(self, s: Tensor, t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of masking again, of revealing a mask, and of leaving one, ``[N]`` each; none by subtraction from one."""
        again = self.probability(s, t)
        alpha, noised = self.schedule.alpha(t), self.schedule.one_minus_alpha(t)
        reveal = (self.schedule.drop(s, t) + again * alpha) / noised
        stay = (self.schedule.one_minus_alpha(s) - again * alpha).clamp(min=0) / noised
        return again, reveal.clamp(max=1), stay

    def _check(self, prediction: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> None:
        checks.tensor("xt", xt, checks.IDS)
        checks.shape("xt", xt, ["N", "L"])
        checks.tensor("prediction", prediction, checks.FLOATS)
        checks.shape("prediction", prediction, [*xt.shape, "K"])
        K = prediction.shape[-1]
        checks.integer("mask", self.mask, 0, K - 1)
        checks.ids_in_range("xt", xt, K)
        for name, time in (("s", s), ("t", t)):
            checks.shape(name, time, [xt.shape[0]])
        self.schedule.check_pair(s, t)


__all__ = ["Remasking"]
