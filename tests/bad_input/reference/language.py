"""What masked and autoregressive language models, samplers and infilling refuse."""

from __future__ import annotations

from fractions import Fraction as F
from typing import Any

from tests.bad_input.bad import Asked, Wrong
from tests.bad_input.reference.given import (
    DATA,
    EVEN,
    FLOW,
    HALF,
    MASKED,
    MASKING,
    PROCESS,
    STEP_T,
    STEPS,
    TABLE,
    UNIT_T,
    X0,
    XTS,
    L,
    array_of,
    asked,
    count,
    even,
    function,
    id_of,
    ids,
    kind,
    number,
    positive,
    table,
    unit,
    value,
)


def predict(visible: Any) -> Any:
    return [EVEN] * len(visible)


def one_of_three(visible: Any) -> Any:
    return [[HALF, HALF, 0]] * len(visible)


PREDICT = (
    *function("predict"),
    value("predict", lambda visible: EVEN, r"predict\(x\) has shape \(2,\); valid: \[L, K\]"),
    value("predict", lambda visible: [[1]], r"predict\(x\) has shape \(1, 1\); valid: .* L = . and K >= "),
    kind("predict", lambda visible: None, r"predict\(x\) = None"),
)
ANY = ids("x0", "[L]", None)
HIDDEN = (
    value("masked", [2], r"masked = \[2\]; valid: positions in 0\.\.1"),
    value("masked", [-1], r"masked = \[-1\]; valid"),
    kind("masked", [0.0], r"masked = \[0\.0\]; valid: ints"),
    kind("masked", 1, "masked = 1; valid: positions"),
)
MASK = id_of("mask", 3)
STEP = id_of("s"), id_of("t")
CLEAN = (*ids("x0", "[L]", 3), value("x0", [0, 2], r"x0 = \[0, 2\] has the mask 2 in it; valid: clean"))


def language() -> list[Asked]:
    two = {"predict": predict, "x0": [0, 1]}
    one = {"predicted": [[[HALF, HALF, 0]]], "t": 1}
    three = {"predict": one_of_three, "x0": [0, 1], "K": 3, "mask": 2}
    return [
        asked("masked.masked_language_model.predict_from_table", array_of("table"), count("K"), id_of("mask"),
              value("table", [EVEN], r"table has shape \(1, 2\); valid: \[K\^L, L, K\]"),
              value("table", [[EVEN]], r"table has shape \(1, 1, 2\); valid: .*\[2, 1, 2\]"), table=TABLE, K=2, mask=1),
        asked("masked.masked_language_model.predicted", PREDICT, count("K"), predict=predict, visible=(None, 0), K=2),
        asked("masked.masked_language_model.hide", ANY, HIDDEN, x0=[0, 1], masked=[0]),
        asked("masked.masked_language_model.masked_cross_entropy", PREDICT, ANY, HIDDEN, **two, masked=[1]),
        asked("masked.masked_language_model.weighted_mlm", PREDICT, ANY, count("T"), **two, T=2),
        asked("masked.masked_language_model.subset_form", PREDICT, ANY, **two),
        asked("masked.masked_language_model.any_order_nll", PREDICT, ANY, **two),
        asked("masked.masked_language_model.one_step_bert", PROCESS, table("predicted", 2), X0, number("kept"),
              value("process", STEPS, "process has T = 2 steps; valid: one step"),
              value("process",
              type(MASKED)(MASKED.steps, STEPS.prior), r"process has q\(x_1 \| x_0\) = .*; valid: kept or"),
              value("kept", 1, "kept = 1; valid: 0 <= kept < 1"), value("kept", -HALF, "kept = -1/2"),
              value("kept", F(3, 4), "kept = 3/4 and alpha = 1/2 ask for a selection probability 2"),
              process=MASKED, predicted=TABLE, x0=[0], kept=0),
        asked("masked.autoregression.autoregressive_nll", PREDICT, ANY, **two),
        asked("masked.autoregression.masked_from_the_right", ANY, id_of("t", 3), count("mask", 0), x0=[0, 1], t=1, mask=2),
        asked("masked.autoregression.nelbo", PREDICT, CLEAN, count("K"), MASK, **three),
        asked("masked.autoregression.reverse_kernel", array_of("predicted"), ids("xt", "[N, L]", 3), MASK, *STEP,
              value("predicted", [[[1, 0, 0]] * 2], r"predicted has shape \(1, 2, 3\) and xt \(1, 1\)"),
              value("predicted", [[[1, 0, -1]]], "predicted has a negative entry"),
              value("xt", [[0]], r"xt = \[\[0\]\] at t = 1; valid: the mask 2 at the last t"),
              value("s", 1, "s = 1, t = 1; valid: s < t"), **one, xt=[[2]], s=0, mask=2),
        asked("masked.autoregression.pointwise_term", array_of("predicted"), ids("x0", "[N, L]", 3), MASK, *STEP[1:],
              value("x0", [[2]], r"x0 = \[\[2\]\] has the mask 2 in it; valid: clean"),
              value("t", 0, r"t = 0; valid: 1\.\.1"), **one, x0=[[0]], mask=2),
        asked("masked.autoregression.tagged", ids("x", "[..., L]"), count("K"), x=[0], K=2),
        asked("masked.autoregression.tagged_process", count("N"), count("K"), id_of("mask"), N=1, K=2, mask=1),
        asked("masked.autoregression.tagged_kernel", function("predict"), count("N"), count("K"), id_of("mask"),
              predict=predict, N=1, K=2, mask=1),
    ]


