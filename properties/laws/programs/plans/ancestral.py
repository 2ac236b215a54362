"""Ancestral samplers on their own grid of times: each step is one of the reverse kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy.special import comb

from unmask.properties.claims.claim import Claim, sampled
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.programs.plans.grid import chances, masked_again
from unmask.properties.laws.programs.plans.record import Array, Sampling, observe_sampling
from unmask.properties.laws.programs.plans.scores import by_state, token_laws
from unmask.properties.laws.programs.plans.sequences import plain_network
from unmask.properties.laws.programs.plans.states import CHAPTER
from unmask.properties.laws.programs.plans.tokens import likeliest
from unmask.properties.subjects.kinds.programs.plan import Ancestral
from unmask.properties.subjects.kinds.programs.starts import Start, equal_starts
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.tables.recording import RecordingNetwork

#: Rows that are counted, those that are looked at before them, and masks of one.
MANY, FEW, MASKS = 1200, 40, 3


def _ancestral(subject: Any) -> str:
    return "" if isinstance(subject.plan, Ancestral) else "is no ancestral sampler"


def pairs(subject: Any, plan: Ancestral, seen: Sampling) -> Array:
    """The step that each call belongs to, ``[E]``.

    Raises
    ------
    Unanswerable : where calls are left out, and the network is not shown the time.
    """
    steps = len(plan.grid) - 1
    calls = np.bincount(seen.rows, minlength=len(seen.start.x))[(seen.start.x == seen.mask).any(-1)]
    if (calls == steps).all():
        return seen.number
    if subject.sees_time and seen.times is not None:
        read = subject.sees_time if callable(subject.sees_time) else float
        told = np.array([read(float(u)) for u in seen.times])
        grid = np.array([float(u) for u in plan.grid[:-1]])
        return np.asarray(np.abs(told[:, None] - grid).argmin(-1))
    unchanged = (seen.after == seen.shown).all(-1) & ~seen.last
    left = (seen.after == seen.mask).any(-1) & seen.last
    finished = plan.remasking is None and (calls < steps).any() and (calls <= steps).all()
    if finished and unchanged.any() and not left.any():
        return seen.number  # rows that are finished are asked about no more
    raise Unanswerable("it leaves out calls, and shows its network no time by which steps could be told")


def _observed(sample: Any, p: Process, seed: int, network: RecordingNetwork) -> tuple[Sampling, Array]:
    subject = sample.subject
    rng = np.random.default_rng([seed, 103])
    start = equal_starts(subject.plan, rng, p.clean, int(p.mask or 0), MANY, subject.counted, MASKS)
    # A few rows first: where steps cannot be told from the calls, all the others need not be sampled.
    pairs(subject, subject.plan, _seen(sample, p, Start(start.x[:FEW], start.counted[:FEW]), seed, network))
    seen = _seen(sample, p, start, seed, network)
    return seen, pairs(subject, subject.plan, seen)


def _seen(sample: Any, p: Process, start: Start, seed: int, network: RecordingNetwork) -> Sampling:
    return observe_sampling(sample, p, start, seed, plain_network(network, seed))


def _counted(
    p: Process, plan: Ancestral, which: Array, total: Array, hit: Array, chance: list[float], told: tuple[str, str]
) -> Claim:
    """Of ``total [E]`` positions ``hit [E]`` were chosen in a step, each with the ``chance`` of the step, by itself."""
    of, done = told
    grid, counts, laws, names = [float(u) for u in plan.grid], [], [], []
    numbers = np.arange(MASKS + 1)
    for k, c in enumerate(chance):
        for n in range(1, MASKS + 1):
            these = (which == k) & (total == n)
            if these.any():
                counts.append(np.bincount(hit[these], minlength=MASKS + 1))
                ways = comb(n, numbers) * (numbers <= n)
                laws.append(ways * c**numbers * (1 - c) ** np.maximum(n - numbers, 0))
                names.append(f"step from {grid[k]:.4g} to {grid[k + 1]:.4g}, {n} {of}")
    if not counts:
        raise Unanswerable(f"no step has a position that is {of}")
    # Plain code takes 1 - alpha and differences of alphas in float32.
    condition = 1 + max(1 / max(1 - float(p.alpha(u)), 1e-9) for u in plan.grid[:-1])
    return sampled(
        np.array(counts),
        np.array(laws),
        ops=64,
        scale=condition,
        names=(("step", names), (done, [f"{n} {done}" for n in range(MASKS + 1)])),
        label=f"how many of those {of} are {done}",
    )


@law(
    chapter=CHAPTER,
    tex=r"P(x_s^i \ne m \mid x_t^i = m) = \frac{\alpha_s - (1 - \sigma)\alpha_t}{1 - \alpha_t} \ \text{for each } i \text{ by itself}",
    cites="Sahoo et al. 2024, eq. 6 and 7; Zheng et al. 2024 (arXiv 2409.02908), sec. 3; Wang et al. 2025, eq. 6 and alg. 1; "
    "Nie et al. 2025, eq. 10 and alg. 4",
    mutants=(
        "sampler-exchanges-its-alphas",
        "sampler-is-one-time-late",
        "sampler-forgets-to-divide-by-the-masked-share",
        "ancestral-masks-again-and-does-not-make-up-for-it",
        "ancestral-never-masks-again",
    ),
    about=About(kind="programs", declared=("plan",), subjects=_ancestral),
    drawn=Drawn(floating=True, cost=4),
)
def masks_are_revealed_as_the_kernel_says(sample: Any, p: Process, network: RecordingNetwork, seed: int) -> Claim:
    """From t to s each mask is revealed with probability (α_s − (1 − σ) α_t)/(1 − α_t), by itself; σ = 0 where nothing is masked again"""
    seen, which = _observed(sample, p, seed, network)
    plan: Ancestral = sample.subject.plan
    total, hit = seen.masked.sum(-1), seen.revealed.sum(-1)
    return _counted(p, plan, which, total, hit, chances(p, plan), ("masked", "revealed"))


def _masks_again(subject: Any) -> str:
    return _ancestral(subject) or ("masks nothing again" if subject.plan.remasking is None else "")


@law(
    chapter=CHAPTER,
    tex=r"P(x_s^i = m \mid x_t^i \ne m) = \sigma(s, t) \ \text{for each } i \text{ by itself}",
    cites="Wang et al. 2025, eq. 4 and alg. 1",
    mutants=(
        "ancestral-masks-again-half-as-often",
        "ancestral-never-masks-again",
        "ancestral-changes-tokens-it-should-mask",
    ),
    about=About(kind="programs", declared=("plan",), subjects=_masks_again),
    drawn=Drawn(floating=True, cost=4),
)
def tokens_are_masked_again_as_planned(sample: Any, p: Process, network: RecordingNetwork, seed: int) -> Claim:
    """From t to s each token that was revealed is masked again with the plan's probability σ(s, t), by itself"""
    seen, which = _observed(sample, p, seed, network)
    plan: Ancestral = sample.subject.plan
    visible = seen.counted & (seen.shown != seen.mask)
    hit = (visible & (seen.after == seen.mask)).sum(-1)
    return _counted(p, plan, which, visible.sum(-1), hit, masked_again(p, plan), ("visible", "masked again"))


