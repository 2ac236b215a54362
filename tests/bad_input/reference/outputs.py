"""What heads, the schedule of information and the times of a batch refuse."""

from __future__ import annotations

import math
from typing import Any

from tests.bad_input.bad import Asked
from tests.bad_input.reference.given import (
    DATA,
    EVEN,
    HALF,
    array_of,
    asked,
    count,
    function,
    id_of,
    ids,
    kind,
    law,
    positive,
    rate,
    unit,
    value,
)
from unmask.reference.noise.information import by_redrawing


def heads() -> list[Asked]:
    finite = [value(name, math.inf, f"{name} has an infinite entry") for name in ("loc", "log_scale")]
    shapes = value("loc", [0, 0], r"loc has shape \(2,\), log_scale has shape \(3,\); valid: shapes")
    found = [
        asked("d3pm.logistic_head.location", ids("xt", "[...]"), array_of("output"), count("K", 2),
              value("output", math.inf, "output has an infinite entry"),
              value("output", [0, 0, 0], r"xt has shape \(2,\), output has shape \(3,\)"), xt=[0, 1], output=[0, 0],
              K=2),
    ]
    for name in ("truncated_logistic", "truncated_logistic_in_closed_form"):
        found.append(asked(f"d3pm.logistic_head.{name}", array_of("loc"), array_of("log_scale"), *finite, count("K", 2),
                           loc=0, log_scale=0, K=2))
        found.append(asked(f"d3pm.logistic_head.{name}", shapes, loc=0, log_scale=[0, 0, 0], K=2))
    return found


def nothing(u: Any) -> Any:
    return [EVEN, [1, 1]]


def information() -> list[Asked]:
    family = (*function("family"), value("family", nothing, r"steps\[0\] has a row that sums to 2"))
    flat = value("data", [1, 0, 0], "data = .* has no entropy")
    data = tuple(w for w in DATA if w.value != [1, 0, 0])
    redrawing = by_redrawing([0, 0, 1])
    good = {"family": redrawing, "data": [HALF, HALF, 0]}
    return [
        asked("noise.information.by_rates", rate(), rate=[[-1, 1], [1, -1]]),
        asked("noise.information.by_redrawing", law("prior"), prior=EVEN),
        asked("noise.information.share_left", family[:2], data, flat, unit("u"), **good, u=HALF),
        asked("noise.information.solve", family[:2], data, flat, unit("share"), positive("tolerance"),
              value("family", lambda u: redrawing(u / 2), "share = 1/4: the family keeps a share of"),
              **good, share=HALF / 2, tolerance=0.1),
        asked("noise.information.information_schedule", family[:2], data, flat, count("T"), positive("tolerance"),
              **good, T=2, tolerance=0.1),
        asked("noise.information.share_left", family[2:], family=by_redrawing(EVEN), data=EVEN, u=HALF),
    ]


def times() -> list[Asked]:
    scheme = (
        value("scheme", "sobol", "scheme = 'sobol'; valid: independent, strata"),
        value("scheme", None, "scheme = None; valid"),
    )
    return [
        asked("sampling.training_times.row_law", scheme, count("n"), id_of("row"), count("cells"), scheme="strata", n=2, row=0, cells=2),
        asked("sampling.training_times.mean", scheme, count("n"), array_of("heights"),
              value("heights", [[1, 2]], r"heights has shape \(1, 2\); valid: \[m\], or \[n, m\] with n = 2"),
              value("heights", [], r"heights has shape \(2, 0\); valid"),
              value("heights", 1, r"heights has shape \(\)"),
              scheme="strata", n=2, heights=[1, 2]),
        asked("sampling.training_times.variance", scheme, count("n"), array_of("heights"),
              value("heights", [[1, 2]], r"heights has shape \(1, 2\); valid: \[m\]"),
              kind("heights", {}, "heights = {}"), scheme="strata", n=2, heights=[1, 2]),
    ]


ASKED = [*heads(), *information(), *times()]
