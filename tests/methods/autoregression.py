"""Autoregression: the diffusion that masks one token a step, from the right.

Its positions are not corrupted independently, so that of all laws only those about it apply.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from torch import Tensor

from unmask.implementations import Autoregression
from unmask.properties import Method, Process, processes
from unmask.reference.autoregression import masked_from_the_right
from unmask.reference.corruption import one_hot
from unmask.reference.numbers import common
from unmask.reference.reverse import subs_denoiser
from unmask.reference.transcendental import log

SPACE: dict[str, Any] = {"clock": "discrete", "mask": "any"}


@lru_cache(maxsize=256)
def build(p: Process, L: int) -> Autoregression:
    assert p.mask is not None
    return Autoregression(L, p.K, p.mask, dtype=p.dtype)


def next_token_loss(p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    return build(p, xt.shape[1]).loss(output, x0, xt, t)


def next_token_reverse(p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    return build(p, xt.shape[1]).reverse(output, xt, s, t)


AUTOREGRESSION = Method(
    name="autoregression",
    processes=processes("absorbing", **SPACE),
    parameterization="subs",
    next_token_loss=next_token_loss,
    next_token_reverse=next_token_reverse,
)


def exact_reverse(p: Process, output: Any, xt: Any, s: Any, t: Any) -> Any:
    """All on the token that is there, but for the position that a step reveals, which is drawn from the prediction."""
    assert p.mask is not None
    law = one_hot(xt, p.K)
    law, drawn = common(law, output)
    for row, (first, last) in enumerate(zip(s, t, strict=True)):
        for i in range(xt.shape[1] - int(last), xt.shape[1] - int(first)):
            if xt[row, i] == p.mask:
                law[row, i] = subs_denoiser(drawn[row : row + 1], xt[row : row + 1], p.mask)[0, i]
    return law


def exact_loss(p: Process, output: Any, x0: Any, xt: Any, t: Any) -> Any:
    """KL from the posterior, which is certain of the sequence before, to the reverse kernel."""
    kernel = exact_reverse(p, output, xt, [int(late) - 1 for late in t], t)
    before = np.stack(
        [masked_from_the_right(x, int(late) - 1, int(p.mask or 0)) for x, late in zip(x0, t, strict=True)]
    )
    return -log(np.take_along_axis(kernel, before[..., None], -1)).sum((-1, -2))


REFERENCE = Method(
    name="reference/autoregression",
    processes=processes("absorbing", K=(2, 4), T=(1, 4), **SPACE),
    parameterization="subs",
    arrays="exact",
    next_token_loss=exact_loss,
    next_token_reverse=exact_reverse,
)
