"""What the chapters about smoothness refuse."""

from __future__ import annotations

import math
from fractions import Fraction as F
from typing import Any

import numpy as np

from tests.bad_input.bad import Asked, Wrong
from tests.bad_input.reference.given import (
    EVEN,
    HALF,
    PROCESS,
    STEPS,
    amount,
    array_of,
    asked,
    count,
    kind,
    law,
    number,
    positive,
    unit,
    value,
)

Q = [EVEN, EVEN]
COLUMNS = tuple(
    wrong
    for name in ("left", "right")
    for wrong in (
        *array_of(name),
        value(name, [-1, 1], f"{name} has a negative entry"),
        value(name, [math.inf, 1], f"{name} has an infinite entry"),
        value(name, [0, 0], f"{name} = .* has no positive entry"),
        value(name, Q, rf"{name} has shape \(2, 2\); valid: \[n\]"),
        value(name, [1, 1, 1], r"left has shape \(.,\) and right \(.,\); valid"),
    )
)
PAIR = {"left": EVEN, "right": EVEN}


def distances() -> list[Asked]:
    at = "smoothness.projective_distance"
    return [
        asked(f"{at}.cross_ratio", COLUMNS, **PAIR),
        asked(f"{at}.projective_distance", COLUMNS, **PAIR),
        asked(f"{at}.projective_distances", array_of("kernel"), value("kernel", EVEN, r"kernel has shape \(2,\)"),
              value("kernel", [[-1, 1]], "kernel has a negative entry"),
              value("kernel", [[math.inf, 1]], "kernel has an infinite entry"), kernel=Q),
        asked(f"{at}.posterior_given", law("prior"), array_of("column"),
              value("column", [-1, 1], "column has a negative entry"),
              value("column", [1], r"column has shape \(1,\); valid: \(2,\)"),
              value("column", [0, 0], "column = .*: no class of the prior"), prior=EVEN, column=EVEN),
        asked(f"{at}.largest_difference", number("distance"), value("distance", -1, "distance = -1; valid: 0 <= "),
              distance=1),
        asked(f"{at}.extremal_prior", COLUMNS, unit("short"), value("short", 0, "short = 0; valid: 0 < short"),
              short=HALF, **PAIR),
        asked(f"{at}.uniform_distance", unit("alpha"), count("K", 2), alpha=HALF, K=2),
        asked(f"{at}.ehrenfest_distance", unit("alpha"), count("gap", 0), alpha=HALF, gap=1),
        asked(f"{at}.gaussian_distance", amount("alpha"), amount("sigma"), amount("gap"), amount("diameter"),
              value("sigma", 0, "sigma = 0; valid: 0 < sigma"), alpha=1, sigma=1, gap=1, diameter=1),
    ]


def symmetries() -> list[Asked]:
    order = (
        value("permutation", [0, 0], r"permutation = \[0, 0\]; valid: each of 0\.\.1 once"),
        value("permutation", [0, 2], r"permutation has a class outside 0\.\.1"),
        kind("permutation", [0.5, 1], "permutation = .* has dtype float64"),
    )
    square = (
        *array_of("kernel"),
        value("kernel", [[1, 0]], r"kernel has shape \(1, 2\); valid: a square matrix"),
    )
    still = (
        kind("fixed", 3, r"fixed = 3; valid: positions in 0\.\.1"),
        value("fixed", [2], r"fixed = \[2\]; valid: positions in 0\.\.1"),
    )
    at = "smoothness.symmetries"
    return [
        asked(f"{at}.relabeled", square, order, kernel=Q, permutation=(1, 0)),
        asked(f"{at}.commutes", square, order, count("ulps", 0), kernel=Q, permutation=(1, 0), ulps=0),
        asked(f"{at}.symmetry_group", square, still, count("ulps", 0), kernel=Q, fixed=(), ulps=0),
        asked(f"{at}.process_symmetries", PROCESS, still, count("ulps", 0),
              value("times", [0], r"times = \[0\]; valid: at least two"), kind("times", 3, "times = 3 of type int"),
              value("times", [1, 0], "s = 1 is after t = 0"), kind("times", [0, 0.5], r"t = 0\.5; valid: an int"),
              process=STEPS, times=[0, 1], fixed=(), ulps=0),
        asked(f"{at}.reflection", count("K"), K=2),
    ]


