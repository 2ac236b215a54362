"""What the arithmetic and the checks themselves refuse."""

from __future__ import annotations

import math

import numpy as np

from tests.bad_input.bad import Asked
from tests.bad_input.reference.given import (
    EVEN,
    HALF,
    array_of,
    asked,
    count,
    ids,
    kind,
    ndarray,
    number,
    value,
)

ONE = np.array([1.0])


def arithmetic() -> list[Asked]:
    return [
        asked("numbers.arithmetic.check_number", *[w for w in number("value") if w.value != w.value], name="value", value=1),
        asked("numbers.arithmetic.exactly", value("x", "1/0", "x = '1/0'; valid"), value("x", "much", "x = 'much'; valid"),
              value("x", math.inf, "x = inf"), kind("x", None, "x = None"), kind("x", True, "x = True"), x="1/3"),
        asked("numbers.arithmetic.check_count", value("value", 0, "T = 0"), value("value", True, "T = True"), name="T", value=1),
        asked("numbers.arithmetic.real", number("x"), x=1),
        asked("numbers.arithmetic.common", array_of("x"), x=1),
        asked("numbers.arithmetic.numbered", kind("values", 3, "steps = 3 of type int; valid: a sequence"), name="steps",
              values=[]),
        asked("numbers.arithmetic.array", array_of("values"), values=EVEN),
        asked("numbers.arithmetic.check_axes", kind("values", [1], r"betas = \[1\] of type list; valid: an array \[T\]"),
              value("values", np.ones((1, 1)), r"betas has shape \(1, 1\); valid: \[T\]"),
              value("axes", "[..., L, K]", r"betas has shape \(1,\); valid: \[\.\.\., L, K\]"),
              name="betas", values=ONE, axes="[T]"),
        asked("numbers.arithmetic.together", value("xt", np.ones(3), r"x0 has shape \(2,\), xt has shape \(3,\); valid: shapes"),
              x0=np.ones(2), xt=np.ones(2)),
        asked("numbers.arithmetic.scalars", number("u"), value("u", EVEN, r"u has shape \(2,\); valid: \[\]"), u=1),
        asked("numbers.arithmetic.zeros_like", ndarray("values"), values=ONE),
        asked("numbers.arithmetic.over_one_denominator", ndarray("values"),
              kind("values", np.ones(1), r"values = array\(\[1\.\]\); valid: Fractions"), values=np.array([HALF])),
        asked("numbers.arithmetic.identity", count("size", 0), kind("like", None, "like = None|like has|entry"), size=1, like=ONE),
        asked("numbers.arithmetic.to_float", kind("values", None, "values = None"), kind("values", "a", "values = 'a'"),
              kind("values", [HALF, "a"], r"values = \[.*'a'\]"), values=EVEN),
        asked("numbers.arithmetic.same", array_of("left"), array_of("right"), count("ulps", 0), left=1, right=1),
        asked("numbers.arithmetic.elementwise", kind("function", 3, "function = 3 of type int; valid: a function"),
              ndarray("values"), function=abs, values=ONE),
    ]


def logarithms() -> list[Asked]:
    return [
        asked("numbers.transcendental.log", array_of("x"), value("x", [-1.0], r"x has a negative entry.*-1"),
              value("x", -HALF, "x = -1/2 is negative"), x=1),
        asked("numbers.transcendental.exp", array_of("x"), x=1),
        asked("numbers.transcendental.softmax", array_of("logits"),
              value("logits", 1, r"logits has shape \(\); valid: \[\.\.\., n\]"),
              value("logits", [math.inf, 0.0], "logits: .*inf"), value("logits", [-math.inf], "logits: .*-inf"),
              value("axis", 1, r"axis = 1; valid: an int in -1\.\.0"), value("axis", "n", "axis = 'n'"),
              logits=EVEN, axis=-1),
        asked("numbers.divergences.kl", array_of("p"), array_of("q"),
              value("q", [1] * 3, r"p has shape \(2,\), q has shape \(3,\)"),
              value("p", [-HALF, HALF], "probability is negative: p = -1/2"), p=EVEN, q=EVEN),
        asked("numbers.divergences.total_variation", array_of("p"), array_of("q"),
              value("q", [1] * 3, r"p has shape \(2,\), q has shape \(3,\)"), p=EVEN, q=EVEN),
        asked("numbers.divergences.entropy", array_of("p"), value("p", [-HALF, HALF], "p = -1/2"),
              value("p", 1, r"p has shape \(\)"),
              p=EVEN),
    ]