def levels() -> list[Asked]:
    tables = [[[HALF, HALF, 0]]] * 3
    found = [
        asked("masked.noise_level.expected_cross_entropy", array_of("table"), ids("x0", "[L]", 3), count("K"), MASK,
              unit("alpha"),
              value("table", TABLE, r"table has shape \(2, 1, 2\); valid: .*\[3, 1, 3\]"),
              value("table", [[[1, -1, 0]]] * 3, "has a negative entry"), table=tables, x0=[0], K=3, mask=2,
              alpha=HALF),
        asked("masked.noise_level.levels", function("alpha"), array_of("times"),
              value("alpha", lambda t: 2, r"alpha\(1/2\) = 2; valid: 0 <= "), alpha=lambda t: 1 - t, times=[HALF]),
    ]
    for name in ("alpha", "gamma", "log_odds"):
        found.append(
            asked(f"masked.noise_level.nelbo_over_{name}", function("table_at"), ids("x0", "[L]", 3), count("K"), MASK,
                  positive("tolerance"), table_at=lambda alpha: tables, x0=[0], K=3, mask=2, tolerance=1e-3)
        )
    return found


FALLING = (
    value("times", [], r"times = \[\]; valid: at least two falling times"),
    value("times", [0, 1], r"times = \[0, 1\]; valid: .* falling"),
    kind("times", 3, "times = 3 of type int; valid: a sequence"),
    kind("times", ["late", 0], "late"),
)
KERNEL = (*function("kernel"),)
KNOWN = (
    value("known", (None, 2), r"known\[1\] = 2; valid: 0\.\.1"),
    kind("known", (None, 0.0), r"known\[1\] = 0\.0; valid: an int"),
    kind("known", 3, "known = 3 of type int; valid: a sequence"),
)
NO_FREE = value("known", (0, 1), r"known = \(0, 1\); valid: at least one None")


def back(name: str) -> tuple[Wrong, ...]:
    """The earlier time, which comes second."""
    return (*unit(name), value(name, 1, f"{name} = 1 is after t = 1/2; valid: {name} <= t"))