@law(
    chapter=CHAPTER,
    tex=r"x_s^i \mid x_s^i \ne m,\ x_t^i = m \ \sim\ \mathrm{softmax}_{c \ne m}(z^i)",
    cites="Sahoo et al. 2024, eq. 7 (zero masking probability)",
    mutants=(
        "ancestral-draws-the-likeliest",
        "ancestral-takes-the-last-tokens-otherwise",
        "ancestral-forgets-its-temperature",
        "ancestral-cuts-before-its-temperature",
        "ancestral-keeps-one-class-too-few",
        "ancestral-is-guided-too-little",
    ),
    about=About(kind="programs", declared=("plan",), subjects=_ancestral),
    drawn=Drawn(floating=True, cost=4),
)
def ancestral_tokens_follow_the_network(sample: Any, p: Process, network: RecordingNetwork, seed: int) -> list[Claim]:
    """What is revealed follows the network's law over the classes but the mask; in the last step perhaps its arg max

    Tempered, cut and guided as the plan says.
    """
    plan: Ancestral = sample.subject.plan
    if plan.last == "arg max" and plan.temperature:
        seen, which = _observed(sample, p, seed, network)
        final = which == len(plan.grid) - 2
        drawn, best = seen.only(~final), seen.only(final)
    else:
        rng = np.random.default_rng([seed, 103])
        where = sample.subject.counted
        start = equal_starts(plan, rng, p.clean, int(p.mask or 0), MANY, where, MASKS)
        seen = observe_sampling(sample, p, start, seed, plain_network(network, seed)).steps
        tempered = np.full(len(seen.rows), bool(plan.temperature))
        drawn, best = seen.only(tempered), seen.only(~tempered)
    # After calls were left out, what became of the others is still what it was.
    counts, laws, told = [], [], []
    for state, these in by_state(drawn):
        made = token_laws(plan, drawn.logits[these[0]], drawn.mask, float(torch.finfo(p.dtype).eps))
        for i in np.flatnonzero(drawn.revealed[these].any(0) & made.clear):
            counts.append(np.bincount(drawn.after[these[drawn.revealed[these, i]], i], minlength=p.K))
            laws.append(made.law[i])
            shown = ", ".join("mask" if v == drawn.mask else str(v) for v in state.tolist())
            told.append(f"position {i} of ({shown})")
    claims = [likeliest(best)] if len(best.rows) else []
    if counts:
        names = (("where", told), "token")
        claims.append(
            sampled(np.array(counts), np.array(laws), pooled=True, names=names, label="tokens that are revealed")
        )
    if not claims:
        raise Unanswerable("nothing was revealed")
    return claims


__all__ = ["ancestral_tokens_follow_the_network", "masks_are_revealed_as_the_kernel_says", "pairs", "tokens_are_masked_again_as_planned"]
