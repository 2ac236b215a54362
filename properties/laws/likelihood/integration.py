"""Integrals over time: the quadrature rule, and the exact integral of a loss."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from unmask.properties.engine.calls import Unanswerable
from unmask.properties.laws.common import Array, average, floats, noisy_sequences
from unmask.properties.laws.likelihood.terms import true_loss
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.tables.classes import Model


def graded_rule(p: Process, n: int = 40) -> tuple[list[Fraction], Array]:
    """Gauss-Legendre nodes and weights on (0, 1), dense at both ends, where integrands have logarithms.

    Nodes lie inside the interval after rounding to the method's dtype: at the end, rates may be infinite.
    """
    v, w = np.polynomial.legendre.leggauss(n)
    v, w = (v + 1) / 2, w / 2
    dtype = np.float64 if p.precision == "float64" else np.float32
    nodes = (v**3 * (10 - 15 * v + 6 * v**2)).astype(dtype)
    nodes = np.minimum(nodes, np.nextafter(dtype(1), dtype(0))).astype(np.float64)
    # As fractions, since the reference would compute 1 - u in floats if u were one.
    return [Fraction(float(u)) for u in nodes], w * 30 * v**2 * (1 - v) ** 2


def rule_over_alpha(p: Process, n: int) -> tuple[list[Fraction], Array]:
    """Times and weights that integrate what is a polynomial in alpha, divided by ``-d alpha/dt``, over all of time.

    The times are numbers of the method's dtype near which alpha has the ``n`` Gauss-Legendre nodes between ``alpha(1)``
    and ``alpha(0)``; the weights are those of interpolation at the alphas that they have.

    Raises
    ------
    Unanswerable : if alpha stands still at one of these times, or has too few values.
    """
    dtype = np.float64 if p.precision == "float64" else np.float32
    first, last = float(p.alpha(0)), float(p.alpha(1))
    times = []
    for node in np.polynomial.legendre.leggauss(n)[0]:
        early, late = 0.0, 1.0
        for _ in range(40):
            middle = (early + late) / 2
            above = (2 * float(p.alpha(middle)) - first - last) > node * (first - last)
            early, late = (middle, late) if above else (early, middle)
        times.append(Fraction(float(dtype(late))))
    places = np.array([(2 * float(p.alpha(u)) - first - last) / (first - last) if first > last else 0 for u in times])
    slopes = np.array([float(p.rate(u) * p.alpha(u)) if 0 < u < 1 else 0.0 for u in times])
    if not (slopes > 0).all() or len(np.unique(places)) < n:
        raise Unanswerable("alpha stands still, or changes within less than a rounding of time")
    # Legendre's polynomials have the integrals 2, 0, 0, ... over [-1, 1].
    weights = np.linalg.solve(np.polynomial.legendre.legvander(places, n - 1).T, 2 * np.eye(n)[0])
    return times, weights * (first - last) / 2 / slopes


def integrated_truth(p: Process, model: Model, x0: Array, n: int) -> Array:
    """The reference's integrand for a time-independent table, integrated over the unit interval with ``n`` nodes."""
    total: Any = np.zeros(len(x0))
    for u, w in zip(*graded_rule(p, n), strict=True):
        row, clean, xt, q = noisy_sequences(p, x0, u)
        values = true_loss(p.truth, model.parameterization, model.predicted(xt, 0), clean, xt, u)
        total = total + w * average(floats(values), floats(q), row, len(x0))
    return total


__all__ = ["graded_rule", "integrated_truth", "rule_over_alpha"]
