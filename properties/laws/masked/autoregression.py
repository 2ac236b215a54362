"""Autoregression as a diffusion that masks one token a step, from the right."""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, close
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats
from unmask.properties.subjects.processes.vocabulary import Vocabulary
from unmask.properties.subjects.tables.classes import Model
from unmask.reference.masked import autoregression as reference
from unmask.reference.masked.masked_language_model import predict_from_table
from unmask.reference.numbers import sequences

CHAPTER = "Masked diffusion"


def _read(p: Vocabulary, model: Model) -> Any:
    """The table as a masked language model: its prediction at masks, with carry-over of visible tokens."""
    assert p.mask is not None
    return predict_from_table(model.predicted_table(0), p.K, p.mask)


@law(
    chapter=CHAPTER,
    tex=r"\sum_{t=1}^{L} \ell(x_0, x_t, t) = L_{vb} = \sum_{i=1}^{L} -\log p_\theta\left(x_0^i | x_0^1, \ldots, x_0^{i-1}\right)",
    cites="Austin et al. 2021, sec. 4 (autoregression)",
    mutants=("next-token-loss-one-position-late", "next-token-loss-lets-the-mask-compete"),
    about=About(kind="autoregression"),
)
def autoregression_is_a_diffusion(next_token_loss: Any, p: Vocabulary, x0: Array, model: Model) -> list[Claim]:
    """Masking one token a step, from the right: the NELBO of this D3PM is the cross-entropy of the next tokens"""
    model = model.frozen()
    assert p.mask is not None
    L, mask = model.L, p.mask
    predict = _read(p, model)
    found: Any = 0
    for t in range(1, L + 1):
        xt = np.stack([reference.masked_from_the_right(x, t, mask) for x in x0])
        found = found + next_token_loss(p, model.output(xt, 0), x0, xt, [t] * len(x0))
    bound = np.array([reference.nelbo(predict, x, p.K, mask) for x in x0])
    surprise = np.array([reference.autoregressive_nll(predict, x) for x in x0])
    names, ops, scale = (("x0", x0),), 4 * p.K * L + 8, 1 + np.abs(floats(surprise))
    return [
        close(found, bound, ops=ops, scale=scale, names=names, label="the variational bound"),
        close(found, surprise, ops=ops, scale=scale, names=names, label="the cross-entropy of the next tokens"),
    ]


@law(
    chapter=CHAPTER,
    tex=r"p_\theta(x_{t-1}|x_t) = p_\theta\left(x^{L-t} | x_t\right) \prod_{i \ne L-t} \delta_{x_t^i}",
    cites="Austin et al. 2021, sec. 4 (tagged tokens) and eq. 4",
    mutants=("next-token-reverse-from-the-left",),
    about=About(kind="autoregression"),
    drawn=Drawn(L=2),
)
def autoregression_reveals_one_token_a_step(next_token_reverse: Any, p: Vocabulary, x0: Array, model: Model) -> Claim:
    """Autoregression's reverse step is that of the D3PM over position-tagged tokens: one token is drawn, all others stay"""
    model = model.frozen()
    assert p.mask is not None
    L, mask, many = model.L, p.mask, p.K * model.L
    kernel = reference.tagged_kernel(_read(p, model), L, p.K, mask)
    found, truth = [], []
    for t in range(1, L + 1):
        xt = np.unique(np.stack([reference.masked_from_the_right(x, t, mask) for x in x0]), axis=0)
        times = [[u] * len(xt) for u in (t - 1, t)]
        found.append(next_token_reverse(p, model.output(xt, 0), xt, *times))
        rows = kernel(t - 1, t)[sequences.sequence_index(reference.tagged(xt, p.K), many)]
        truth.append(np.stack([rows[:, i, i * p.K : (i + 1) * p.K] for i in range(L)], axis=1))
    return close(np.concatenate(found), np.concatenate(truth), ops=2 * p.K + 8, names=("row", "position", "x_s"))
