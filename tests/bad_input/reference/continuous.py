"""What rates and scores in continuous time refuse."""

from __future__ import annotations

import math

import numpy as np

from tests.bad_input.bad import Asked, Wrong
from tests.bad_input.reference.given import (
    DATA,
    EVEN,
    FLOW,
    HALF,
    MASKING,
    PARAMETERIZATION,
    PROCESS,
    STEP_T,
    STEPS,
    TABLE,
    UNIT_T,
    WITH_RATES,
    X0,
    X0S,
    XTS,
    L,
    array_of,
    asked,
    function,
    kind,
    number,
    positive,
    table,
    unit,
    value,
)

ONE = [[EVEN]]
SHAPES = value("xt", [[0, 0]], r"and xt \(1, 2\); valid: \[N, L")
ENDS = (unit("start"), unit("end"), value("start", 1, "start = 1 is after end = .*; valid: start <= end"))
AT = {"process": FLOW, "t": HALF}


def rates() -> list[Asked]:
    return [
        asked("likelihood.rates.reverse_rate", WITH_RATES, table("score"), XTS, SHAPES, UNIT_T,
              value("t", 1, "t = 1: the rate of noise is infinite"), score=ONE, xt=[[0]], **AT),
        asked("likelihood.rates.conditional_score", PROCESS, X0S, XTS, SHAPES, UNIT_T, x0=[[0]], xt=[[0]], **AT),
        asked("likelihood.rates.conditional_score", value("xt", [[0]], r"x0 = \[\[1\]\] cannot become xt = \[\[0\]\] by t = 1/2"),
              process=MASKING, t=HALF, x0=[[1]], xt=[[1]]),
        asked("likelihood.rates.conditional_reverse_rate", WITH_RATES, X0S, XTS, SHAPES, UNIT_T, x0=[[0]], xt=[[0]], **AT),
        asked("likelihood.rates.one_way_rate", WITH_RATES, table("predicted"), XTS, SHAPES, UNIT_T,
              value("t", 0, r"t = 0: alpha\(t\) = 1, so there is no noise"), predicted=ONE, xt=[[0]], **AT),
        asked("likelihood.rates.conditional_one_way_rate", WITH_RATES, X0S, XTS, SHAPES, UNIT_T, x0=[[0]], xt=[[0]], **AT),
        *[asked("likelihood.rates.model_rate", WITH_RATES, PARAMETERIZATION, table("output"), XTS, SHAPES, UNIT_T,
                parameterization=name, output=ONE, xt=[[0]], **AT) for name in ("mixture", "velocity")],
        asked("numbers.divergences.generalized_kl", array_of("true_rate"), array_of("model_rate"),
              value("true_rate", [[-1, 0]], "true_rate has a negative entry"),
              value("model_rate", [[-1, 0]], "model_rate has a negative entry"),
              value("model_rate", [[1, 1, 1]], r"true_rate has shape \(1, 2\), model_rate has shape \(1, 3\)"),
              true_rate=[EVEN], model_rate=[EVEN]),
        *[asked("likelihood.continuous_elbo.integrand", WITH_RATES, PARAMETERIZATION, table("output"), X0S, XTS, SHAPES, UNIT_T,
                parameterization=name, output=ONE, x0=[[0]], xt=[[0]], **AT) for name in ("mixture", "velocity")],
        asked("likelihood.continuous_elbo.expected_integrand", WITH_RATES, PARAMETERIZATION, X0, UNIT_T, table("table", 2),
              parameterization="mixture", table=TABLE, x0=[0], **AT),
        asked("numbers.quadrature.tanh_sinh", number("v"), number("start"), number("end"),
              value("v", math.inf, "v = inf, start = 0, end = 1; valid: finite"),
              value("end", math.inf, "v = 0, start = 0, end = inf; valid: finite"), v=0, start=0, end=1),
        asked("numbers.quadrature.integral", number("start"), number("end"), positive("tolerance"),
              kind("function", 3, "function = 3 of type int; valid: a function"),
              value("start", math.inf, "v = 0, start = inf, end = 1; valid: finite"),
              function=abs, start=0, end=1, tolerance=1e-3),
        asked("likelihood.continuous_likelihood.reverse_generator",
              kind("rates", TABLE, r"rates = .* of type list; valid: an array"),
              value("rates", np.ones((2, 2)), r"rates has shape \(2, 2\); valid: \[K\^L, L, K\]"),
              value("rates", np.ones((1, 1, 2)), r"rates has shape \(1, 1, 2\); valid: .*\[2, 1, 2\]"),
              value("rates", -np.ones((2, 1, 2)), "rates has a negative entry"), rates=np.ones((2, 1, 2))),
        asked("likelihood.continuous_elbo.check_span", WITH_RATES, PARAMETERIZATION, function("table_at"), *ENDS,
              positive("tolerance"),
              process=FLOW, parameterization="score", table_at=flat, start=HALF, end=0.75, tolerance=1e-3),
        asked("likelihood.continuous_elbo.nelbo", WITH_RATES, PARAMETERIZATION, function("table_at"), X0, *ENDS,
              positive("tolerance"),
              process=FLOW, parameterization="score", table_at=flat, x0=[0], start=HALF, end=0.75, tolerance=1e-3),
        asked("likelihood.continuous_likelihood.log_likelihood", WITH_RATES, PARAMETERIZATION, function("table_at"), L, *ENDS,
              positive("tolerance"),
              process=FLOW, parameterization="score", table_at=flat, L=1, start=HALF, end=0.75, tolerance=1e-3),
        asked("likelihood.continuous_likelihood.log_likelihood_by_exponential", WITH_RATES, table("score", 2), L, *ENDS,
              value("end", 1, "end = 1: the total noise is infinite"), process=FLOW, score=TABLE, L=1, start=0,
              end=HALF),
    ]


