"""Draws with correct tails.

A float32 uniform has 24 bits: events of probability below 1e-7 are drawn at a wrong rate, or never (Zheng et
al. 2024, arXiv 2409.02908).  All uniforms here have 53 bits, and categories are found by inverting a float64
distribution function.
"""

from __future__ import annotations

import torch
from torch import Tensor

from unmask.implementations.kernels.rows import Rows
from unmask.implementations.numbers import checks

#: Classes that are summed at once.
STRETCH = 256


def uniforms(size: torch.Size | tuple[int, ...], generator: torch.Generator, device: torch.device) -> Tensor:
    """Float64 uniforms in ``[0, 1)``, drawn on the generator's device and then moved to ``device``."""
    drawn = torch.rand(size, generator=generator, dtype=torch.float64, device=generator.device)
    return drawn.to(device)


def categorical(probabilities: Tensor, generator: torch.Generator, validate: bool | None = None) -> Tensor:
    """Draw one class from every row.

    Parameters
    ----------
    probabilities : ``[..., K]`` floats, non-negative; rows need not sum to 1.
    generator : source of randomness; one 53-bit uniform is used per row.
    validate : whether values are checked: always, never, or (``None``) on the CPU.

    Returns
    -------
    ``[...]`` int64 ids.  A class of weight zero is never drawn.

    Raises
    ------
    TypeError : not a floating-point tensor, or not a ``torch.Generator``.
    ValueError : no classes; negative, infinite or NaN entries; a row of zeros.
    """
    checks.tensor("probabilities", probabilities, checks.FLOATS)
    checks.generator(generator)
    if probabilities.ndim == 0 or probabilities.shape[-1] == 0:
        raise ValueError(f"probabilities must have shape [..., K] with K >= 1, got {list(probabilities.shape)}")
    if checks.reads(validate, probabilities):
        checks.weights("probabilities", probabilities)
    if probabilities.dtype == torch.float64:
        # Sums of the largest numbers are infinite, and the smallest ones have few digits.
        probabilities = probabilities / probabilities.amax(-1, keepdim=True)
    return invert(probabilities, uniforms(probabilities.shape[:-1], generator, probabilities.device))


def invert(weights: Tensor, u: Tensor) -> Tensor:
    """The class at quantile ``u`` of every row of ``weights``:
    ``[..., K]`` and ``[...]`` in ``[0, 1)`` to ``[...]``.

    Of many classes, the sums of whole stretches first, and then the one stretch in which the quantile lies.
    """
    weights = weights.detach()
    K = weights.shape[-1]
    if K <= 4 * STRETCH:
        cumulated = weights.to(torch.float64).cumsum(-1)
        return _first_above(cumulated, u * cumulated[..., -1])
    flat, whole = weights.reshape(-1, K), K // STRETCH * STRETCH
    sums = flat.new_empty(flat.shape[0], whole // STRETCH + 1, dtype=torch.float64)
    for block in Rows(None).blocks(flat):
        part = flat[block].to(torch.float64)
        sums[block, :-1] = part[:, :whole].reshape(len(part), -1, STRETCH).sum(-1)
        sums[block, -1] = part[:, whole:].sum(-1)
    cumulated = sums.cumsum(-1)
    value = u.flatten() * cumulated[:, -1]
    stretch = _first_above(cumulated, value).unsqueeze(-1)
    below = torch.where(stretch > 0, cumulated.gather(-1, (stretch - 1).clamp(min=0)), 0.0)
    place = stretch * STRETCH + torch.arange(STRETCH, device=weights.device)
    inside = flat.gather(-1, place.clamp(max=K - 1)).to(torch.float64).masked_fill(place >= K, 0.0).cumsum(-1)
    found = _first_above(inside, value - below.squeeze(-1))
    return (stretch.squeeze(-1) * STRETCH + found).reshape(u.shape)


def _first_above(cumulated: Tensor, value: Tensor) -> Tensor:
    """The first class whose cumulated weight is more than ``value``: ``[..., K]`` and ``[...]`` to ``[...]``.

    A value can round up to the total itself; the last class of positive weight then takes it.
    """
    found = torch.searchsorted(cumulated, value.unsqueeze(-1), right=True)
    last = torch.searchsorted(cumulated, cumulated[..., -1:].contiguous(), right=False)
    return torch.minimum(found, last).squeeze(-1)
