"""Estimates of the bound on ``-log p(x_0)``: evaluation, log-likelihood of an answer given a prompt, perplexity."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from unmask.implementations.noise.schedules import Schedule
from unmask.implementations.numbers import checks
from unmask.implementations.programs import masking
from unmask.implementations.programs.masking import Network
from unmask.implementations.programs.times import Times

ESTIMATES = ("by count", "by time", "exact")


class _Samples(NamedTuple):
    """Masked versions of rows: the row of each in the batch, ``[R]``, what is masked, ``[R, L]``, weight and time."""

    row: Tensor
    masked: Tensor
    weight: Tensor
    t: Tensor | None


class MaskedBound:
    """The NELBO of masked diffusion in continuous time, of the positions that count given all others.

    Parameters
    ----------
    mask : id of the mask.
    estimate : ``"by count"``: each sample masks ``k`` of the ``n`` positions that count, ``k`` uniform on ``1..n``, and
        is weighed with ``n/k`` (Nie et al. 2025, arXiv 2502.09992); a blind network then costs ``n log C`` in every
        draw, whatever the schedule.  ``"by time"``: each position by itself at a time, with the weight
        ``-alpha'/(1 - alpha)``, as where the network reads the time.  ``"exact"``: all ``2^n - 1`` sets.
    samples : masked versions of each row; ignored where the estimate is exact.
    times : the law of times, and of counts, over the samples of a row; stratified by default, which has the smallest
        variance.
    schedule : as for :class:`~unmask.implementations.programs.objectives.MaskedObjective`.
    condition : as there; a network that reads the time is estimated ``"by time"``.
    micro_batch : sequences that are shown to the network at once.
    most_sets : of a row, where the estimate is exact.

    Raises
    ------
    TypeError, ValueError : for arguments that say nothing valid; a ``condition`` where no times are drawn.
    """

    def __init__(
        self,
        mask: int,
        *,
        estimate: Literal["by count", "by time", "exact"] = "by count",
        samples: int = 128,
        times: Times | None = None,
        schedule: Schedule | None = None,
        condition: Literal["time", "noise"] | None = None,
        micro_batch: int = 32,
        most_sets: int = 2**16,
    ) -> None:
        masking.check_settings(mask, schedule, condition)
        if estimate not in ESTIMATES:
            raise ValueError(f"estimate must be one of {', '.join(map(repr, ESTIMATES))}, got {estimate!r}")
        checks.integer("samples", samples, 1)
        checks.integer("micro_batch", micro_batch, 1)
        checks.integer("most_sets", most_sets, 1)
        if times is not None:
            checks.instance("times", times, Times)
        if estimate != "by time" and (condition is not None or (times is not None and times.density is not None)):
            raise ValueError(f"estimate must be 'by time' for conditions and densities of time, got {estimate!r}")
        self.mask, self.estimate, self.samples = mask, estimate, samples
        self.times = Times("stratified") if times is None else times
        self.schedule, self.condition = schedule, condition
        self.micro_batch, self.most_sets = micro_batch, most_sets

    @torch.no_grad()
    def bound(
        self, network: Network, x0: Tensor, counted: Tensor | None = None, *, generator: torch.Generator
    ) -> Tensor:
        """An estimate of the bound of each row, summed over its positions: ``[N]`` float64 nats.

        ``x0 [N, L]`` ids; ``counted`` bool ``[N, L]``: an answer, but no prompt and no padding; by default all.  A row
        in which nothing counts costs 0.  Samples without a mask cost nothing and are not shown.

        Raises
        ------
        TypeError, ValueError : wrong dtypes and shapes, of the network's output too; the mask in data that counts; more
            sets than ``most_sets``, where the estimate is exact.
        """
        checks.generator(generator)
        x0, counted = masking.checked(x0, counted, self.mask)
        total = torch.zeros(len(x0), dtype=torch.float64, device=x0.device)
        for row, masked, weight, t in self._parts(counted, generator):
            clean = x0[row]
            xt = torch.where(masked, self.mask, clean)
            output = masking.answers(network, xt, t, self.schedule, self.condition)
            entropy, at, _ = masking.cross_entropies(output, clean, masked, self.mask)
            total.index_add_(0, row[at], weight[at] * entropy.double())
        return total

    def log_likelihood(
        self, network: Network, x0: Tensor, counted: Tensor | None = None, *, generator: torch.Generator
    ) -> Tensor:
        """The bound from below on ``log p(x_0)``, ``[N]`` float64 nats; arguments and errors as :meth:`bound`."""
        return -self.bound(network, x0, counted, generator=generator)

    def perplexity(
        self, network: Network, x0: Tensor, counted: Tensor | None = None, *, generator: torch.Generator
    ) -> Tensor:
        """``exp`` of the bound of all rows together over the positions that count: one number, float64.

        Arguments and errors as :meth:`bound`; ``ValueError`` where no position counts.
        """
        every = x0.numel() if counted is None else int(counted.sum())
        if not every:
            raise ValueError("counted must hold a position that counts, got none")
        return (self.bound(network, x0, counted, generator=generator).sum() / every).exp()

    # ------------------------------------------------------------------ inside
    def _parts(self, counted: Tensor, generator: torch.Generator) -> Iterator[_Samples]:
        """All samples that have a mask, in micro-batches."""
        for part in self._sets(counted) if self.estimate == "exact" else self._draws(counted, generator):
            shown = part.masked.any(-1)
            if bool(shown.any()):
                yield _Samples(*(None if v is None else v[shown] for v in part))  # type: ignore[arg-type]

    def _draws(self, counted: Tensor, generator: torch.Generator) -> Iterator[_Samples]:
        N, S = len(counted), self.samples
        times, densities = (found.flatten() for found in self.times.draw(N, S, generator, counted.device))
        rows = torch.arange(N, device=counted.device).repeat_interleave(S)
        for row, t, density in zip(*(torch.split(v, self.micro_batch) for v in (rows, times, densities)), strict=True):
            counts = counted[row]
            if self.estimate == "by count":
                n = counts.sum(-1)
                # t is uniform on (0, 1], so that its n-th part rounded up is uniform on 1..n, in strata where it is.
                k = (t * n).ceil().long()
                yield _Samples(row, masking.by_count(counts, k, generator), n / k.clamp(min=1).double() / S, None)
            else:
                masked = masking.by_probability(counts, masking.noised(self.schedule, t), generator)
                yield _Samples(row, masked, masking.weight(self.schedule, t) / density / S, t)

    def _sets(self, counted: Tensor) -> Iterator[_Samples]:
        """Every set of positions that count, with the weight ``(m - 1)! (n - m)!/n!`` of one of size ``m``."""
        for r, places in enumerate(row.nonzero().squeeze(-1) for row in counted):
            n = len(places)
            if 2**n - 1 > self.most_sets:
                raise ValueError(
                    f"most_sets must be at least {2**n - 1} for {n} positions that count, got {self.most_sets}"
                )
            for number in torch.split(torch.arange(1, 2**n, device=counted.device), self.micro_batch):
                bits = (number[:, None] >> torch.arange(n, device=counted.device)) & 1 == 1
                masked = torch.zeros(len(number), counted.shape[1], dtype=torch.bool, device=counted.device)
                masked[:, places] = bits
                size = bits.sum(-1).double()
                weight = (torch.lgamma(size) + torch.lgamma(n - size + 1) - math.lgamma(n + 1)).exp()
                yield _Samples(torch.full_like(number, r), masked, weight, None)


__all__ = ["MaskedBound"]
