"""Guidance of a prediction of tokens: without a classifier, and by one."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from unmask.implementations.kernels.rows import ruled_out
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.logspace import accumulator


def guide(conditional: Tensor, unconditional: Tensor, weight: float, *, mask: int | None = None) -> Tensor:
    """``log p`` of ``p_c^(1 + weight) p_u^(-weight)``, normalized over the classes but the mask: ``[..., K]``.

    Nie et al. 2025 (arXiv 2410.18514); ``weight`` 0 is the conditional prediction, -1 the unconditional one.  Schiff et
    al. 2024 (arXiv 2412.10193, sec. 3.1), for uniform noise too, have ``1 + weight`` for a parameter.

    Parameters
    ----------
    conditional, unconditional : logits ``[..., K]`` of one shape and dtype; those of the mask may be anything.  A
        class that either rules out, ``-inf``, is ruled out.
    weight : any finite number.
    mask : id of the mask, which gets ``-inf``; ``None`` where noise has none.

    Raises
    ------
    TypeError, ValueError : dtypes, shapes, a weight that is not finite, a mask that is no class.
    """
    _check(conditional, unconditional, ("conditional", "unconditional"), mask)
    checks.number("weight", weight, -math.inf, math.inf, strict="low high")
    given = _log_p(conditional, mask), _log_p(unconditional, mask)
    # Of two infinities there is no difference: they are kept out of it.
    out = (given[0] == -math.inf) | (given[1] == -math.inf)
    first, second = (torch.where(out, 0.0, z) for z in given)
    logs = (first + weight * (first - second)).masked_fill(out, -math.inf)
    return logs.log_softmax(-1).to(conditional.dtype)


def guide_by_classifier(
    unconditional: Tensor, classifier: Tensor, strength: float, *, mask: int | None = None
) -> Tensor:
    """``log p`` of ``p_u p(y|·)^strength``, normalized over the classes but the mask: ``[..., K]``.

    Schiff et al. 2024 (arXiv 2412.10193, sec. 3.2).  ``classifier [..., K]`` is ``log p(y|x)`` where a position holds
    each class, finite or ``-inf``; ``strength`` is at least 0.  Other arguments and errors as :func:`guide`.
    """
    _check(unconditional, classifier, ("unconditional", "classifier"), mask)
    checks.number("strength", strength, 0.0, math.inf, strict="high")
    log_p = _log_p(unconditional, mask)
    if strength == 0:
        return log_p.to(unconditional.dtype)
    ours = classifier.to(log_p.dtype)
    if mask is not None:
        ours = ours.index_fill(-1, torch.tensor([mask], device=classifier.device), 0.0)
    return (log_p + strength * ours).log_softmax(-1).to(unconditional.dtype)


def _log_p(logits: Tensor, mask: int | None) -> Tensor:
    given = logits.to(accumulator(logits.dtype))
    return (given if mask is None else ruled_out(given, mask)).log_softmax(-1)


def _check(first: Tensor, second: Tensor, names: tuple[str, str], mask: int | None) -> None:
    checks.tensor(names[0], first, checks.FLOATS)
    checks.tensor(names[1], second, (first.dtype,))
    if first.ndim == 0:
        raise ValueError(f"{names[0]} must have shape [..., K], got []")
    checks.shape(names[1], second, list(first.shape))
    if mask is not None:
        checks.integer("mask", mask, 0, first.shape[-1] - 1)


__all__ = ["guide", "guide_by_classifier"]
