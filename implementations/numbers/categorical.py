"""Draws with correct tails.

A float32 uniform has 24 bits: events of probability below 1e-7 are drawn at a wrong rate, or never (Zheng et
al. 2024, arXiv 2409.02908).  All uniforms here have 53 bits, and categories are found by inverting a float64
distribution function.
"""

from __future__ import annotations

import torch
from torch import Tensor

from unmask.implementations.numbers import checks


def uniforms(size: torch.Size | tuple[int, ...], generator: torch.Generator, device: torch.device) -> Tensor:
    """Float64 uniforms in ``[0, 1)``, drawn on the generator's device and then moved to ``device``."""
    drawn = torch.rand(size, generator=generator, dtype=torch.float64, device=generator.device)
    return drawn.to(device)


def categorical(probabilities: Tensor, generator: torch.Generator, validate: bool = True) -> Tensor:
    """Draw one class from every row.

    Parameters
    ----------
    probabilities : ``[..., K]`` floats, non-negative; rows need not sum to 1.
    generator : source of randomness; one 53-bit uniform is used per row.
    validate : check the values (forces a device synchronization).

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
    if validate:
        checks.weights("probabilities", probabilities)
    return invert(probabilities, uniforms(probabilities.shape[:-1], generator, probabilities.device))


def invert(weights: Tensor, u: Tensor) -> Tensor:
    """The class at quantile ``u`` of every row of ``weights``:
    ``[..., K]`` and ``[...]`` in ``[0, 1)`` to ``[...]``.
    """
    cumulated = weights.detach().to(torch.float64).cumsum(-1)
    total = cumulated[..., -1:].contiguous()
    found = torch.searchsorted(cumulated, (u.unsqueeze(-1) * total), right=True)
    # u * total can round up to total itself; the last class of positive weight then takes it.
    last = torch.searchsorted(cumulated, total, right=False)
    return torch.minimum(found, last).squeeze(-1)
