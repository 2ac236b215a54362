"""What Gaussian diffusion refuses."""

from __future__ import annotations

import math
from typing import Any

from tests.bad_input.bad import Asked, Wrong
from tests.bad_input.reference.given import (
    amount,
    array_of,
    asked,
    count,
    function,
    kind,
    number,
    positive,
    unit,
    value,
)

FINITE = [math.inf]


def deviation(name: str) -> tuple[Wrong, ...]:
    """What is no array of positive numbers."""
    return (
        *array_of(name),
        value(name, [0.0], rf"{name} has an entry that is not positive: .*; valid: numbers > 0"),
        value(name, [-1.0], rf"{name} has an entry that is not positive"),
        value(name, FINITE, f"{name} has an infinite entry"),
    )


def reals(name: str) -> tuple[Wrong, ...]:
    """What is no array of finite numbers."""
    return (*array_of(name), value(name, FINITE, f"{name} has an infinite entry"))


DATA = (
    kind("points", None, "points = None"),
    value("points", [], r"points has shape \(0,\)|weights has shape"),
    value("points", [math.inf, 1], "points has an infinite entry"),
    value("weights", [0.5], r"weights has shape \(1,\) and points \(2,\); valid: \[K\] both"),
    value("weights", [0.5, 0.75], r"weights has a row that sums to 1\.25.*; valid: rows that sum to 1"),
    value("weights", [1.5, -0.5], r"weights has a negative entry.*-0\.5.*; valid: numbers >= 0"),
    value("weights", [1.0, 0.0], r"weights = .*0\..*; valid: positive numbers that sum to 1"),
)
TWO: dict[str, Any] = {"points": [-1.0, 1.0], "weights": [0.5, 0.5]}


def pair(name: str, of: str = r"\(alpha, sigma\^2\)") -> tuple[Wrong, ...]:
    """What is no level."""
    return (
        kind(name, 1, rf"{name} = 1; valid: a pair {of}"),
        kind(name, (1, 2, 3), rf"{name} = \(1, 2, 3\); valid: a pair"),
        value(name, (1, -1), f"{name} has a negative entry"),
        value(name, (1, math.inf), f"{name} has an infinite entry"),
    )


def plain(name: str) -> tuple[Wrong, ...]:
    """What is no level that is told by its deviation."""
    return pair(name, r"\(alpha, sigma\)")


STEP = (*pair("earlier"), *pair("later"), value("earlier", (0, 1), r"earlier = \(0, 1\); valid: alpha > 0"),
        value("later", (1, 0.25), "later = .* after earlier = .*; valid: a ratio"))  # fmt: skip
LEVELS: dict[str, Any] = {"earlier": (1, 0.5), "later": (1, 1)}
CURVE = (
    value("schedule", "sunrise", "schedule = 'sunrise'; valid: one of"),
    *unit("u"),
    *number("first"),
    value("first", math.inf, "first = inf; valid: a finite number"),
    value("last", -math.inf, "last = -inf; valid: a finite number"),
    value("last", 7, "last = 7 is not below first = 6; valid: a log SNR that falls"),
    *positive("power"),
)
GRID = (
    kind("grid", 3, "grid = 3"),
    value("grid", [(1, 1)], "grid = .*; valid: at least 2 pairs"),
    value("grid", [(1, 0), (1, 2)], "grid = .*; valid: at least 2 pairs .* of positive numbers"),
)
STEPS: dict[str, Any] = {"grid": [(1, 1), (1, 2)], "prior_variance": 4.0}


def width(name: str) -> tuple[Wrong, ...]:
    """What is no variance."""
    return (*number(name), value(name, 0, f"{name} = 0; valid: a positive finite number"),
            value(name, math.inf, f"{name} = inf; valid: a positive finite"))  # fmt: skip


def real(name: str) -> tuple[Wrong, ...]:
    return (*number(name), value(name, math.inf, f"{name} = inf; valid: a finite number"))


KL = (*real("mean"), *width("variance"), *real("other_mean"), *width("other_variance"))
NORMALS = {"mean": 0.0, "variance": 1.0, "other_mean": 1.0, "other_variance": 2.0}
MEANINGS = tuple(
    value(name, "mood", f"{name} = 'mood'; valid: one of") for name in ("source", "target")
)

