r"""D3PM's head for ordinal classes: a logistic bump, cut into K bins and renormalized.

Level ``k`` sits at ``-1 + 2k/(K-1)`` in a bin of width ``2/(K-1)`` with edges ``a < b``; its logit is ``log(F(b) -
F(a))`` with the logistic distribution function ``F(x) = sigmoid((x - location) e^{-log_scale})``.  Truncated: the
tails beyond the outer bins are cut off, not given to the ends (Austin et al. 2021, arXiv 2107.03006, appendix A.8).

No difference need be formed: ``sigmoid(v) - sigmoid(u) = sigmoid(v) sigmoid(-u) (1 - e^{u-v})``, whose last factor
is the same for all bins and cancels.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from unmask.implementations.numbers import checks
from unmask.implementations.numbers.logspace import accumulator


def truncated_logistic(location: Tensor, log_scale: Tensor, K: int, *, validate: bool | None = None) -> Tensor:
    """Log-probabilities of ``K`` ordinal levels, nats: ``[N, L]``, ``[N, L]`` to ``[N, L, K]``.

    Parameters
    ----------
    location, log_scale : finite floats of one shape (any, ``[N, L]`` in the suite) and dtype; the levels span
        ``[-1, 1]``.  The paper's code shifts its network's log scale by -2 first; that is left to the network.
    K : number of levels, at least 2.
    validate : whether NaN and infinite parameters are looked for: always, never, or (``None``) on the CPU.

    Normalized over the levels; a fit ``output`` for :class:`~unmask.implementations.d3pm.d3pm.D3PM`.  In the dtype of
    ``location``; half precision is computed in float32.  Wide scales end in the uniform law, narrow ones at the
    level nearest to ``location``, others getting ``-inf`` where the exponent overflows.  Scales of less than about
    1/(the dtype's largest number) count as that, with gradient 0 in ``log_scale``.  Gradients are not NaN.

    Raises
    ------
    TypeError : not floats, or different dtypes; ``K`` not an int.  ValueError : shapes that differ, ``K < 2``, NaN
        or infinite parameters.
    """
    checks.tensor("location", location, checks.FLOATS)
    checks.tensor("log_scale", log_scale, (location.dtype,))
    checks.shape("log_scale", log_scale, list(location.shape))
    checks.integer("K", K, 2)
    for name, value in (("location", location), ("log_scale", log_scale)):
        if checks.reads(validate, value):
            checks.finite(name, value)
    dtype = accumulator(location.dtype)
    steepest = 0.99 * math.log(torch.finfo(dtype).max)
    sharpness = torch.exp(-log_scale.to(dtype).clamp(min=-steepest)).unsqueeze(-1)
    # Edges at odd multiples of half a bin: exactly symmetric about 0.
    edges = torch.arange(-K, K + 1, 2, device=location.device).to(dtype) / (K - 1)
    low, high = edges[:-1], edges[1:]
    centre = location.to(dtype).unsqueeze(-1)
    # log sigmoid(v) = min(v, 0) - log1p(e^-|v|).  The first parts of both factors add up to the distance between
    # the bin and the location; of a location outside, to that of the nearer end, up to what all bins share.
    inside = centre.clamp(-K / (K - 1), K / (K - 1))
    zero = torch.zeros((), dtype=dtype, device=location.device)
    # maximum, unlike relu, has the derivative 1/2 in its corner, as the smooth whole has.
    distance = torch.maximum(inside - high, zero) + torch.maximum(low - inside, zero)
    corner = torch.log1p(torch.exp(-(edges - centre).abs() * sharpness))
    logits = -distance * sharpness - corner[..., 1:] - corner[..., :-1]
    return logits.log_softmax(-1).to(location.dtype)
