"""Mistakes in the closed form of the NELBO under uniform noise (UDLM), where every class may be wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from tests.mutants import formulas as f
from tests.mutants.registry import Right, mutant
from unmask.properties import Process


def nelbo(
    p: Process,
    output: Tensor,
    x0: Tensor,
    xt: Tensor,
    t: Tensor,
    *,
    model: Callable[[Tensor, Tensor], Tensor] = lambda x, alpha: alpha * x,
    at_the_token: bool = True,
    weighed: bool = True,
    exchanged: bool = False,
    paid: Callable[[Tensor, Tensor], Tensor] = lambda x0, xt: torch.ones_like(xt, dtype=torch.bool),
    classes: int = 0,
) -> Tensor:
    """``alpha'/(K alpha) (K/y_i - K/v_i - sum_j y_j/y_i log(v_i y_j/(v_j y_i)))`` at ``i = x_t``, with parts replaced.

    ``y = K alpha x + 1 - alpha``, and ``v`` is the same of the prediction.
    """
    K, alpha = p.K, f.schedule(p).alpha(t.double()).double()[:, None, None]
    x = torch.nn.functional.one_hot(x0, K).double()
    y = K * alpha * x + 1 - alpha
    v = K * model(output.double().softmax(-1), alpha) + 1 - alpha
    if exchanged:
        y, v = v, y
    here = xt.unsqueeze(-1)
    y_i, v_i = y.gather(-1, here), v.gather(-1, here)
    logs = torch.log(v_i * y / (v * y_i)) * (y / y_i if weighed else 1.0)
    inside = (K / y_i - K / v_i).squeeze(-1) * at_the_token - logs.sum(-1)
    # alpha'/alpha is minus the rate.
    pace = f.schedule(p).rate(t.double()).double()[:, None] / (K + classes)
    return torch.where(paid(x0, xt), -pace * inside, 0.0).sum(-1).to(output.dtype)


OF_UDLM: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("uniform-nelbo-forgets-the-token-itself", "K/y_i - K/v_i is left out.", {"at_the_token": False}),
    ("uniform-nelbo-does-not-weigh-its-logarithms", "All classes count alike in the sum.", {"weighed": False}),
    ("uniform-nelbo-divides-by-all-other-classes", "K - 1 stands for K before the bracket.", {"classes": -1}),
    ("uniform-nelbo-exchanges-data-and-model", "The divergence is taken the other way round.", {"exchanged": True}),
    (
        "uniform-nelbo-does-not-noise-its-prediction",
        "The prediction itself stands for that of x_t.",
        {"model": lambda x, alpha: x},
    ),
    (
        "uniform-nelbo-pays-for-changed-tokens-alone",
        "Tokens that are as they were cost nothing, as in masked diffusion.",
        {"paid": lambda x0, xt: x0 != xt},
    ),
)

for _name, _imitates, _own in OF_UDLM:

    def _wrong(
        right: Right,
        p: Process,
        output: Tensor,
        x0: Tensor,
        xt: Tensor,
        t: Tensor,
        parts: Any = _own,
    ) -> Tensor:
        if p.family != "uniform":
            found: Tensor = right.loss(p, output, x0, xt, t)
            return found
        return nelbo(p, output, x0, xt, t, **parts)

    _wrong.__doc__ = _imitates
    mutant(_name, "loss", of=("d3pm_continuous",))(_wrong)