def checks() -> list[Asked]:
    two = np.ones((2, 1, 2))
    return [
        asked("numbers.checks.check_unit",
              value("value", 2, "beta = 2; valid: 0 <= beta <= 1"), kind("value", None, "beta = None"), name="beta",
              value=1),
        asked("numbers.checks.check_positive", value("value", 0, "tol = 0; valid: 0 < tol"), kind("value", "a", "tol = 'a'"),
              name="tol", value=1),
        asked("numbers.checks.check_amount", value("value", -1, "noise = -1"), value("value", math.inf, "noise = inf"),
              name="noise", value=1),
        asked("numbers.checks.check_order", number("s"), value("s", 2, "s = 2 is after t = 1; valid: s <= t"), s=0, t=1),
        asked("numbers.checks.check_function", kind("value", 3, "alpha = 3 of type int; valid: a function"),
              name="alpha", value=abs),
        asked("numbers.checks.check_finite", value("values", -ONE * math.inf, "matrix has an infinite entry"),
              name="matrix", values=ONE),
        asked("numbers.checks.check_nonnegative", value("values", -ONE, "w has a negative entry.*-1"), name="w", values=ONE),
        asked("numbers.checks.check_class", value("value", 2, r"mask = 2; valid: 0\.\.1"), kind("value", 0.0, r"mask = 0\.0"),
              count("K"), name="mask", value=0, K=2),
        asked("numbers.checks.check_sequences", value("x", [2], r"x0 has a class outside 0\.\.1: \[2\]"),
              kind("x", [0.5], r"x0 = \[0\.5\] has dtype float64"), value("shape", "[N, L]", r"x0 has shape \(1,\)"),
              count("K"), name="x0", x=[0], K=2, shape="[L]"),
        asked("numbers.checks.check_positions", value("values", [3], r"masked = \[3\]; valid: positions in 0\.\.2"),
              kind("values", [0.0], r"masked = \[0\.0\]; valid: ints"), kind("values", 1, "masked = 1; valid"),
              name="masked", values=[0], L=3),
        asked("numbers.checks.check_list", kind("value", 3, "blocks = 3; valid: a list that is not empty"),
              kind("value", [], r"blocks = \[\]; valid"), kind("value", "ab", "blocks = 'ab'; valid"),
              name="blocks", value=[0]),
        asked("numbers.checks.check_state", kind("value", 3, "start = 3; valid: a list that is not empty"),
              value("value", [-1], "start = -1; valid: an int >= 0"), value("value", [0.5], "start = 0.5; valid: an int >= 0"),
              name="start", value=[0]),
        asked("numbers.checks.check_visible", value("values", [2], r"known\[0\] = 2; valid: 0\.\.1"),
              kind("values", 3, "known = 3"),
              kind("values", "ab", r"known\[0\] = 'a'"), name="known", values=[0, None], K=2),
        asked("numbers.checks.check_pair", ids("x0", "[N, L]"), ids("xt", "[N, L]"),
              value("xt", [[0, 0]], r"x0 has shape \(1, 1\) and xt \(1, 2\); valid: \[N, L\] both"),
              x0=[[0]], xt=[[1]], K=2),
        asked("numbers.checks.check_table", value("values", two[0], r"output has shape \(1, 2\); valid: .*\[2, 1, 2\]"),
              name="output", values=two, L=1, K=2),
    ]


def algebra() -> list[Asked]:
    square = value("matrix", [[1, 2]], r"matrix has shape \(1, 2\); valid: a square matrix")
    infinite = value("matrix", [[math.inf]], "matrix has an infinite entry")
    return [
        asked("numbers.linear_algebra.check_square", value("matrix", ONE, r"R has shape \(1,\); valid: a square matrix"),
              kind("matrix", [[1]], r"R = \[\[1\]\] of type list"), name="R", matrix=np.ones((1, 1))),
        asked("numbers.linear_algebra.inverse", array_of("matrix"), square, infinite,
              value("matrix", [[1, 1], [1, 1]], "matrix is singular"), matrix=[[1]]),
        asked("numbers.linear_algebra.null_space", array_of("matrix"), square,
              kind("matrix", [[0.5]], r"matrix has rounded entries; .*0\.5"), matrix=[[1]]),
        asked("numbers.linear_algebra.exponential", array_of("matrix"), square, infinite, count("guard", 0), matrix=[[0]]),
    ]


ASKED = [*arithmetic(), *logarithms(), *checks(), *algebra()]