def flat(t: object) -> object:
    return [[[1, 1]]] * 2


def scores() -> list[Asked]:
    weight = (
        *array_of("weight"),
        value("weight", -1, "weight has a negative entry"),
        value("weight", EVEN, r"weight has shape \(2,\); valid: \[K\^L, L, K\] = \[2, 1, 2\]"),
    )
    found = [
        asked("sedd.score_entropy.negative_entropy", array_of("a"), value("a", -1, "a has a negative entry"), a=1),
        asked("sedd.score_entropy.score_entropy", array_of("score"), array_of("ratio"), array_of("weight"),
              value("score", [-1, 0], "score has a negative entry"),
              value("ratio", [-1, 0], "ratio has a negative entry"),
              value("weight", [-1, 0], "weight has a negative entry"),
              value("ratio", [1, 1, 1], r"score has shape \(2,\), ratio has shape \(3,\)"), score=EVEN, ratio=EVEN,
              weight=1),
        asked("sedd.score_entropy.rate_weight", WITH_RATES, L, UNIT_T, value("t", 1, "t = 1: the noise rate is infinite"),
              L=1, **AT),
        asked("sedd.score_entropy.dwdse", WITH_RATES, table("score", 2), X0, UNIT_T, score=TABLE, x0=[0], **AT),
        asked("sedd.concrete_score_matching.best_linear_score", PROCESS, DATA, L, STEP_T, weight, array_of("features"),
              value("features", TABLE, r"features has shape \(2, 1, 2\); valid: \[J, K\^L, L, K\]"),
              value("features", [TABLE, TABLE], "features = .* give a singular system; valid"),
              process=STEPS, features=[TABLE], data=EVEN, L=1, t=1, weight=1),
    ]
    found.append(
        asked("sedd.concrete_score_matching.integrand", WITH_RATES, signed(table("score"), "concrete_score_matching"), X0S,
              XTS, SHAPES, UNIT_T, score=ONE, x0=[[0]], xt=[[0]], **AT)
    )
    for module in ("sedd.score_entropy", "sedd.concrete_score_matching"):
        common = {"process": STEPS, "data": EVEN, "L": 1, "t": 1, "weight": 1}
        found.append(asked(f"{module}.constant", PROCESS, DATA, L, STEP_T, weight, **common))
        for name in ("explicit", "denoising", *(["implicit"] if module == "sedd.score_entropy" else [])):
            found.append(
                asked(f"{module}.{name}", PROCESS, DATA, L, STEP_T, weight, signed(table("score", 2), module),
                      score=TABLE, **common)
            )
    return found


def signed(wrong: tuple[Wrong, ...], module: str) -> tuple[Wrong, ...]:
    """Concrete score matching knows nothing of signs."""
    return wrong if module == "sedd.score_entropy" else tuple(w for w in wrong if "negative" not in w.says)


ASKED = [*rates(), *scores()]