def filters() -> list[Asked]:
    at = "smoothness.low_pass"
    table = (*array_of("law"), value("law", [1, 0, 0], r"law has shape \(3,\); valid: \[K\^L\]"))
    points = (
        *array_of("points"),
        value("points", [[0]], r"points has shape \(1, 1\); valid: \[n\]"),
        value("points", [0], r"points has shape \(1,\) and weights \(2,\)"),
    )
    line = {"points": [0, 1], "weights": EVEN, "frequency": 1}
    return [
        asked(f"{at}.by_position", table, count("L"), array_of("matrix"),
              value("matrix", [1, 1], r"matrix has shape \(2,\); valid: \[J, K\]"), law=EVEN, matrix=Q, L=1),
        asked(f"{at}.walsh", table, count("L"), law=EVEN, L=1),
        asked(f"{at}.degrees", count("L"), L=1),
        asked(f"{at}.erased_walsh", array_of("law"), count("L"),
              value("law", EVEN, r"law has shape \(2,\); valid: \[K\^L\] = \[3\]"), law=[1, 0, 0], L=1),
        asked(f"{at}.interaction", table, count("L"), count("K"), kind("positions", 3, "positions = 3; valid"),
              value("positions", [1], r"positions = \[1\]; valid"), law=EVEN, positions=[0], L=1, K=2),
        asked(f"{at}.cosine_coefficients", array_of("law"), value("law", Q, r"law has shape \(2, 2\); valid: \[K\]"),
              value("law", [], r"len\(law\) = 0; valid"), law=EVEN),
        asked("noise.ordinal.cosine_waves", count("K"), K=2),
        asked("noise.ordinal.birth_death_damping", amount("noise"), count("K"), noise=1, K=2),
        asked(f"{at}.characteristic_function", points, law("weights"), number("frequency"), **line),
        asked(f"{at}.noisy_characteristic_function", points, law("weights"), number("frequency"), amount("alpha"),
              positive("sigma"), alpha=1, sigma=1, **line),
    ]


def interpolants() -> list[Asked]:
    at = "smoothness.interpolants"
    table = (
        *array_of("embeddings"),
        value("embeddings", [0, 1], r"embeddings has shape \(2,\); valid: \[K, d\]"),
        value("embeddings", [[0.0], [math.inf]], "embeddings has an infinite entry"),
    )
    f = (
        *array_of("values"),
        value("values", [0.0, math.inf], "values has an infinite entry"),
        value("values", [1], r"values has shape \(1,\) and embeddings 2 rows"),
    )
    given: dict[str, Any] = {"values": [0, 1], "embeddings": [[0], [1]]}
    return [
        asked("noise.neighbors.squared_distances", table, embeddings=[[0], [1]]),
        asked(f"{at}.least_lipschitz", f, table, **given),
        asked(f"{at}.mcshane", f, table, array_of("place"),
              value("place", [0, 1], r"place has shape \(2,\); valid: \[d\]"),
              value("embeddings", [[1], [1]], "embeddings put tokens with different values at one place"),
              place=[0], **given),
        asked(f"{at}.scaled", table, positive("factor"), embeddings=[[0], [1]], factor=2),
    ]


def displacements() -> list[Asked]:
    at = "smoothness.displacement"
    data: tuple[Wrong, ...] = (
        *array_of("points"),
        value("points", [0.0, 1.0], r"points has shape \(2,\); valid: \[m, d\]"),
        *law("weights"),
        value("weights", [1], r"weights has shape \(1,\) and points \(2, 1\)"),
    )
    place = (
        *array_of("z"),
        value("z", [[0, 1]], r"z has shape \(1, 2\) and points \(2, 1\)"),
        value("z", [0], r"z has shape \(1,\); valid: \[n, d\]"),
    )
    order = (
        *amount("sigma_s"),
        value("sigma_t", 0, "sigma(_t)? = 0; valid: 0 < "),
        value("sigma_s", 3, "sigma_s = 3 is more than sigma_t = 1"),
    )
    falling = (
        value("sigmas", [1], r"sigmas = \[1\]; valid: at least two falling"),
        value("sigmas", [1, 2], r"sigmas = \[1, 2\]; valid: at least two falling"),
    )
    given: dict[str, Any] = {"points": [[0], [1]], "weights": EVEN}
    noise: dict[str, Any] = {"sigma_s": HALF, "sigma_t": 1}
    return [
        asked(f"{at}.posterior_weights", place, data, positive("sigma"), z=[[0]], sigma=1, **given),
        asked(f"{at}.denoised", place, data, positive("sigma"), z=[[0]], sigma=1, **given),
        asked(f"{at}.step", place, data, order, z=[[0]], **given, **noise),
        asked(f"{at}.step_jacobian", place, data, order, z=[[0]], **given, **noise),
        asked(f"{at}.steepest", kind("jacobians", [[[1.0]]], r"jacobians = .* of type list; valid: an array"),
              value("jacobians", np.ones((1, 2, 1)), r"jacobians has shape \(1, 2, 1\); valid: square"),
              value("jacobians", np.ones((2, 2)), r"jacobians has shape \(2, 2\)"), jacobians=np.ones((1, 1, 1))),
        asked(f"{at}.steepness_bound", order, amount("diameter"), diameter=1, **noise),
        asked(f"{at}.displacement_bound", order, count("d"), d=1, **noise),
        asked(f"{at}.random_displacement_bound", order, count("d"), d=1, **noise),
        asked(f"{at}.expected_displacement", order, count("nodes"),
              value("points", [[0, 0, 0, 0]] * 2, r"points has shape \(2, 4\); valid: .*d <= 3"),
              value("weights", [1], r"weights has shape \(1,\) and points \(2, 1\)"), nodes=4, **given, **noise),
        asked(f"{at}.composed", falling, data, z=np.array([[0.0]]), sigmas=[2, 1], **given),
        asked(f"{at}.slope_of_composed", falling, data, z=np.array([[0.0]]), sigmas=[2, 1], **given),
        asked(f"{at}.two_point_slope", order, amount("a"), value("sigma_s", 0, "sigma_s = 0; valid: 0 < sigma_s"),
              a=F(1), **noise),
    ]


ASKED = [*distances(), *symmetries(), *filters(), *interpolants(), *displacements()]
