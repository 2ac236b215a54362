"""Autoregression as a diffusion: the noise that masks one token a step, from the right."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

import numpy as np

from unmask.properties.subjects.capability import Capability
from unmask.properties.subjects.inputs import Inputs
from unmask.properties.subjects.kind import Kind, enter
from unmask.properties.subjects.kinds.classes import answer, clean_batch, network
from unmask.properties.subjects.processes.vocabulary import Vocabulary
from unmask.properties.subjects.shapes import Generator, Ids, Network, PerClass, PerRow, Size, Times

Array: TypeAlias = Any


class TokenByToken(Protocol):
    """Autoregression as a diffusion, for a vocabulary ``p`` with a mask.

    The conventions; arguments come by keyword:

    * sequences are ``int64`` tensors ``[N, L]``; ``K`` counts the mask;
    * time is ``0..L``, ``int64 [N]``: at time ``t`` the last ``t`` positions are masked, for certain, and a step back
      from ``t`` to ``s`` reveals the first masked ones;
    * ``output`` is a network's logits for ``x_t``, ``[N, L, K]``, read as MDLM's (``"subs"``): no mass on the mask,
      visible tokens carried over;
    * losses are in nats, summed over positions.
    """

    def next_token_noisy(self, x0: Ids, t: Times) -> Ids:
        """``x_t``, of which there is only one."""
        ...

    def next_token_marginal(self, x0: Ids, t: Times) -> PerClass:
        """``q(x_t^i | x_0)``."""
        ...

    def next_token_posterior(self, x0: Ids, xt: Ids, s: Times, t: Times) -> PerClass:
        """``q(x_s^i | x_t, x_0)``."""
        ...

    def next_token_prior_kl(self, x0: Ids) -> PerRow:
        """``KL(q(x_L|x_0) || prior)``, nats."""
        ...

    def next_token_denoise(self, output: PerClass, xt: Ids, t: Times) -> PerClass:
        """Probabilities of ``x_0`` that the output stands for."""
        ...

    def next_token_loss(self, output: PerClass, x0: Ids, xt: Ids, t: Times) -> PerRow:
        """The NELBO's term of step ``t``: the cross-entropy of the token that it reveals."""
        ...

    def next_token_reverse(self, output: PerClass, xt: Ids, s: Times, t: Times) -> PerClass:
        """``p_theta(x_s^i | x_t)``, where ``s = t - 1``."""
        ...

    def next_token_step(self, output: PerClass, xt: Ids, s: Times, t: Times, generator: Generator) -> Ids:
        """Draws of ``x_s`` given ``x_t``; positions that ``s < t - 1`` reveals together are drawn independently."""
        ...

    def next_token_generate(self, network: Network, N: Size, L: Size, generator: Generator) -> Ids:
        """Whole samples, a token each step."""
        ...


def situation(
    given: Inputs, subject: Any, N: int, one_time: bool, other: int, ends: Capability | None = None
) -> dict[str, Any]:
    """A value for every argument that there is."""
    del ends
    rng = np.random.default_rng([given.seed + other, 11])
    every = clean_batch(given)
    x0 = every[rng.integers(0, len(every), N)]
    L = x0.shape[1]
    t = np.full(N, rng.integers(1, L + 1)) if one_time else rng.integers(1, L + 1, N)
    xt = np.where(np.arange(L) >= L - t[:, None], given.p.mask, x0)
    model = network(given, subject).frozen()
    return {
        "x0": x0,
        "xt": xt,
        "s": (t - 1).tolist(),
        "t": t.tolist(),
        "output": model.output(xt, 0),
        "network": model,
        "N": N,
        "L": L,
        "generator": given.seed + other,
    }


AUTOREGRESSION = enter(
    Kind(
        name="autoregression",
        title="Autoregression as a diffusion",
        vocabulary=TokenByToken,
        process=Vocabulary,
        outputs={"subs": "logits; no mass on the mask, visible tokens carried over"},
        derivatives={"next_token_gradient": ("next_token_loss", "output")},
        draws={"x0": lambda given, subject: clean_batch(given), "model": network},
        situation=situation,
        exempt={"positions_may_be_permuted": "treats positions by their order"},
        answer=answer,
    )
)

__all__ = ["AUTOREGRESSION", "TokenByToken"]
