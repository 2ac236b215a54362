"""Training objectives of masked diffusion: a time and a mask are drawn, and masked tokens are predicted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from unmask.implementations.noise.schedules import Schedule
from unmask.implementations.numbers import checks
from unmask.implementations.programs import masking
from unmask.implementations.programs.masking import Network
from unmask.implementations.programs.times import Times

Reduction: TypeAlias = Literal[
    "sum",
    "per row",
    "per token",
    "per counted token",
    "per row and counted token",
    "per masked token",
    "rows",
]
REDUCTIONS = (
    "sum",
    "per row",
    "per token",
    "per counted token",
    "per row and counted token",
    "per masked token",
    "rows",
)
Weighting: TypeAlias = Literal["nelbo", "plain"] | Callable[[Tensor], Tensor]


class MaskedObjective:
    """The training loss of masked diffusion, as it is handed to ``backward``.

    Parameters
    ----------
    mask : id of the mask.
    schedule : of the noise, in continuous time; ``None`` is the linear one, ``alpha = 1 - t``.
    masks : ``"by time"``: each position by itself with probability ``1 - alpha(t)`` at a time drawn for the row;
        ``"by count"``: ``k`` positions, uniform on ``1..n`` of the ``n`` that count (Ou et al. 2025, arXiv 2406.03736).
    times : the law of times, over the rows of a batch; of counts, where these are drawn.
    weighting : ``"nelbo"``: ``-alpha'/(1 - alpha)`` over the density of the times (Sahoo et al. 2024, arXiv 2406.07524,
        eq. 10), ``n/k`` where counts are drawn; ``"plain"``: 1; or a function of times ``[N]``.
    reduction : what the sum over positions is divided by: ``"sum"`` nothing, ``"per row"`` the rows, ``"per token"``
        all positions, ``"per counted token"`` those that count, in the whole batch, ``"per row and counted token"``
        those of each row and the rows, ``"per masked token"`` those that are masked; ``"rows"`` returns ``[N]``.
    condition : what the network is told beside the sequence: nothing, ``"time"``, or ``"noise"``, ``-log alpha``.

    Raises
    ------
    TypeError, ValueError : for arguments that say nothing valid, and for a function of times where counts are drawn.
    """

    def __init__(
        self,
        mask: int,
        *,
        schedule: Schedule | None = None,
        masks: Literal["by time", "by count"] = "by time",
        times: Times | None = None,
        weighting: Weighting = "nelbo",
        reduction: Reduction = "per counted token",
        condition: Literal["time", "noise"] | None = None,
    ) -> None:
        masking.check_settings(mask, schedule, condition)
        if masks not in ("by time", "by count"):
            raise ValueError(f"masks must be 'by time' or 'by count', got {masks!r}")
        if reduction not in REDUCTIONS:
            raise ValueError(f"reduction must be one of {', '.join(map(repr, REDUCTIONS))}, got {reduction!r}")
        if not callable(weighting) and weighting not in ("nelbo", "plain"):
            raise ValueError(f"weighting must be 'nelbo', 'plain' or a function of times, got {weighting!r}")
        if times is not None:
            checks.instance("times", times, Times)
        if masks == "by count" and (callable(weighting) or condition is not None or (times or Times()).density):
            raise ValueError("masks must be 'by time' for weights, conditions and densities of time, got 'by count'")
        self.mask, self.schedule, self.masks, self.times = mask, schedule, masks, times or Times()
        self.weighting, self.reduction, self.condition = weighting, reduction, condition

    def __call__(
        self, network: Network, x0: Tensor, counted: Tensor | None = None, *, generator: torch.Generator
    ) -> Tensor:
        """The loss of a batch: one number, ``[N]`` where ``reduction`` is ``"rows"``; nats, float32 or finer.

        ``x0 [N, L]`` ids; ``counted`` bool ``[N, L]``: which positions are noised and paid for, by default all, but no
        prompt and no padding.  The logits of all other positions and of the mask have gradient 0.

        Raises
        ------
        TypeError, ValueError : wrong dtypes and shapes, of the network's output too; the mask in data that counts.
        """
        checks.generator(generator)
        x0, counted = masking.checked(x0, counted, self.mask)
        N, L = x0.shape
        t, density = (found[0] for found in self.times.draw(1, N, generator, x0.device))
        n = counted.sum(-1)
        if self.masks == "by count":
            count = (t * n).ceil().long()
            masked = masking.by_count(counted, count, generator)
            weight = n / count.clamp(min=1).double()
        else:
            masked = masking.by_probability(counted, masking.noised(self.schedule, t), generator)
            weight = masking.weight(self.schedule, t) / density
        if callable(self.weighting):
            weight = self.weighting(t).double()
        elif self.weighting == "plain":
            weight = torch.ones_like(weight)
        xt = torch.where(masked, self.mask, x0)
        output = masking.answers(network, xt, t, self.schedule, self.condition)
        entropy, row = masking.cross_entropies(output, x0, masked, self.mask)
        if self.reduction == "per row and counted token":
            weight = weight / (N * n.clamp(min=1))
        weighted = weight[row].to(entropy.dtype) * entropy
        if self.reduction == "rows":
            return masking.row_sums(weighted, row, N)
        divisors: dict[str, int | Tensor] = {
            "per row": N,
            "per token": N * L,
            "per counted token": counted.sum(),
            "per masked token": masked.sum(),
        }
        divisor = divisors.get(self.reduction, 1)
        return weighted.sum() / (divisor.clamp(min=1) if isinstance(divisor, Tensor) else max(divisor, 1))


__all__ = ["MaskedObjective", "Reduction", "Weighting"]