def samplers() -> list[Asked]:
    off = value("times", [3, 0], r"times\[.\] = 3; valid: 0\.\.")
    law = {"process": STEPS, "kernel": even, "times": [1, 0]}
    hits = {"process": MASKING, "n": 2, "t": HALF, "u": 0}
    return [
        asked("sampling.samplers.ancestral_law", PROCESS, KERNEL, FALLING, off, L, **law, L=1),
        asked("sampling.samplers.euler_kernel", PROCESS, table("rates"), XTS, number("s"), number("t"),
              value("s", 2, "s = 2 is after t = 1; valid: s <= t"), process=STEPS, rates=[[[0, 1]]], xt=[[0]], s=0,
              t=1),
        asked("sampling.samplers.next_reveal_survival", PROCESS, count("n", 0), UNIT_T, back("u"),
              value("process", FLOW, "prior = .*; valid here"), value("t", 0, "t = 0: no position can be masked"),
              **hits),
        asked("sampling.samplers.next_reveal_survival_in_closed_form", PROCESS, count("n", 0), UNIT_T, back("u"),
              value("t", 0, "t = 0: no position can be masked"), **hits),
        asked("sampling.samplers.any_order_law", PREDICT, L, count("K"),
              value("start", (None,), r"start = \(None,\); valid: L = 2"),
              value("start", (None, 2), r"start\[1\] = 2; valid: 0\.\.1"), kind("start", 3, "start = 3 of type int"),
              predict=predict, L=2, K=2, start=(None, None)),
        asked("sampling.samplers.pinned", array_of("kernel"), value("kernel", [EVEN], r"kernel has shape \(1, 2\); valid"),
              value("free", [1], r"free = \[1\]; valid: positions in 0\.\.0"), kind("free", 3, "free = 3; valid"),
              kernel=TABLE, free=[0]),
        asked("sampling.samplers.semi_autoregressive_law", PROCESS, KERNEL, FALLING, L,
              value("process", STEPS, "prior = .*; valid here"), kind("blocks", 3, "blocks = 3 of type int"),
              kind("blocks", [0], r"blocks\[0\] = 0; valid: positions"),
              value("blocks", [[1]], r"blocks\[0\] = \[1\]; valid"),
              value("blocks", [[0], [0]], r"blocks = \[\[0\], \[0\]\]; valid: each position"),
              **{**law, "process": MASKED}, blocks=[[0]], L=1),
        asked("sampling.samplers.infilling_law", PROCESS, KERNEL, FALLING, KNOWN,
              **{**law, "kernel": lambda s, t: [[EVEN] * 2] * 4}, known=(None, 1)),
        asked("sampling.samplers.exact_kernel", PROCESS, DATA, L, process=STEPS, data=EVEN, L=1),
        asked("sampling.samplers.mixing", PROCESS, DATA, L, FALLING, off, process=STEPS, data=EVEN, L=1, times=[1, 0]),
    ]


def infilling() -> list[Asked]:
    impossible = {(0, 0): 1}
    good = {"process": STEPS, "data": {(0, 0): HALF, (1, 1): HALF}, "known": (None, 1), "t": 1}
    scores = [("score_given_clean", "known = .* has probability zero"), ("score_given_noisy", ""), ("joint_score", "")]
    bad_data = (
        value("data", {(0, 0): HALF}, "data has a row that sums to 1/2"),
        value("data", {(0,): 1}, r"data has the sequence \(0,\); valid: sequences of L = 2"),
        kind("data", None, "data = None"),
    )
    found = [
        asked("sampling.infilling.completions", KNOWN, NO_FREE, count("K"), known=(None, 1), K=2),
        asked("sampling.infilling.shows_where_it_started", PROCESS, STEP_T, process=STEPS, t=1),
        asked("sampling.infilling.score_given_noisy",
              value("data", impossible, r"known = .* never occurs at t = 0"), **{**good, "t": 0}),
    ]
    for name, says in scores:
        never = (value("data", impossible, says),) if says else ()
        found.append(asked(f"sampling.infilling.{name}", PROCESS, bad_data, KNOWN, NO_FREE, STEP_T, *never, **good))
    return found


ASKED = [*language(), *levels(), *samplers(), *infilling()]
