"""What processes, sequences and laws of the data refuse."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from tests.bad_input.bad import Asked
from tests.bad_input.reference.given import (
    DATA,
    EVEN,
    FLOW,
    HALF,
    MASKED,
    PROCESS,
    RATES,
    STEP_S,
    STEP_T,
    STEPS,
    UNIT_S,
    UNIT_T,
    WITH_RATES,
    L,
    array_of,
    asked,
    count,
    function,
    id_of,
    ids,
    kind,
    law,
    matrix,
    positive,
    rate,
    unit,
    value,
)
from unmask.reference.noise.composing import Composing
from unmask.reference.noise.corruption import ContinuousTime, DiscreteTime
from unmask.reference.noise.moving_prior import MovingPrior
from unmask.reference.noise.state_dependent import MaskSteps, StateDependentTime
from unmask.reference.noise.transition_matrices import interpolating

Q = [EVEN, EVEN]
AFTER = value("s", 2, "s = 2 is after t = 1; valid: s <= t")
UNIT_AFTER = value("s", 1, "s = 1 is after t = 1/2; valid: s <= t")
K1 = DiscreteTime(([[1]],), [1])  # type: ignore[arg-type]



def by_halves(keep: Any) -> Any:
    return interpolating(keep, EVEN)


COMPOSING = Composing((HALF, HALF), by_halves, EVEN)  # type: ignore[arg-type]
CYCLE = DiscreteTime(([[0, 1], [1, 0]],), [HALF, HALF])  # type: ignore[arg-type]


def linear(t: Any) -> Any:
    return 1 - t


MOVING = MovingPrior(linear, lambda t: EVEN)


def rising(t: Any) -> Any:
    return (1 + t) / 2


def corruption() -> list[Asked]:
    found = [
        asked("noise.corruption.DiscreteTime", law("prior"), kind("steps", 3, "steps = 3 of type int; valid: a sequence"),
              value("steps", (), "steps is empty; valid: at least one"),
              value("steps", (Q, [[1]]), r"steps\[1\] has shape \(1, 1\); valid: K = 2, as in prior"),
              *[replace(w, name="steps", value=(w.value,)) for w in matrix(r"steps\[0\]")],
              steps=(Q,), prior=EVEN),
        asked("noise.corruption.DiscreteTime.transition", STEP_S, STEP_T, AFTER, self=STEPS, s=0, t=1),
        asked("noise.corruption.DiscreteTime.marginal", STEP_T, self=STEPS, t=1),
        asked("noise.corruption.DiscreteTime.alpha", STEP_T, value("self", K1, "K = 1: a single class"),
              value("self", CYCLE, r"q\(x_1 \| x_0\) does not interpolate"), self=STEPS, t=1),
        asked("noise.moving_prior.MovingPrior", function("alpha"), function("mixed"),
              value("mixed", lambda t: [1, 1], r"mixed\(1\) has a row that sums to 2"), alpha=linear, mixed=lambda t: EVEN),
        *[asked(f"noise.moving_prior.MovingPrior.{name}", unit("t"), self=MOVING, t=HALF)
          for name in ("law", "hits", "marginal")],
        asked("noise.moving_prior.MovingPrior.transition", unit("s"), unit("t"), UNIT_AFTER, self=MOVING, s=0, t=HALF),
        asked("noise.moving_prior.MovingPrior.noise_rate", unit("t"), self=MOVING, t=HALF),
        asked("noise.moving_prior.MovingPrior.generator", unit("t"), value("t", 1, "t = 1; valid: 0 <= t < 1"),
              self=MOVING, t=HALF),
        asked("noise.moving_prior.bump", unit("t"), unit("share"), value("share", 1, "share = 1; valid: 0 <= share < 1"),
              positive("power"), t=HALF, share=HALF, power=2),
        asked("noise.moving_prior.masks_and_bump", count("K", least=2), id_of("mask", 3), unit("share"),
              positive("power"), K=3, mask=2, share=HALF, power=2),
        asked("noise.corruption.ContinuousTime", function("alpha"), law("prior"), alpha=linear, prior=EVEN),
        asked("noise.composing.Composing", function("matrix"), law("prior"), value("betas", (2,), r"betas\[0\] = 2; valid: 0 <= "),
              kind("betas", 3, "betas = 3 of type int; valid: a sequence"),
              value("betas", (), "betas is empty; valid: at least one"), betas=(HALF,), matrix=by_halves, prior=EVEN),
        asked("noise.composing.Composing.transition", STEP_S, STEP_T, AFTER, self=COMPOSING, s=0, t=1),
        asked("noise.composing.Composing.marginal", STEP_T, self=COMPOSING, t=1),
        asked("noise.composing.Composing.alpha", STEP_T, self=COMPOSING, t=1),
        asked("noise.rate_time.RateTime", function("alpha"), rate(),
              value("prior", [1], r"prior has shape \(1,\); valid: \[K\] = \[2\]"),
              value("prior", [1, 1], "prior has a row that sums to 2"),
              value("rate", [[0, 0], [0, 0]], "prior must be given: these rates take different starts"),
              alpha=linear, rate=[[-1, 1], [1, -1]], prior=None),
    ]
    for name, process in (("noise.corruption.ContinuousTime", FLOW), ("noise.rate_time.RateTime", RATES)):
        grows = value("self", ContinuousTime(rising, FLOW.prior), "alpha goes from .* never growing")
        found += [
            asked(f"{name}.transition", UNIT_S, UNIT_T, UNIT_AFTER, grows, self=process, s=0, t=HALF),
            asked(f"{name}.marginal", UNIT_T, self=process, t=HALF),
            asked(f"{name}.noise_rate", UNIT_T, self=process, t=HALF),
            asked(f"{name}.generator", UNIT_T, value("t", 1, "t = 1: the noise rate is infinite"), self=process,
                  t=HALF),
        ]
    return [
        *found,
        asked("noise.corruption.check_process", PROCESS, process=STEPS, rates=False),
        asked("noise.corruption.check_process", WITH_RATES, process=FLOW, rates=True),
        asked("noise.corruption.check_time", PROCESS, value("value", 3, r"u = 3; valid: 0\.\.2"),
              kind("value", 0.5, r"u = 0\.5; valid: an int"), process=STEPS, name="u", value=1),
        asked("noise.corruption.check_time", value("value", 2, "u = 2; valid: 0 <= u <= 1"), process=FLOW, name="u", value=1),
        asked("noise.corruption.exponential_transition", WITH_RATES, UNIT_S, UNIT_T, UNIT_AFTER,
              value("t", 1, "the noise between s = 0 and t = 1 is infinite"), process=FLOW, s=0, t=HALF),
    ]


def state_dependent() -> list[Asked]:
    module = "noise.state_dependent"
    steps, time = MaskSteps(((HALF,), (HALF,)), 1), StateDependentTime((linear,), 1)
    probabilities = (
        kind("betas", 3, "betas = 3 of type int; valid: a sequence"),
        value("betas", [2], r"betas\[0\] = 2; valid: 0 <= "),
        value("betas", [], "is empty; valid: "),
    )
    several = (
        kind("betas", 3, "betas = 3 of type int; valid: a sequence"),
        value("betas", [[2]], r"betas.*\[0\] = 2; valid: 0 <= "),
        value("betas", [], "betas is empty; valid: "),
    )
    grows = value("self", StateDependentTime((rising,), 1), r"alphas\[0\] goes from .* never growing")
    return [
        asked(f"{module}.mask_step", *probabilities, id_of("mask"), betas=[HALF], mask=1),
        asked(f"{module}.mask_rate", kind("rates", 3, "rates = 3 of type int"), value("rates", [], "rates is empty"),
              value("rates", [-1], "rates has a negative"), id_of("mask"), rates=[1], mask=1),
        asked(f"{module}.mask_steps", *several, id_of("mask"), betas=[[HALF]], mask=1),
        asked(f"{module}.MaskSteps", *several, id_of("mask"),
              value("betas", [[HALF], [HALF, HALF]], r"betas has steps of \[1, 2\] classes"), betas=[[HALF]], mask=1),
        asked(f"{module}.MaskSteps.transition", STEP_S, STEP_T, AFTER, self=steps, s=0, t=1),
        asked(f"{module}.MaskSteps.marginal", STEP_T, self=steps, t=1),
        asked(f"{module}.StateDependentTime", kind("alphas", 3, "alphas = 3 of type int; valid: a sequence"),
              kind("alphas", (3,), r"alphas\[0\] = 3"), value("alphas", (), "alphas is empty"), id_of("mask"),
              alphas=(linear,), mask=1),
        asked(f"{module}.StateDependentTime.transition", UNIT_S, UNIT_T, UNIT_AFTER, grows, self=time, s=0, t=HALF),
        asked(f"{module}.StateDependentTime.marginal", UNIT_T, self=time, t=HALF),
        asked(f"{module}.StateDependentTime.noise_rate", UNIT_T, self=time, t=HALF),
        asked(f"{module}.StateDependentTime.generator", UNIT_T, value("t", 1, "t = 1: a rate is infinite"),
              self=time, t=HALF),
    ]


def sequences() -> list[Asked]:
    return [
        asked("numbers.sequences.all_sequences", count("L", 0), value("classes", 0, "classes = 0; valid: an int >= 1"),
              value("classes", [0, 0], r"classes = \[0, 0\]; valid"), value("classes", [], r"classes = \[\]; valid"),
              value("classes", [-1], r"classes has a class outside 0\.\.: \[-1\]"),
              kind("classes", [0.5], r"classes = \[0\.5\] has dtype"), kind("classes", None, "classes = None of type"),
              L=1, classes=2),
        asked("numbers.sequences.sequence_index", ids("x", "[..., L]"), count("K"), x=[0], K=2),
        asked("numbers.sequences.product_law", array_of("per_position"),
              value("per_position", EVEN, r"per_position has shape \(2,\); valid: \[\.\.\., L, K\]"),
              value("per_position", [[]], r"per_position has shape \(1, 0\); valid"), per_position=[EVEN]),
        asked("numbers.sequences.data_law", DATA, count("L", 0), count("K"),
              value("data", {(0, 1): 1}, r"data has the sequence \(0, 1\); valid: sequences of L = 1"),
              value("data", {(2,): 1}, r"data has a class outside 0\.\.1: \[2\]"),
              value("data", {0: 1}, r"data has shape \(\)"),
              value("data", {(0,): HALF}, "data has a row that sums to 1/2"),
              kind("data", {("a",): 1}, "data = .* has dtype"),
              data=EVEN, L=1, K=2),
        asked("numbers.sequences.replaced", ids("x", "[..., L]"), count("K"), x=[0], K=2),
    ]


def laws() -> list[Asked]:
    return [
        asked("noise.forward.marginal_by_paths", id_of("x0"), id_of("t", 3), value("steps", [], "steps is empty"),
              kind("steps", 3, "steps = 3 of type int"),
              value("steps", [Q, [[1]]], r"steps\[1\] has shape \(1, 1\); valid: K = 2"),
              value("steps", [[EVEN, [1, 1]], Q], r"steps\[0\] has a row that sums to 2"), steps=[Q, Q], x0=0, t=1),
        asked("noise.forward.marginal", PROCESS, ids("x0", "[...]"), STEP_T, process=STEPS, x0=[0], t=1),
        asked("noise.forward.sequence_marginal", PROCESS, ids("x0", "[..., L]"), STEP_T, process=STEPS, x0=[0], t=1),
        asked("noise.forward.sequence_transition", PROCESS, STEP_T, L, AFTER, value("s", 3, r"s = 3; valid: 0\.\.2"),
              kind("s", 0.5, r"s = 0\.5; valid: an int"), process=STEPS, s=0, t=1, L=1),
        asked("noise.forward.kl_to_prior", PROCESS, id_of("t_end", 3), process=STEPS, t_end=1),
        asked("noise.forward.kl_to_prior", unit("t_end"), process=FLOW, t_end=1),
        asked("noise.forward.mutual_information", PROCESS, DATA, STEP_T,
              value("data", [EVEN, EVEN], r"data has shape \(2, 2\)"),
              process=STEPS, data=EVEN, t=1),
        asked("noise.forward.information_left", PROCESS, DATA, STEP_T,
              value("data", [1, 0], r"data = \[1, 0\] has no entropy"),
              process=STEPS, data=EVEN, t=1),
        asked("noise.posterior.posterior_table", PROCESS, STEP_S, STEP_T, AFTER, kind("s", [0], r"s = \[0\]"),
              process=STEPS, s=0, t=1),
        asked("noise.posterior.posterior_table", UNIT_S, UNIT_T, UNIT_AFTER, process=FLOW, s=0, t=HALF),
        asked("noise.posterior.joint_table", PROCESS, STEP_S, STEP_T, AFTER, process=STEPS, s=0, t=1),
        asked("noise.posterior.normalized", *weights(), weights=np.array([1.0])),
        asked("noise.posterior.posterior", PROCESS, ids("x0", "[...]"), ids("xt", "[...]"), STEP_S, STEP_T, AFTER,
              value("xt", [0, 0, 0], r"x0 has shape \(2,\), xt has shape \(3,\); valid: shapes that broadcast"),
              process=STEPS, x0=[0, 1], xt=[1, 1], s=0, t=1),
        asked("noise.posterior.posterior", value("xt", [0], "x0 = 1 cannot become xt = 0 by t = 1; valid: pairs"),
              process=MASKED, x0=[1], xt=[1], s=0, t=1),
        asked("likelihood.denoisers.sequence_law", PROCESS, DATA, L, STEP_T, process=STEPS, data=EVEN, L=1, t=1),
        asked("likelihood.denoisers.posterior_denoiser", PROCESS, DATA, L, STEP_T, process=STEPS, data=EVEN, L=1, t=1),
        asked("likelihood.denoisers.leave_one_out_denoiser", PROCESS, DATA, L, STEP_T, process=STEPS, data=EVEN, L=1, t=1),
        asked("likelihood.denoisers.concrete_score", PROCESS, DATA, L, STEP_T, process=STEPS, data=EVEN, L=1, t=1),
    ]


def weights() -> tuple[Any, ...]:
    return (
        kind("weights", [1.0], r"weights = \[1\.0\] of type list; valid: an array"),
        value("weights", np.array([-1.0]), "weights has a negative entry.*-1"),
        value("weights", np.array(1.0), r"weights has shape \(\); valid: \[\.\.\., K\]"),
        value("weights", np.array([math.nan]), "weights has .*nan"),
    )


ASKED = [*corruption(), *state_dependent(), *sequences(), *laws()]
