"""The forward process: transitions, marginals and noisy samples."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, at_least, at_most, close, independent, sampled
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, clean_classes, constant_sequences, floats, grid, previous_time
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.tables.classes import Data
from unmask.reference.noise import forward
from unmask.reference.numbers import divergences, transcendental

CHAPTER = "Forward process"

#: Draws per clean sequence of a statistical law, which catches a total-variation error of 10 sqrt(1/4/n) = 0.05, and
#: the number of calls, each with its own seed, that they are divided into.
DRAWS, CALLS = 20_000, 2


@law(
    chapter=CHAPTER,
    tex=r"Q_{s,t}[i,j] \ge 0, \qquad \sum_j Q_{s,t}[i,j] = 1",
    cites="Austin et al. 2021, sec. 3.1 (rows) and app. A.4.2",
    mutants=("transition-transposed", "transition-keeps-too-much"),
    drawn=Drawn(most_T=None),
)
def transition_is_stochastic(transition: Any, p: Process, s: Time, t: Time) -> list[Claim]:
    """Rows of the transition matrix are probabilities: Q[s,t] ≥ 0 and Q[s,t] 1 = 1"""
    Q = transition(p, s, t)
    return [
        at_least(Q, 0 * Q, ops=p.depth, names=("x_s", "x_t"), label="no negative entry"),
        close(Q.sum(-1), np.ones(p.K, dtype=int), ops=p.depth + p.K, names=("x_s",), label="rows sum to one"),
    ]


@law(
    chapter=CHAPTER,
    tex=r"Q_{s,t} = Q_{s+1} \cdots Q_t \quad\text{or}\quad Q_{s,t} = \exp\left(\int_s^t \beta(u)\, du\, R\right)",
    cites="Austin et al. 2021, eq. 2, 3 (marginal), 6-10 and 16, app. A.2.4 (steps), A.2.6 and A.4.1, thm 1; Sahoo et al. 2024, eq. 3, 13-14; Lou et al. 2024, eq. 14; Campbell et al. 2022, sec. 2",
    mutants=("transition-transposed", "transition-one-step-late", "transition-keeps-too-much"),
    drawn=Drawn(most_T=None),
)
def transition_is_the_definition(transition: Any, p: Process, s: Time, t: Time) -> Claim:
    """Q[s,t] is the product of its steps (discrete time), the exponential of its rates (continuous time)"""
    return close(transition(p, s, t), p.truth.transition(s, t), ops=p.depth + p.K, names=("x_s", "x_t"))


@law(
    chapter=CHAPTER,
    tex=r"Q_{r,s}\, Q_{s,t} = Q_{r,t}",
    cites="Austin et al. 2021, eq. 3 (marginal) and app. A.4.1",
    mutants=("transition-one-step-late", "transition-keeps-too-much"),
    drawn=Drawn(most_T=None),
)
def steps_compose(transition: Any, p: Process, r: Time, s: Time, t: Time) -> Claim:
    """Q[r,s] Q[s,t] = Q[r,t]"""
    left = transition(p, r, s) @ transition(p, s, t)
    return close(left, transition(p, r, t), ops=3 * p.depth + 2 * p.K, names=("x_r", "x_t"))


@law(
    chapter=CHAPTER,
    tex=r"\frac{d}{dt} P_{s,t} = P_{s,t}\, \beta(t) R",
    cites="Austin et al. 2021, app. A.5 and A.6 (steps), thm 1; Lou et al. 2024, eq. 1-2 and 15-16; Sahoo et al. 2024, eq. 48-49 and 56; Campbell et al. 2022, eq. 2; Shi et al. 2024, eq. 1 and 7",
    mutants=("transition-transposed", "transition-squared"),
    about=About(clock="continuous"),
    drawn=Drawn(floating=True, cost=2),
)
def kolmogorov_forward_equation(transition: Any, p: Process, s: Time, t: Time) -> Claim:
    """dP[s,t]/dt = P[s,t] β(t) R, integrated: P[s,t] − I = ∫ P[s,u] β(u) R du"""
    # The integrand is analytic away from the end of time, where the rate may be infinite: stop before it.
    stop = min(float(t), 7 / 8)
    begin = min(float(s), stop / 2)
    nodes, weights = np.polynomial.legendre.leggauss(28)
    where = begin + (stop - begin) * (nodes + 1) / 2
    integral = sum(
        w * floats(transition(p, begin, u)) @ floats(p.truth.generator(u)) for u, w in zip(where, weights, strict=True)
    ) * ((stop - begin) / 2)
    total = float(transcendental.log(p.alpha(begin)) - transcendental.log(p.alpha(stop)))
    left = floats(transition(p, begin, stop)) - np.eye(p.K)
    return close(left, integral, ops=2 * p.depth + 28, scale=1 + total, names=("x_s", "x_t"))


@law(
    chapter=CHAPTER,
    tex=r"\pi\, Q_{s,t} = \pi, \qquad \pi_i\, Q_{s,t}[i,j] = \pi_j\, Q_{s,t}[j,i]",
    cites="Austin et al. 2021, sec. 3.1 (uniform), eq. 8 and 10, app. A.2.4 (steps) and A.4.2",
    mutants=("transition-transposed", "transition-shifts-the-prior"),
    about=About(families=lambda kind: kind.stationary is not False),
    drawn=Drawn(most_T=None),
)
def the_prior_is_in_balance(transition: Any, p: Process, s: Time, t: Time) -> list[Claim]:
    """The prior is stationary, π Q = π, and where noise is reversible, π_i Q[i,j] = π_j Q[j,i]"""
    if not p.keeps_its_prior(s, t):
        raise Unanswerable("the prior of this process is not stationary")
    Q, prior = transition(p, s, t), p.truth.prior
    claims = [close(prior @ Q, prior, ops=p.depth + p.K, names=("x_t",), label="the prior is stationary")]
    # A product of reversible steps that do not commute is not reversible: then a single step is looked at.
    starts = [s] if p.T is None else [s, previous_time(p, t)]
    start = next((u for u in starts if p.is_reversible(u, t)), None)
    if start is not None:
        flow = prior[:, None] * (Q if start == s else transition(p, start, t))
        claims.append(close(flow, flow.T, ops=p.depth + 2, names=("x_s", "x_t"), label="detailed balance"))
    return claims


@law(
    chapter=CHAPTER,
    tex=r"q(x_t|x_0) \ge 0, \qquad \sum_{x_t} q(x_t|x_0) = 1",
    cites="Austin et al. 2021, eq. 3 (marginal)",
    mutants=("marginal-unnormalized",),
    drawn=Drawn(most_T=None),
)
def marginal_is_a_distribution(marginal: Any, p: Process, t: Time) -> list[Claim]:
    """q(x_t|x_0) ≥ 0 and sums to one"""
    x0 = constant_sequences(p)
    q = marginal(p, x0, t)
    return [
        at_least(q, 0 * q, ops=p.depth, names=(("x0", x0), "position", "x_t"), label="no negative entry"),
        close(
            q.sum(-1),
            np.ones(q.shape[:-1], dtype=int),
            ops=p.depth + p.K,
            names=(("x0", x0), "position"),
            label="sums to one",
        ),
    ]


@law(
    chapter=CHAPTER,
    tex=r"q(x_{t=0} | x_0) = \delta_{x_0} \ \text{if} \ \alpha_0 = 1",
    cites="Austin et al. 2021, eq. 3 (marginal); Lou et al. 2024, app. C.1 (geometric noise)",
    mutants=("marginal-one-step-late", "marginal-from-the-wrong-end"),
    drawn=Drawn(most_T=None),
)
def marginal_starts_at_the_data(marginal: Any, p: Process) -> Claim:
    """At t = 0, q(x_t|x_0) is δ at x_0 (or what the schedule's noise at time 0 makes of it)"""
    x0 = constant_sequences(p)
    truth = np.eye(p.K, dtype=int)[x0] if p.starts_clean else p.truth.marginal(Fraction(0))[x0]
    # What multiplies by eigenvectors or exponentials does so at time 0, too.
    return close(marginal(p, x0, 0), truth, ops=p.depth + p.K, names=(("x0", x0), "position", "x_t"))


@law(
    chapter=CHAPTER,
    tex=r"q(x_t|x_0) = \sum_{x_1, \dots, x_{t-1}} \prod_{u=1}^{t} q(x_u|x_{u-1})",
    cites="Austin et al. 2021, eq. 2, 3 (marginal); Sahoo et al. 2024, eq. 3-4; Lou et al. 2024, eq. 14",
    mutants=("marginal-one-step-late", "marginal-from-the-wrong-end", "marginal-unnormalized"),
)
def marginal_sums_over_all_paths(marginal: Any, p: Process, t: Time) -> Claim:
    """q(x_t|x_0) is the sum over all paths from x_0 to x_t"""
    x0 = constant_sequences(p)
    if p.T is not None and p.K ** int(t) <= 600:
        steps = p.exact.steps
        truth = np.stack([forward.marginal_by_paths(steps, int(i), int(t)) for i in clean_classes(p)])[:, None, :]
    else:
        truth = p.truth.marginal(t)[x0]
    return close(marginal(p, x0, t), truth, ops=p.depth + p.K, names=(("x0", x0), "position", "x_t"))


@law(
    chapter=CHAPTER,
    tex=r"q(x_t|x_0) = \sum_{x_s} q(x_s|x_0)\, q(x_t|x_s)",
    cites="Austin et al. 2021, eq. 3 (marginal); Chapman-Kolmogorov equation",
    mutants=("marginal-one-step-late", "transition-one-step-late"),
    drawn=Drawn(most_T=None),
)
def chapman_kolmogorov(marginal: Any, transition: Any, p: Process, s: Time, t: Time) -> Claim:
    """q(x_t|x_0) = Σ q(x_s|x_0) q(x_t|x_s)"""
    x0 = constant_sequences(p)
    return close(
        marginal(p, x0, t),
        marginal(p, x0, s) @ transition(p, s, t),
        ops=2 * p.depth + 2 * p.K,
        names=(("x0", x0), "position", "x_t"),
    )


@law(
    chapter=CHAPTER,
    tex=r"q(x_t|x_0) = \prod_i q(x_t^i | x_0^i)",
    cites="Austin et al. 2021, sec. 3; Sahoo et al. 2024, sec. 3.5; Lou et al. 2024, eq. 13",
    mutants=("marginal-looks-at-the-neighbor",),
    drawn=Drawn(L=2, most_T=None),
)
def positions_are_corrupted_independently(marginal: Any, p: Process, t: Time, x0: Array) -> Claim:
    """Every position of a sequence has the marginal of a sequence of length one"""
    alone = marginal(p, x0.reshape(-1, 1), t).reshape(*x0.shape, p.K)
    return close(marginal(p, x0, t), alone, ops=4, names=(("x0", x0), "position", "x_t"))


@law(
    chapter=CHAPTER,
    tex=r"\mathrm{KL}\left(q(x_T|x_0) \,\|\, \pi\right)",
    cites="Austin et al. 2021, eq. 1 (L_T); Sahoo et al. 2024, eq. 2; Lou et al. 2024, thm 3.6, app. C.1 (prior)",
    mutants=("prior-kl-of-one-position", "prior-kl-the-other-way", "prior-kl-forgotten"),
    drawn=Drawn(most_T=None),
)
def prior_term_is_a_divergence(prior_kl: Any, p: Process, x0: Array) -> Claim:
    """The prior term is KL(q(x_end|x_0) ‖ π), summed over positions"""
    if p.kind.mask != "none" and p.schedule.name == "cosine" and 0 in p.prior:
        # A floating-point cosine does not end at exactly zero as alpha does, and the divergence is infinite for any excess.
        raise Unanswerable("a cosine of floats leaves a rest at the end, of which the divergence is infinite")
    per_class = forward.kl_to_prior(p.truth, p.end)
    truth = per_class[x0].sum(-1)
    finite = floats(truth)
    scale = np.where(np.isfinite(finite), 1 + np.abs(finite), 1) * p.conditioning(p.end)
    return close(prior_kl(p, x0), truth, ops=p.depth + 4 * p.K * x0.shape[1], scale=scale, names=(("x0", x0),))


@law(
    chapter=CHAPTER,
    tex=r"s < t \implies TV\left(q_t(\cdot|a), q_t(\cdot|b)\right) \le TV\left(q_s(\cdot|a), q_s(\cdot|b)\right)",
    cites="data processing inequality; Cover and Thomas, thm 2.8.1",
    mutants=("schedule-backwards", "marginal-from-the-wrong-end"),
    drawn=Drawn(most_T=None),
)
def noise_never_separates_two_starts(marginal: Any, p: Process, s: Time, t: Time) -> list[Claim]:
    """Total variation and KL between the marginals of two starts never grow with t"""
    x0 = constant_sequences(p)
    early, late = (marginal(p, x0, u)[:, 0] for u in (s, t))
    starts = list(itertools.combinations(range(len(x0)), 2))
    if not starts:
        raise Unanswerable
    a, b = (np.array(side) for side in zip(*starts, strict=True))
    tv = [divergences.total_variation(q[a], q[b]) for q in (early, late)]
    kl = [divergences.kl(q[a], q[b]) for q in (early, late)]
    # The divergence divides by the smallest probabilities, which are multiples of 1 - alpha.
    floor = min(floats(p.truth.marginal(u)[x0[:, 0]])[floats(p.truth.marginal(u)[x0[:, 0]]) > 0].min() for u in (s, t))
    return [
        at_most(
            tv[1], tv[0], ops=2 * p.depth + p.K, names=("pair of starts",), label="the total variation does not grow"
        ),
        at_most(
            kl[1],
            kl[0],
            ops=2 * p.depth + 4 * p.K,
            scale=1 / floor,
            names=("pair of starts",),
            label="the KL does not grow",
        ),
    ]


@law(
    chapter=CHAPTER,
    tex=r"I(x_t; x_0) / H(x_0) = 1 - t/T",
    cites="Austin et al. 2021, sec. 3.2, eq. 17 and app. A.7 (masks)",
    mutants=("schedule-squared", "marginal-one-step-late"),
    about=About(families=("absorbing",), schedules=("linear",)),
    drawn=Drawn(floating=True, K=3, most_T=None),
)
def information_is_lost_linearly(marginal: Any, p: Process, data: Data) -> Claim:
    """Under α = 1 − t/T, the mutual-information schedule, I(x_t; x_0) = (1 − t/T) H(x_0)"""
    classes = clean_classes(p)
    weights = floats(data.law)[: p.K][classes] if data.L == 1 else np.arange(1, len(classes) + 1.0)
    weights = weights / weights.sum()
    times = grid(p)
    times = times[:: max(len(times) // 16, 1)]  # of a thousand steps some of every part
    found = []
    for t in times:
        q = floats(marginal(p, classes[:, None], t)[:, 0])
        found.append(float((weights * divergences.kl(q, weights @ q)).sum()))
    truth = [float(1 - t / p.end) * float(divergences.entropy(weights)) for t in times]
    return close(np.array(found), np.array(truth), ops=2 * p.depth + 4 * p.K, scale=4.0, names=(("t", times),))


@law(
    chapter=CHAPTER,
    tex=r"x_t \sim q(\cdot | x_0)",
    cites="Austin et al. 2021, eq. 3 (marginal); Sahoo et al. 2024, alg. 1; Lou et al. 2024, alg. 1",
    mutants=(
        "sample-shares-noise",
        "sample-one-step-late",
        "sample-never-returns",
        "sample-uses-the-first-time",
        "sample-repeats-noise-every-seven-rows",
    ),
    drawn=Drawn(floating=True, cost=3, most_T=None),
)
def samples_follow_the_marginal(sample: Any, p: Process, t: Time, seed: int) -> list[Claim]:
    """Noisy samples follow q(x_t|x_0): each position, pairs of positions, pairs of rows, and two calls"""
    classes = clean_classes(p)
    # Each row has its own time, in turns.  The early time tests the schedule where there is little noise.
    times = [t, p.end, *([Fraction(1, 256)] if p.T is None else [])]
    M, C = len(times), len(classes)
    rows = DRAWS // CALLS // M * M
    x0 = np.repeat(np.stack([classes, np.roll(classes, 1)], 1), rows, axis=0)
    group = np.repeat(M * np.arange(C), rows) + np.arange(len(x0)) % M
    calls = np.stack([sample(p, x0, times * (len(x0) // M), seed + call) for call in range(CALLS)])
    xt = np.stack([calls[:, group == g].reshape(-1, 2) for g in range(C * M)])
    laws = np.stack([floats(p.truth.marginal(u)) for u in times])
    first = np.moveaxis(laws[:, classes], 0, 1).reshape(C * M, -1)
    second = np.moveaxis(laws[:, np.roll(classes, 1)], 0, 1).reshape(C * M, -1)
    counts = np.stack([np.stack([np.bincount(x[:, i], minlength=p.K) for i in (0, 1)]) for x in xt])
    both = np.stack([np.bincount(x[:, 0] * p.K + x[:, 1], minlength=p.K**2) for x in xt])
    product = (first[:, :, None] * second[:, None, :]).reshape(C * M, -1)
    told = (
        "given",
        [f"x0 = ({a}, {b}), t = {u}" for a, b in zip(classes, np.roll(classes, 1), strict=True) for u in times],
    )
    pair = ("pair", [f"x_t = ({i}, {j})" for i in range(p.K) for j in range(p.K)])
    return [
        sampled(counts, np.stack([first, second], 1), names=(told, "position", "x_t"), label="each position"),
        sampled(both, product, names=(told, pair), label="two positions are independent"),
        independent(calls[..., 0], first, group, names=(told,), label="rows and calls are independent"),
    ]
