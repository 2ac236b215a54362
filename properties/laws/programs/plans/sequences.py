"""Whole sequences: their law by enumeration of the plan, rows that know nothing of each other, prompts."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import torch

from unmask.properties.claims.claim import Claim, exact, independent, sampled
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.programs.plans.grid import chances, masked_again
from unmask.properties.laws.programs.plans.record import Array, written
from unmask.properties.laws.programs.plans.scores import FAR, answer, blocks_of_row, roundings, rule
from unmask.properties.laws.programs.plans.states import CHAPTER, planned
from unmask.properties.subjects.kinds.programs.plan import Ancestral, Plan
from unmask.properties.subjects.kinds.programs.starts import Start, blocks_of, equal_starts, telling
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.tables.joint import JointNetwork
from unmask.properties.subjects.tables.recording import RecordingNetwork
from unmask.reference.programs import Rule, ancestral_law, sequence_law

#: Rows of which sequences are counted, and calls with a batch of one.
MANY, SINGLE = 1500, 100
#: Most sequences that are enumerated, and most masks.
MOST_SEQUENCES, MOST_MASKS = 130, 4
#: Most steps of an ancestral sampler of which sequences are enumerated.
MOST_STEPS = 64
#: Networks that are tried for one in which no tie decides.
TRIED = 5


class Enumerated:
    """The law of whole sequences from one start, ``rows`` and ``probabilities``."""

    def __init__(self, start: Start, found: dict[tuple[int, ...], float], p: Process) -> None:
        self.start, self.mask = start, int(p.mask or 0)
        self.free = np.flatnonzero(start.counted[0])
        written_somehow = list(product(p.clean, repeat=len(self.free)))
        places = {ids: k for k, ids in enumerate(written_somehow)}
        self.sequences = written_somehow
        self.law = np.zeros(len(written_somehow) + 1)
        for ids, q in found.items():
            self.law[places[tuple(ids[i] for i in self.free)]] += float(q)
        self._places = places

    def counts(self, final: Array) -> Array:
        """How often each sequence was written, ``[n + 1]``; the last for those with masks, or with another prompt."""
        return np.bincount(self.index(final), minlength=len(self.law))

    def index(self, final: Array) -> Array:
        """Which sequence each row is, ``[N]``."""
        same = (final == self.start.x[0])[:, ~self.start.counted[0]].all(-1)
        rows = final[:, self.free].tolist()
        last = len(self.sequences)
        return np.array([self._places.get(tuple(r), last) if ok else last for r, ok in zip(rows, same, strict=True)])

    @property
    def name(self) -> tuple[str, list[str]]:
        """The axis of sequences."""
        told = [
            f"{', '.join(map(str, ids))} at position{'s' * (len(ids) > 1)} {_listed(self.free)}"
            for ids in self.sequences
        ]
        return "sequence", [*told, "with masks left, or another prompt"]


def _listed(places: Array) -> str:
    return ", ".join(map(str, places.tolist()))


def most_masks(p: Process) -> int:
    """How many masks a row may have so that its sequences can be enumerated."""
    return max(1, min(MOST_MASKS, int(np.log(MOST_SEQUENCES) / np.log(p.K - 1))))


def drawn_start(sample: Any, p: Process, seed: int, N: int) -> Start:
    """Equal rows, few enough masks to enumerate."""
    subject = sample.subject
    rng = np.random.default_rng([seed, 101])
    return equal_starts(subject.plan, rng, p.clean, int(p.mask or 0), N, subject.counted, most_masks(p))


def law_from(sample: Any, p: Process, start: Start, asked: RecordingNetwork) -> tuple[Enumerated, bool]:
    """The exact law from the start of the first row, and whether no tie decides anywhere."""
    plan, mask = sample.subject.plan, int(p.mask or 0)
    first: tuple[int, ...] = tuple(start.x[0].tolist())
    known: dict[tuple[int, ...], Array] = {}

    def weights(state: tuple[int, ...]) -> list[list[float]]:
        if state not in known:
            known[state] = answer(asked, plan, start, state, mask)
        z = np.where(known[state] > FAR, known[state], -np.inf)
        z[:, mask] = -np.inf
        found: list[list[float]] = np.exp(z - z.max(-1, keepdims=True)).tolist()
        return found

    if isinstance(plan, Ancestral):
        made = Rule(mask, temperature=plan.temperature, top_k=plan.top_k, top_p=plan.top_p)
        steps = chances(p, plan)
        if len(steps) > MOST_STEPS:
            raise Unanswerable(f"the plan has more than {MOST_STEPS} steps")
        last = Rule(mask, temperature=0, closest=made.closest) if plan.last == "arg max" else made
        found = ancestral_law(weights, first, mask, steps, last, masked_again(p, plan), made)
    else:
        made = rule(plan, p)
        found = sequence_law(weights, first, blocks_of_row(plan, start.counted[0]), made)
    if not known:
        return Enumerated(start, found, p), True
    size = float(roundings(np.stack(list(known.values())), mask, plan.temperature or 1.0).max())
    return Enumerated(start, found, p), made.closest[0] > 2 * size * float(torch.finfo(p.dtype).eps)


def enumerated(
    sample: Any, p: Process, starts: list[Start], seed: int, network: RecordingNetwork
) -> tuple[list[Enumerated], RecordingNetwork]:
    """The exact law from each start, and a network in which no tie decides.

    Raises
    ------
    Unanswerable : where in all networks that are tried some tie decides.
    """
    for attempt in range(TRIED):
        asked = plain_network(network, seed + 1000 * attempt)
        found = [law_from(sample, p, start, asked) for start in starts]
        if all(untied for _, untied in found):
            return [one for one, _ in found], asked
    raise Unanswerable("in all networks that were tried a tie decides")


def plain_network(network: RecordingNetwork, seed: int, **changes: Any) -> RecordingNetwork:
    """Another network like the one drawn, of moderate logits, which does not look at the time."""
    return RecordingNetwork.like(network, style="moderate", seed=seed, looks_at_time=False, **changes)


@law(
    chapter=CHAPTER,
    tex=r"P(x) = \sum_{\text{trajectories to } x} \prod_k P(R_k \mid x_k, v_k)\, \prod_{i} p(v_k^i \mid x_k)",
    cites="Ou et al. 2025, sec. 3 (random order, one at a time, is any-order autoregression); Nie et al. 2025, alg. 4 and 5",
    mutants=(
        "sampler-exchanges-its-alphas",
        "ancestral-draws-the-likeliest",
        "ancestral-takes-the-last-tokens-otherwise",
        "sampler-takes-the-margin-of-two-classes",
        "sampler-takes-the-entropy-upside-down",
        "sampler-reveals-the-worst",
        "sampler-takes-confidence-of-the-best",
        "sampler-takes-confidence-of-the-mask",
        "sampler-takes-scores-of-the-last-step",
        "sampler-goes-right-to-left",
        "sampler-orders-all-rows-alike",
        "sampler-prefers-the-left",
        "sampler-goes-left-to-right-all-the-time",
        "sampler-reveals-below-the-threshold",
        "sampler-reveals-one-above-the-threshold",
        "sampler-waits-for-the-threshold",
        "sampler-compares-other-probabilities-with-the-threshold",
        "sampler-overwrites-the-prompt",
        "sampler-changes-its-mind",
        "sampler-stops-a-step-early",
        "sampler-loses-the-prompt-on-the-way",
        "sampler-puts-the-remainder-last",
        "sampler-reveals-one-too-many",
        "sampler-leaves-the-rest-to-the-last-step",
        "sampler-shows-a-stale-state",
        "sampler-keeps-a-stale-cache",
        "sampler-may-draw-the-mask",
        "sampler-reveals-in-the-next-block",
        "sampler-begins-with-the-last-block",
        "sampler-takes-the-second-best",
        "sampler-draws-at-temperature-zero",
        "sampler-takes-a-neighbour's-token",
        "sampler-shifts-its-positions",
        "sampler-inverts-the-temperature",
        "sampler-applies-the-temperature-twice",
        "sampler-forgets-the-temperature",
        "sampler-cuts-before-the-temperature",
        "sampler-counts-the-mask-in-top-k",
        "sampler-counts-the-mask-in-top-p",
        "sampler-keeps-one-class-too-many",
        "sampler-forgets-top-k",
        "sampler-keeps-one-class-too-few",
        "sampler-keeps-one-class-too-many-of-the-nucleus",
        "sampler-keeps-one-class-too-few-of-the-nucleus",
        "sampler-draws-one-token-for-all-positions",
        "sampler-shares-its-noise",
        "sampler-hides-the-prompt",
        "sampler-takes-the-last-class-for-the-mask",
        "sampler-shows-blocks-to-come",
        "sampler-is-guided-too-little",
        "sampler-is-guided-the-other-way",
        "sampler-never-masks-again",
        "sampler-scores-what-stands-by-another-token",
        "sampler-forgets-the-weight-of-what-stands",
    ),
    about=About(kind="programs", declared=("plan",)),
    drawn=Drawn(floating=True, cost=4),
)
def sequences_follow_the_plan(sample: Any, p: Process, network: RecordingNetwork, seed: int) -> Claim:
    """Whole sequences have the law that follows from the plan, summed over all that it may draw and choose"""
    start = drawn_start(sample, p, seed, MANY)
    (law_,), asked = enumerated(sample, p, [start], seed, network)
    final = written(sample, p, start, seed, asked)
    return sampled(law_.counts(final), law_.law, names=("all", law_.name), label="sequences that are written")


def _random(subject: Any) -> str:
    return "" if isinstance(subject.plan, Ancestral) or subject.plan.is_random else "draws nothing at random"


@law(
    chapter=CHAPTER,
    tex=r"x_1, \ldots, x_N \ \text{independent}, \qquad P_{N=1}(x) = P_N(x_n = x)",
    cites="Each row of a batch is a sample of its own",
    mutants=("sampler-shares-its-noise",),
    about=About(kind="programs", declared=("plan",), subjects=_random),
    drawn=Drawn(floating=True, cost=4),
)
def rows_are_sampled_independently(sample: Any, p: Process, network: RecordingNetwork, seed: int) -> list[Claim]:
    """Rows that start alike are independent draws, and a batch of one has the law of a row of a batch"""
    start = drawn_start(sample, p, seed, MANY)
    (law_,), asked = enumerated(sample, p, [start], seed, network)
    final = written(sample, p, start, seed, asked)
    alone = [written(sample, p, start.row(0), seed + 1 + k, asked)[0] for k in range(SINGLE)]
    # Given how often a sequence came in all, it came in the batches of one as often as their share of the rows says: by
    # a binomial law, which strays no less than the hypergeometric one that holds.
    both = np.stack([law_.counts(np.array(alone)), law_.counts(final)], axis=-1)
    came = np.flatnonzero(both.sum(-1))
    share = SINGLE / (SINGLE + MANY)
    names = (("sequence", [law_.name[1][k] for k in came]), ("rows", ["in batches of one", "in one batch"]))
    label = "where a sequence came, in batches of one or in one batch"
    law_of_rows = np.tile([share, 1 - share], (len(came), 1))
    return [
        independent(
            law_.index(final)[None], law_.law[None], names=("row",), label="sequences of the rows of one batch"
        ),
        sampled(both[came], law_of_rows, names=names, label=label),
    ]


def _sure(subject: Any) -> str:
    return planned(subject) or ("draws at random" if subject.plan.is_random else "")


@law(
    chapter=CHAPTER,
    tex=r"x_n(N = 1) = x_n(N)",
    cites="Each row of a batch is a sample of its own",
    mutants=("sampler-orders-the-whole-batch", "sampler-draws-at-temperature-zero"),
    about=About(kind="programs", declared=("plan",), subjects=_sure),
    drawn=Drawn(floating=True),
)
def a_row_alone_is_a_row_of_a_batch(sample: Any, p: Process, network: RecordingNetwork, seed: int) -> Claim:
    """Where nothing is random, a row is sampled alone as it is in a batch of others"""
    rows = [drawn_start(sample, p, seed + 7 * k, 1) for k in range(5)]
    _, asked = enumerated(sample, p, rows, seed, network)
    start = Start(np.concatenate([r.x for r in rows]), np.concatenate([r.counted for r in rows]))
    together = written(sample, p, start, seed, asked)
    alone = np.concatenate([written(sample, p, start.row(r), seed, asked) for r in range(len(start.x))])
    names = (("row", [f"row {r}" for r in range(len(alone))]), "position")
    return exact(alone, together, names=names, label="what a batch of one writes, beside the row of the batch")


def _gives_the_joint_law(subject: Any) -> str:
    if isinstance(subject.plan, Ancestral):
        return "is an ancestral sampler, of which steps may reveal several positions"
    plan: Plan = subject.plan
    if plan.temperature != 1 or plan.top_k is not None or plan.top_p not in (None, 1):
        return "draws from another law than the network's"
    if plan.guidance:
        return "is guided to another law than the network's"
    if plan.by_drawn_token:
        return "chooses positions by the tokens that they drew"
    if plan.threshold is not None:
        return "may reveal several positions a step"
    if plan.remasking is not None:
        return "masks tokens again"
    try:
        blocks, sizes = blocks_of(plan, MOST_MASKS)
    except Unanswerable as problem:
        return str(problem)
    one = all(n <= 1 for n in plan.revealed(telling(plan, blocks, sizes)[-1], blocks))
    return "" if one else "reveals several positions a step"


@law(
    chapter=CHAPTER,
    tex=r"p(x^i \mid x_k) \ \text{exact} \implies P(x \mid \text{prompt}) = P_{\text{joint}}(x \mid \text{prompt})",
    cites="Ou et al. 2025, sec. 3 (any-order autoregression); Uria et al. 2014 (arXiv 1310.1757), eq. 3",
    mutants=(
        "sampler-changes-its-mind",
        "sampler-stops-a-step-early",
        "sampler-loses-the-prompt-on-the-way",
        "sampler-shows-a-stale-state",
        "sampler-keeps-a-stale-cache",
        "sampler-shifts-its-positions",
        "sampler-shares-its-noise",
        "sampler-hides-the-prompt",
    ),
    about=About(kind="programs", declared=("plan",), subjects=_gives_the_joint_law),
    drawn=Drawn(floating=True, cost=4),
)
def a_prompt_is_a_condition(sample: Any, p: Process, network: RecordingNetwork, seed: int) -> Claim:
    """With a network that knows the conditionals of a joint law, one position a step, sequences follow it, given the prompt"""
    start = drawn_start(sample, p, seed, MANY)
    asked = JointNetwork(
        p.K,
        p.mask,
        start.x.shape[1],
        seed=seed,
        mask_ruled_out=network.mask_ruled_out,
        wrapped=network.wrapped,
        log_probabilities=network.log_probabilities,
        dtype=p.dtype,
        device=p.device,
    )
    law_ = Enumerated(start, asked.conditional(tuple(start.x[0].tolist())), p)
    final = written(sample, p, start, seed, asked)
    return sampled(
        law_.counts(final), law_.law, names=("all", law_.name), label="sequences that are written, given the prompt"
    )


__all__ = [
    "Enumerated",
    "a_prompt_is_a_condition",
    "a_row_alone_is_a_row_of_a_batch",
    "drawn_start",
    "enumerated",
    "plain_network",
    "rows_are_sampled_independently",
    "sequences_follow_the_plan",
]
