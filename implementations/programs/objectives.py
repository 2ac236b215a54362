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
        eq. 10), ``n/k`` where counts are drawn; ``"plain"``: 1; or a function of times ``[R]``.
    reduction : what the sum over positions is divided by: ``"sum"`` nothing, ``"per row"`` the rows, ``"per token"``
        all positions, ``"per counted token"`` those that count, in the whole batch, ``"per row and counted token"``
        those of each row and the rows, ``"per masked token"`` those that are masked; ``"rows"`` returns ``[N]``.
    condition : what the network is told beside the sequence: nothing, ``"time"``, or ``"noise"``, ``-log alpha``.
    time_block : how many positions, from the start of a row, share a time, or a count, and have a weight of their own
        (block diffusion, Arriola et al. 2025, arXiv 2503.09573; 1 is diffusion forcing); by default all of a row.  A
        network that is told the time is told one for each position, ``[N, L]``.
    clean_copy : ``"after"`` or ``"before"``: the network is shown the clean row as well, in one sequence of twice the
        length, and told of time 0 there; nothing is paid for it.

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
        time_block: int | None = None,
        clean_copy: Literal["after", "before"] | None = None,
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
        if time_block is not None:
            checks.integer("time_block", time_block, 1)
        if clean_copy not in (None, "after", "before"):
            raise ValueError(f"clean_copy must be 'after', 'before' or None, got {clean_copy!r}")
        self.time_block, self.clean_copy = time_block, clean_copy
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
        length = max(L, 1) if self.time_block is None else self.time_block
        blocks = -(-L // length)
        t, density = (found[0] for found in self.times.draw(1, N * blocks, generator, x0.device))
        # The block of each position, among those of all rows.
        block = torch.arange(N, device=x0.device)[:, None] * blocks + torch.arange(L, device=x0.device) // length
        if self.masks == "by count":
            parts = masking.in_blocks(counted, length)
            n = parts.sum(-1)
            count = (t * n).ceil().long()
            masked = masking.by_count(parts, count, generator).reshape(N, blocks * length)[:, :L]
            weight = n / count.clamp(min=1).double()
        else:
            masked = masking.by_probability(counted, masking.noised(self.schedule, t)[block], generator)
            weight = masking.weight(self.schedule, t) / density
        if callable(self.weighting):
            weight = self.weighting(t).double()
        elif self.weighting == "plain":
            weight = torch.ones_like(weight)
        shown = masking.beside(torch.where(masked, self.mask, x0), x0, self.clean_copy)
        at = t
        if self.time_block is not None or self.clean_copy is not None:
            at = masking.beside(t[block], torch.zeros_like(t[block]), self.clean_copy)
        output = masking.answers(network, shown, at, self.schedule, self.condition)
        paid = masking.beside(masked, torch.zeros_like(masked), self.clean_copy)
        entropy, row, column = masking.cross_entropies(
            output, masking.beside(x0, x0, self.clean_copy), paid, self.mask
        )
        weight = weight[block[row, column % max(L, 1)]]
        if self.reduction == "per row and counted token":
            weight = weight / (N * counted.sum(-1).clamp(min=1))[row]
        weighted = weight.to(entropy.dtype) * entropy
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
