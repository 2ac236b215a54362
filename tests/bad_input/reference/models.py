"""What reverse kernels and bounds on a grid refuse."""

from __future__ import annotations

from fractions import Fraction as F

import numpy as np

from tests.bad_input.bad import Asked
from tests.bad_input.reference.given import (
    EVEN,
    FLOW,
    HALF,
    MASKED,
    PARAMETERIZATION,
    PROCESS,
    REVERSE,
    STEP_S,
    STEP_T,
    STEPS,
    TABLE,
    TIMES,
    UNIT_S,
    UNIT_T,
    X0,
    X0S,
    XTS,
    L,
    array_of,
    asked,
    count,
    even,
    id_of,
    kind,
    ndarray,
    table,
    value,
)
from unmask.reference.noise.corruption import DiscreteTime
from unmask.reference.noise.transition_matrices import uniform, uniform_prior

ONE = [[EVEN]]
GONE = DiscreteTime((uniform(F(1), 2),), uniform_prior(2))
STEP = (STEP_S, STEP_T, value("s", 2, "s = 2 is after t = 1; valid: s <= t"))
SPAN = (UNIT_S, UNIT_T, value("s", 1, "s = 1 is after t = 1/2; valid: s <= t"))
SHAPES = value("xt", [[0, 0]], r"has shape .* and xt \(1, 2\); valid: \[N, L, 2\] and \[N, L\]")


def reverse() -> list[Asked]:
    found = [
        asked("likelihood.reverse.check_parameterization", PARAMETERIZATION, parameterization="subs"),
        asked("likelihood.reverse.check_output", table("values"), XTS, count("K"), name="values", values=ONE, xt=[[0]], K=2),
        asked("likelihood.reverse.restricted", PROCESS, table("predicted"), XTS, STEP_T, SHAPES,
              process=STEPS, predicted=ONE, xt=[[0]], t=1),
        asked("likelihood.reverse.subs_denoiser", *[w for w in table("weights") if "3" not in w.says], XTS, SHAPES, id_of("mask"),
              value("weights", EVEN, r"weights has shape \(2,\); valid: \[N, L, K\]"), weights=ONE, xt=[[0]], mask=1),
        asked("likelihood.reverse.mask_of", PROCESS, value("process", STEPS, "prior = .*; valid here: .* always the mask"),
              process=MASKED),
        asked("likelihood.reverse.with_one_at", ndarray("values"), XTS, SHAPES,
              value("values", np.ones(2), r"values has shape \(2,\); valid: \[N, L, K\]"),
              values=np.array([[[0.5, 0.5]]]), xt=[[0]]),
        asked("likelihood.reverse.tweedie", value("process", GONE, "transition from s = 0 to t = 1 is singular"),
              process=STEPS, score=ONE, xt=[[0]], s=0, t=1),
        asked("likelihood.reverse.one_way", value("t", 0, r"t = 0: alpha\(t\) = 1, so there is no noise"),
              process=STEPS, predicted=ONE, xt=[[0]], s=0, t=1),
        asked("likelihood.reverse.denoiser_to_score", PROCESS, PARAMETERIZATION, table("output"), XTS, SHAPES, STEP_T,
              value("parameterization", "velocity", "parameterization = 'velocity' implies no concrete score"),
              process=STEPS, parameterization="score", output=ONE, xt=[[0]], t=1),
    ]
    for name in ("joint_sum", "mixture", "one_way", "tweedie"):
        output = "score" if name == "tweedie" else "predicted"
        good = {output: ONE, "xt": [[0]]}
        found += [
            asked(f"likelihood.reverse.{name}", PROCESS, table(output), XTS, SHAPES, *STEP, process=STEPS, s=0, t=1, **good),
            asked(f"likelihood.reverse.{name}", *SPAN, process=FLOW, s=0, t=HALF, **good),
        ]
    for parameterization in ("joint-sum", "joint-sum-direct", "mixture", "score", "velocity"):
        good = {"parameterization": parameterization, "output": ONE, "xt": [[0]]}
        output = {"score": "score"}.get(parameterization, "predicted")
        found += [
            asked("likelihood.reverse.reverse_kernel", PROCESS, PARAMETERIZATION, XTS, SHAPES, *STEP, process=STEPS, s=0, t=1,
                  **good),
            asked("likelihood.reverse.reverse_kernel", *SPAN, value("output", [[[1, -1]]], f"{output} has a negative entry"),
                  kind("output", None, f"{output} = None"), process=FLOW, s=0, t=HALF, **good),
        ]
    return found


def elbo() -> list[Asked]:
    pushed = asked("likelihood.elbo.reverse_law", PROCESS, REVERSE, TIMES, L, process=STEPS, reverse=even, times=[0, 1], L=1)
    found = [
        asked("likelihood.elbo.expectation", array_of("weights"), array_of("values"),
              value("values", [1, 2, 3], r"weights has shape \(2,\), values has shape \(3,\)"), weights=EVEN,
              values=EVEN),
        asked("likelihood.elbo.prior_term", PROCESS, X0, id_of("end", 3), process=STEPS, x0=[0], end=1),
        asked("likelihood.elbo.pointwise_term", PROCESS, X0S, XTS, *STEP, array_of("kernel"),
              value("kernel", [EVEN], r"kernel has shape \(1, 2\); valid: \[N, L, K\] = \[1, 1, 2\]"),
              value("kernel", [[[2, -1]]], "negative: .*-1"),
              value("xt", [[0, 0]], r"x0 has shape \(1, 1\) and xt \(1, 2\)"),
              process=STEPS, kernel=ONE, x0=[[0]], xt=[[0]], s=0, t=1),
        asked("likelihood.elbo.term", PROCESS, REVERSE, X0, *STEP, process=STEPS, reverse=even, x0=[0], s=0, t=1),
        asked("likelihood.elbo.kernel_matrix", array_of("kernel"), value("kernel", EVEN, r"kernel has shape \(2,\); valid"),
              value("kernel", ONE, r"kernel has shape \(1, 1, 2\); valid: .*\[2, 1, 2\]"), kernel=TABLE),
        pushed,
        asked("likelihood.elbo.log_likelihood", *pushed.wrong, **pushed.good),
        asked("likelihood.elbo.gap", value("process", _noisy(), r"times\[0\] = 0: x is noisy at the start"),
              value("reverse", lambda s, t: [[[0, 1]]] * 2, r"x0 = \[0\] has likelihood zero"),
              process=FLOW, reverse=even, x0=[0], times=[0, HALF]),
    ]
    for name in ("nelbo", "nelbo_by_trajectories", "gap"):
        found.append(asked(f"likelihood.elbo.{name}", PROCESS, REVERSE, X0, TIMES, process=STEPS, reverse=even, x0=[0],
                           times=[0, 1]))
    return found


def _noisy() -> object:
    return type(FLOW)(lambda t: (1 - t) / 2, FLOW.prior)


ASKED = [*reverse(), *elbo()]
