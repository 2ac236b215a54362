"""What an estimate of the bound makes of a batch: rows, positions that do not count, and the perplexity of all."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from unmask.properties.claims.claim import Claim, at_least, close, exact
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.programs.evaluated import CERTAIN, blind_network, log_p
from unmask.properties.subjects.kinds.programs import Batch
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.tables.recording import RULED_OUT, RecordingNetwork

CHAPTER = "Programs: bounds"


@law(
    chapter=CHAPTER,
    tex=r"\hat{\mathcal{L}}(x_0) = \hat{\mathcal{L}}(x_0') \quad\text{if } x_0 = x_0' \text{ where it counts}",
    cites="Nie et al. 2025, eq. 6 (the prompt is given)",
    mutants=("bound-pays-the-prompt", "bound-takes-padding-for-its-own"),
    about=About(
        kind="programs",
        subjects=lambda s: "knows neither prompts nor padding" if s.counted == "everywhere" else "",
    ),
    drawn=Drawn(floating=True),
)
def what_a_bound_does_not_count_does_not_matter(
    bound: Any, p: Process, batch: Batch, network: RecordingNetwork, seed: int
) -> list[Claim]:
    """Other tokens where nothing counts change no row, if they change no answer; a row in which nothing counts costs 0"""
    if batch.counted.all():
        raise Unanswerable("every position counts")
    clean = np.array(p.clean)
    after = clean[(np.searchsorted(clean, batch.x0) + 1 + seed % (len(clean) - 1)) % len(clean)]
    other = np.where(batch.counted, batch.x0, after)
    blind = blind_network(network, "blind", seed)
    first = bound(p, blind, batch.x0, batch.counted, seed)
    second = bound(p, blind, other, batch.counted, seed)
    nothing = ~batch.counted.any(-1)
    return [
        exact(first, second, names=("row",), label="a row's bound, and with other tokens where nothing counts"),
        exact(first, np.zeros_like(first), where=nothing, names=("row",), label="a row in which nothing counts"),
    ]


class _Certain(RecordingNetwork):
    """A network that is certain of one class, everywhere."""

    token = 0

    def logits(self, ids: Tensor, time: Any = None) -> Tensor:
        """What it answers, ``[n, L, K]``."""
        found = torch.zeros(*ids.shape, self.K, dtype=torch.float64)
        found[..., self.token] = CERTAIN
        found[..., self.mask or 0] = RULED_OUT
        return (found.log_softmax(-1) if self.log_probabilities else found).to(self.dtype).to(self.device)


@law(
    chapter=CHAPTER,
    tex=r"p_\theta(x_0^{(n)}) = 1 \implies \hat{\mathcal{L}}^{(n)} = 0",
    cites="batching: an example's result does not depend on its neighbours in the batch",
    mutants=("bound-averages-over-rows", "bound-sorts-its-rows"),
    about=About(kind="programs"),
    drawn=Drawn(floating=True),
)
def rows_of_a_bound_are_their_own(
    bound: Any, p: Process, batch: Batch, network: RecordingNetwork, seed: int
) -> list[Claim]:
    """A row of which the network is certain costs nothing, whatever the other rows of the batch are"""
    sure = _Certain(p.K, p.mask, mask_ruled_out=True, dtype=network.dtype, device=network.device)
    sure.log_probabilities = network.log_probabilities
    sure.token = p.clean[0]
    rng = np.random.default_rng([seed, 101])
    known = rng.permutation(np.arange(len(batch.x0)) % 2 == 0)
    x0 = np.where(known[:, None], p.clean[0], p.clean[1]) + np.zeros_like(batch.x0)
    found = bound(p, sure, x0, batch.counted, seed)
    names = ("row",)
    return [
        exact(found, np.zeros_like(found), where=known, names=names, label="a row that the network knows"),
        at_least(found, np.zeros_like(found), ops=0, where=~known, names=names, label="a row that it does not know"),
    ]


@law(
    chapter=CHAPTER,
    tex=r"\mathrm{PPL} = \exp\frac{\sum_n \hat{\mathcal{L}}^{(n)}}{\sum_n |\mathrm{counted}^{(n)}|}",
    cites="perplexity: the exponential of what a token costs",
    mutants=(
        "perplexity-averages-exponentials",
        "perplexity-counts-the-prompt",
        "perplexity-averages-rows",
        "perplexity-in-bits",
    ),
    about=About(kind="programs"),
    drawn=Drawn(floating=True),
)
def perplexity_is_the_exponential_of_the_bound_per_token(
    perplexity: Any, p: Process, batch: Batch, network: RecordingNetwork, seed: int
) -> list[Claim]:
    """Perplexity is exp of the bound of all rows together over the positions that count: C of a network without knowledge"""
    subject = perplexity.subject
    total = int(batch.counted.sum())
    shown = 0
    claims = []
    bound = perplexity.offers("bound")
    if bound is None and subject.estimate in ("by count", "exact"):
        flat = blind_network(network, "flat")
        prepared = perplexity.prepare(p, flat, batch.x0, batch.counted, seed)
        value = np.asarray(perplexity.read(perplexity.run(prepared), prepared))
        shown = sum(call.ids.numel() for call in flat.calls)
        each = -float(log_p(p, subject, flat)(batch.x0[:1])[0, 0, p.clean[0]])
        ops = (4 * p.K + 4 * shown + 64) * (1 + each)
        claims.append(close(value, np.exp(each), ops=ops, scale=np.exp(each), label="of a network without knowledge"))
    if bound is not None:
        prepared = bound.prepare(p, network, batch.x0, batch.counted, seed)
        network.forget()
        rows = bound.read(bound.run(prepared), prepared)
        before = [call.ids.cpu().numpy() for call in network.calls]
        prepared = perplexity.prepare(p, network, batch.x0, batch.counted, seed)
        network.forget()
        value = np.asarray(perplexity.read(perplexity.run(prepared), prepared))
        after = [call.ids.cpu().numpy() for call in network.calls]
        alike = len(before) == len(after) and all(
            a.shape == b.shape and (a == b).all() for a, b in zip(before, after, strict=True)
        )
        if alike:
            shown = sum(ids.size for ids in before)
            mean = float(rows.sum()) / total
            ops = (4 * p.K + 4 * shown + 64) * (1 + mean)
            label = "exp of the sum of the bounds of its rows, over the positions that count"
            claims.append(close(value, np.exp(mean), ops=ops, scale=np.exp(mean), label=label))
    if not claims:
        raise Unanswerable("nothing is known of the bound that it is the exponential of")
    return claims


__all__ = [
    "perplexity_is_the_exponential_of_the_bound_per_token",
    "rows_of_a_bound_are_their_own",
    "what_a_bound_does_not_count_does_not_matter",
]