ASKED: list[Asked] = [
    *[asked(f"gaussian.levels.{name}", *CURVE, schedule="linear", u=0.5, first=6, last=-4, power=2)
      for name in ("log_snr", "log_snr_rate")],
    *[asked(f"gaussian.arg_max.{name}", *amount("ratio"), *count("K", least=2), ratio=0.5, K=2)
      for name in ("probability_to_stay", "probability_of_another", "arg_max_alpha", "arg_max_slope")],
    asked("gaussian.levels.log_snr_of_grid", kind("values", 3, "values = 3 of type int; valid: a sequence"),
          value("values", [1], r"values = \[1\]; valid: at least two numbers"),
          value("values", [1, 1], r"values\[1\] = 1 is not below the one before; valid: a log SNR that falls"),
          value("values", [math.inf, 1], r"values\[0\] = inf; valid: a finite number"),
          kind("t", 0.5, "t = 0.5"), value("t", 2, "t = 2"), values=[6, -4], t=1),
    asked("gaussian.levels.levels", value("kind", "loud", "kind = 'loud'; valid: one of"), *real("log_ratio"),
          kind="straight", log_ratio=0),
    asked("gaussian.diffusion.check_data", *DATA, **TWO),
    asked("gaussian.diffusion.log_normal", *reals("z"), *reals("mean"), *deviation("sigma"), z=[0.0], mean=[0.0], sigma=[1.0]),
    *[asked(f"gaussian.diffusion.{name}", *reals("z"), *DATA, *reals("alpha"), *deviation("sigma"), z=[0.5], alpha=[1.0],
            sigma=[1.0], **TWO)
      for name in ("log_density", "posterior_weights", "data_mean", "data_variance", "data_score")],
    asked("gaussian.diffusion.step", *STEP, **LEVELS),
    asked("gaussian.diffusion.bridge", *array_of("x"), *array_of("z"), *STEP,
          value("z", [1.0, 2.0, 3.0], r"x has shape \(2,\), z has shape \(3,\)"), x=[1.0, 2.0], z=[1.0, 2.0], **LEVELS),
    asked("gaussian.diffusion.deterministic_step", *reals("x"), *reals("z"), *plain("earlier"), *plain("later"),
          value("later", (1, 0), r"later = \(1, 0\); valid: sigma > 0"),
          value("z", [1.0, 2.0, 3.0], r"x has shape \(2,\), z has shape \(3,\)"), x=[1.0, 2.0], z=[1.0, 2.0], **LEVELS),
    asked("gaussian.diffusion.convert", *reals("value"), *reals("z"), *deviation("alpha"), *deviation("sigma"), *MEANINGS,
          value=[1.0], z=[1.0], alpha=[1.0], sigma=[1.0], source="data", target="noise"),
    asked("gaussian.elbo.divergence", *KL, **NORMALS),
    asked("gaussian.elbo.gaussian_kl", *reals("mean"), *reals("other_mean"),
          value("variance", 0, "variance = .*; valid: positive finite numbers"),
          value("other_variance", -1, "other_variance = .*; valid: positive finite numbers"), **NORMALS),
    asked("gaussian.elbo.diffusion_term", *STEP, x=1.0, predicted=0.0, z=0.5, **LEVELS),
    asked("gaussian.elbo.prior_term", *real("x"), value("end", (1, 0), "variance = 0; valid: a positive finite"),
          *width("prior_variance"), x=1.0, end=(1, 1), prior_variance=1.0),
    asked("gaussian.elbo.reconstruction", value("x", 3, "x = 3 is not among points = "), *number("z"),
          value("start", (1, 0), "sigma has an entry that is not positive"), x=1, z=0.5, points=[-1, 1], start=(1, 1)),
    asked("gaussian.elbo.expectation", *function("function"), *real("mean"),
          value("sigma", -1.0, "variance = -1.0; valid: a positive finite number"), function=abs, mean=0.0, sigma=1.0),
    asked("gaussian.elbo.nelbo", *function("predict"), *GRID, value("x", 3.0, "x = 3.0 is not among points"),
          *width("prior_variance"), x=1.0, predict=lambda z, t: 0.0, points=[-1, 1], **STEPS),
    asked("gaussian.elbo.continuous_diffusion", *function("predict"), *real("first"),
          value("last", 1, "last = 1 is not below first = 0"), value("kind", "loud", "kind = 'loud'; valid"),
          *count("nodes", least=2), x=1.0, predict=lambda z, a, s: 0 * z, kind="straight", first=0, last=-1, nodes=2),
    asked("gaussian.elbo.nodes_of", *real("mean"),
          value("sigma", 0.0, "sigma = 0.0; valid: a positive finite number"),
          value("step", -1.0, "step = -1.0; valid: a positive finite number"), mean=0.0, sigma=1.0, step=0.125),
    *[asked(f"gaussian.elbo.{name}", *function("predict"), *GRID, *width("prior_variance"), *count("size", least=3),
            predict=lambda z, t: 0 * z, size=101, **STEPS, **more)
      for name, more in (("marginal_of_model", {}), ("log_likelihood", {"points": [-1, 1]}))],
]  # fmt: skip
