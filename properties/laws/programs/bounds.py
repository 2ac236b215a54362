"""What an estimate of the bound shows to its network, and what it pays: exact, by the record of each call."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from unmask.properties.claims.claim import Claim, at_least, close, exact
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.programs.draws.times import due_weight
from unmask.properties.laws.programs.evaluated import (
    Array,
    Evaluated,
    PricedNetwork,
    blind_network,
    blocks_of,
    evaluate,
    log_p,
    samples_of,
)
from unmask.properties.laws.programs.shapes import NO_TIME
from unmask.properties.subjects.kinds.programs import Batch
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.tables.recording import RULED_OUT, RecordingNetwork
from unmask.reference.programs import negative_log_likelihood, nelbo

CHAPTER = "Programs: bounds"
#: Calls, with other draws each, of one example.
CALLS = 3


def _rows(batch: Batch) -> list[int]:
    """The rows in which something counts."""
    return np.flatnonzero(batch.counted.any(-1)).tolist()


def _as_rows(rows: list[int], calls: int = 1) -> tuple[str, list[str]]:
    """The name of an axis of calls with one row of the batch each."""
    told = [f"row {r} of the batch, by itself" for r in rows]
    return "call", [f"{name}, call {k}" for name in told for k in range(calls)] if calls > 1 else told


@law(
    chapter=CHAPTER,
    tex=r"x_t^i \in \{x_0^i, m\}, \qquad x_t^i = x_0^i \ \text{where } i \text{ does not count}",
    cites="Nie et al. 2025, alg. 3 (likelihood of an answer given a prompt); Sahoo et al. 2024, eq. 10",
    mutants=(
        "bound-masks-the-prompt",
        "bound-shows-the-clean-data",
        "bound-copies-the-noised-row",
    ),
    about=About(kind="programs"),
    drawn=Drawn(floating=True),
)
def a_bound_shows_the_data_partly_masked(
    bound: Any, p: Process, batch: Batch, network: RecordingNetwork, seed: int
) -> list[Claim]:
    """A bound shows its network the clean sequence with some of the counted positions masked, and nothing else changed"""
    seen = [
        evaluate(bound, p, batch.x0[r], batch.counted[r], seed + k, network) for r in _rows(batch) for k in range(CALLS)
    ]
    names = [
        f"{name}, sample {k}"
        for name, e in zip(_as_rows(_rows(batch), CALLS)[1], seen, strict=True)
        for k in range(len(e.shown))
    ]
    if not names:
        raise Unanswerable("the network was not asked")
    shown = np.concatenate([e.shown for e in seen])
    x0 = np.concatenate([np.tile(e.x0, (len(e.shown), 1)) for e in seen])
    counted = np.concatenate([np.tile(e.counted, (len(e.shown), 1)) for e in seen])
    masked = shown == p.mask
    axes = (("sample", names), "position")
    return [
        exact(masked & ~counted, np.zeros_like(masked), names=axes, label="masked, of positions that do not count"),
        exact(shown, x0, where=~masked, names=axes, label="the token shown, where it is not the mask"),
        exact(np.array((masked & counted).any()), np.array(True), label="some position of some call is masked"),
        *(
            exact(e.copies, np.broadcast_to(e.x0, e.copies.shape), names=("sample", "position"), label="the clean copy")
            for e in seen
            if e.copies is not None
        ),
    ]


def _telling(batch: Batch) -> int:
    """The row in which most positions count, but not all, if there are two at least; else the one in which most do."""
    size = batch.counted.sum(-1)
    some = np.where(size < batch.counted.shape[1], size, 0)
    return int((some if some.max(initial=0) > 1 else size).argmax())


@law(
    chapter=CHAPTER,
    tex=r"\hat{\mathcal{L}} = \sum_j c_j \sum_{i:\, x_{t_j}^i = m} -\log p_\theta(x_0^i \mid x_{t_j}), \qquad c_j \geq 0",
    cites="Sahoo et al. 2024, eq. 10; Nie et al. 2025, eq. 12 and 14",
    mutants=(
        "bound-pays-the-prompt",
        "bound-pays-visible-tokens",
        "bound-averages-probabilities",
        "bound-forgets-the-last-position",
        "bound-weighs-early-positions-more",
        "exact-bound-takes-the-best-order",
        "timed-bound-lets-the-mask-have-a-share",
    ),
    about=About(kind="programs"),
    drawn=Drawn(floating=True),
)
def a_bound_pays_masked_positions_alike(
    bound: Any, p: Process, batch: Batch, network: RecordingNetwork, seed: int
) -> list[Claim]:
    """A bound is Σ_samples c Σ_masked CE: one c for all masked counted positions of a sample, nothing for others, and samples add up"""
    row = _telling(batch)
    x0, counted = batch.x0[row], batch.counted[row]

    # A block of its own time is asked about as if the others were known.
    own = max(blocks_of(bound.subject, counted), key=lambda block: int((block & counted).sum()), default=counted)
    priced = PricedNetwork(p, x0, lambda sample, masked: masked, network, counted & own, bound.subject.clean_copy)

    def paid(pays: Any, at: int) -> Evaluated:
        priced.pays = pays
        return evaluate(bound, p, x0, counted, at, priced).block(own)

    whole = paid(lambda sample, masked: masked, seed)
    tried = seed
    while not len(whole.sets) and tried < seed + 3:
        tried += 1
        whole = paid(lambda sample, masked: masked, tried)
    if not len(whole.sets):
        raise Unanswerable("nothing was masked")
    # The sample with most masks, and each of its positions by itself.
    chosen = int(whole.sets.sum(-1).argmax())
    places = np.flatnonzero(whole.sets[chosen])
    one = paid(lambda sample, masked: masked & (sample == chosen), tried)
    rest = paid(lambda sample, masked: masked & (sample != chosen), tried)
    known = torch.from_numpy(own | ~counted)
    others = paid(lambda sample, masked: ~masked & known[: masked.shape[1]], tried)
    alone = [paid(_only(int(i), chosen), tried) for i in places]
    for found in (one, rest, others, *alone):
        if not np.array_equal(found.shown, whole.shown):
            raise Unanswerable("what it masks depends on what the network answers")
    ops = 8 * whole.shown.size + 64
    values = np.array([found.value for found in alone])
    label = f"of sample {chosen}, what each masked position costs by itself"
    names = (("position", [str(int(i)) for i in places]),)
    each = np.full(len(places), one.value / len(places))
    return [
        close(
            np.array(others.value), np.array(0.0), ops=0, label="what visible positions, and such as do not count, cost"
        ),
        close(values, each, ops=ops, scale=abs(one.value), names=names, label=label),
        close(
            np.array(one.value + rest.value),
            np.array(whole.value),
            ops=ops,
            scale=abs(whole.value),
            label="one sample, and all others",
        ),
        at_least(np.array(one.value), np.array(0.0), ops=0, label="weights are not negative"),
        *_flat_claims(bound, p, batch, network, tried, whole, row),
    ]


def _flat_claims(
    bound: Any, p: Process, batch: Batch, network: RecordingNetwork, seed: int, whole: Evaluated, row: int
) -> list[Claim]:
    """The mask is none of the classes: with a logit like all others it costs what it costs without mass.

    Asked where weights hide, and what a network without knowledge pays is not known by itself.
    """
    subject = bound.subject
    if not _hides_its_weights(subject) or subject.time_block is not None or subject.output != "logits":
        return []
    flat = blind_network(network, "flat")
    found = evaluate(bound, p, batch.x0[row], batch.counted[row], seed, flat)
    if not np.array_equal(found.shown, whole.shown):
        return []
    label = f"what masked positions cost where all {p.K} logits are alike, and where that of the mask is ruled out"
    ops = 8 * whole.shown.size + 4 * p.K + 64
    return [close(np.array(found.value), np.array(whole.value), ops=ops, scale=abs(whole.value), label=label)]


def _only(position: int, chosen: int) -> Any:
    """Pays one position of one sample."""

    def pays(sample: Tensor, masked: Tensor) -> Tensor:
        return masked & (sample == chosen) & (torch.arange(masked.shape[1]) == position)

    return pays


def _knows_its_weights(subject: Any) -> str:
    draws = subject.estimate not in ("by count", "exact")
    return "draws times, so that a network without knowledge pays n log C only in the mean" if draws else ""


@law(
    chapter=CHAPTER,
    tex=r"p_\theta = \tfrac{1}{C} \implies \hat{\mathcal{L}} = n \log C",
    cites="Ou et al. 2025, sec. 3 (exactly k masked); Nie et al. 2025, eq. 14",
    mutants=(
        "bound-is-in-bits",
        "bound-averages-over-positions",
        "bound-weighs-counts-by-all-positions",
        "bound-lets-the-mask-have-a-share",
        "bound-sums-its-samples",
        "bound-weighs-one-too-few",
        "bound-counts-from-zero",
    ),
    about=About(kind="programs", declared=("estimate",), subjects=_knows_its_weights),
    drawn=Drawn(floating=True),
)
def a_network_without_knowledge_pays_log_C(
    bound: Any, p: Process, batch: Batch, network: RecordingNetwork, seed: int
) -> list[Claim]:
    """Where all C classes are alike everywhere, a row costs n log C, n the positions that count: exactly, whatever is drawn"""
    flat = blind_network(network, "flat")
    prepared = bound.prepare(p, flat, batch.x0, batch.counted, seed)
    found = bound.read(bound.run(prepared), prepared)
    shown = sum(call.ids.numel() for call in flat.calls)
    each = -float(log_p(p, bound.subject, flat)(batch.x0[:1])[0, 0, p.clean[0]])
    due = each * batch.counted.sum(-1)
    return [
        close(
            found,
            due,
            ops=4 * p.K + 4 * shown + 32,
            scale=due,
            names=("row",),
            label=f"a row's bound, where a position costs {each:.6g}",
        )
    ]


def _hides_its_weights(subject: Any) -> str:
    known = subject.estimate in ("by count", "exact") or (subject.estimate == "by time" and subject.sees_time)
    return "" if known else "does not show its network the time, so that single weights are not known"


@law(
    chapter=CHAPTER,
    tex=r"\hat{\mathcal{L}} = \frac{1}{S}\sum_{j=1}^{S} w_j \sum_{i:\, x_j^i = m} -\log p_\theta(x_0^i \mid x_j), \qquad w = \frac{n}{k} \ \text{or}\ \frac{-\alpha'_t}{(1 - \alpha_t)\, g(t)}",
    cites="Ou et al. 2025, sec. 3; Nie et al. 2025, eq. 12 and 14; Sahoo et al. 2024, eq. 10 and 11",
    mutants=(
        "bound-weighs-one-too-few",
        "bound-weighs-counts-by-all-positions",
        "bound-averages-over-positions",
        "bound-averages-probabilities",
        "bound-lets-the-mask-have-a-share",
        "exact-bound-takes-the-best-order",
        "bound-divides-by-the-visible-share",
        "bound-weighs-all-blocks-alike",
    ),
    about=About(kind="programs", declared=("estimate",), subjects=_hides_its_weights),
    drawn=Drawn(floating=True),
)
def a_bound_is_the_nelbo_of_its_samples(
    bound: Any, p: Process, batch: Batch, network: RecordingNetwork, seed: int
) -> list[Claim]:
    """A bound is the mean over its samples of n/k CE where k of n are masked, of w(t) CE at the time shown; over all sets, the NELBO"""
    subject = bound.subject
    if subject.estimate == "exact" and (network.looks_at_time or subject.time_block or subject.clean_copy):
        raise Unanswerable("the network looks at the time, or at a clean copy: its NELBO is no sum over sets of a row")
    rows = _rows(batch)
    found, due, scale, sizes = [], [], [], []
    model = log_p(p, subject, network)
    known: dict[int, int] = {}
    for r in rows:
        x0, counted = batch.x0[r], batch.counted[r]
        e = evaluate(bound, p, x0, counted, seed, network)
        count = subject.samples or len(e.sets)
        if subject.estimate == "by time":
            if len(e.shown) not in known:
                own = blocks_of(subject, counted)[0]
                known[len(e.shown)] = samples_of(bound, p, x0, counted, seed, network, own)
            count = known[len(e.shown)]
        found.append(e.value)
        sizes.append(e.shown.size)
        if subject.estimate == "exact":
            due.append(nelbo(x0, counted, model, int(p.mask or 0)))
            scale.append(nelbo(x0, counted, lambda ids: -_size(network, ids), int(p.mask or 0)))
            continue
        answers = _answers(e, subject)
        entropy = -np.take_along_axis(answers, np.tile(x0, (len(e.shown), 1))[..., None], -1)[..., 0]
        large = _large(np.asarray(e.logits))
        total = size = 0.0
        for own in blocks_of(subject, counted):
            part = e.block(own)
            weights = _weights_of_samples(part, subject, p) / max(count, 1)
            total += float((weights[:, None] * np.where(part.masked, entropy, 0)).sum())
            size += float((weights[:, None] * np.where(part.masked, large, 0)).sum())
        due.append(total)
        scale.append(size)
    if not any(due):
        raise Unanswerable("nothing was masked")
    return [
        close(
            np.array(found),
            np.array(due),
            ops=4 * p.K + 4 * max(sizes) + 64,
            scale=np.array(scale),
            names=(_as_rows(rows),),
            label="the bound, and the weighted cross-entropies of what was shown",
        )
    ]


def _size(network: RecordingNetwork, ids: Array) -> Array:
    """How large the numbers behind a cross-entropy are, at every class: one plus twice the largest logit, ``[R, L, K]``."""
    answer = network.logits(torch.from_numpy(np.array(ids))).to(torch.float64).cpu().numpy()
    return np.broadcast_to(_large(answer)[..., None], answer.shape)


def _large(answer: Array) -> Array:
    """One plus twice the largest logit that is not ruled out, and the logarithm of a sum, ``[R, L]``."""
    largest = np.abs(np.where(answer > RULED_OUT / 2, answer, 0)).max(-1)
    return np.asarray(1 + 2 * largest + np.log(answer.shape[-1]))


def _answers(e: Evaluated, subject: Any) -> Array:
    """``log p(x_0|x_t)`` of what was shown, ``[R, L, K]``."""
    answer = torch.from_numpy(np.array(e.logits))
    if subject.output == "log-probabilities":
        return answer.numpy()
    answer[..., e.mask] = -torch.inf
    return answer.log_softmax(-1).numpy()


def _weights_of_samples(e: Evaluated, subject: Any, p: Process) -> Array:
    """The weight that each shown row is due, ``[R]``; 0 where nothing is masked."""
    masked = e.masked.sum(-1)
    if subject.estimate == "by count":
        return np.where(masked > 0, e.n / np.maximum(masked, 1), 0.0)
    if e.times is None:
        raise Unanswerable(NO_TIME)
    times = e.times if subject.sees_time is True else np.array([float(subject.sees_time(float(u))) for u in e.times])
    if not ((times > 0) & (times < 1))[masked > 0].all():
        raise Unanswerable("a time is at an end, where the weight has no value")
    weight = due_weight("nelbo", subject.density, p)
    return np.array([weight(float(t)) if m else 0.0 for t, m in zip(times, masked, strict=True)])


@law(
    chapter=CHAPTER,
    tex=r"\mathbb{E}\,\hat{\mathcal{L}} \geq -\log p_\theta(x_0)",
    cites="Ou et al. 2025, sec. 3 (any-order likelihood); Sahoo et al. 2024, eq. 8; Nie et al. 2025, eq. 4",
    mutants=("exact-bound-forgets-the-first-reveals", "exact-bound-takes-the-best-order"),
    about=About(
        kind="programs",
        declared=("estimate",),
        subjects=lambda s: (
            ""
            if s.estimate == "exact"
            else "draws what it masks, and is a bound in the mean: laws of its masks and weights say so"
        ),
    ),
    drawn=Drawn(floating=True),
)
def a_bound_is_never_below_the_likelihood(
    bound: Any, p: Process, batch: Batch, network: RecordingNetwork, seed: int
) -> list[Claim]:
    """The bound is at least −log p(x_0), the exact likelihood of revealing one position after the other in random order"""
    if network.looks_at_time:
        raise Unanswerable("the network looks at the time, and its likelihood is no sum over orders")
    rows = _rows(batch)
    model = log_p(p, bound.subject, network)
    mask = int(p.mask or 0)
    seen = [evaluate(bound, p, batch.x0[r], batch.counted[r], seed, network) for r in rows]
    least = [negative_log_likelihood(batch.x0[r], batch.counted[r], model, mask) for r in rows]
    size = [nelbo(batch.x0[r], batch.counted[r], lambda ids: -_size(network, ids), mask) for r in rows]
    ops = 4 * p.K + 4 * max(e.shown.size for e in seen) + 64
    return [
        at_least(
            np.array([e.value for e in seen]), np.array(least), ops=ops, scale=np.array(size), names=(_as_rows(rows),)
        )
    ]


__all__ = [
    "a_bound_is_never_below_the_likelihood",
    "a_bound_is_the_nelbo_of_its_samples",
    "a_bound_pays_masked_positions_alike",
    "a_bound_shows_the_data_partly_masked",
    "a_network_without_knowledge_pays_log_C",
]
