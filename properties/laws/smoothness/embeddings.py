"""The essay's argument, third part: an embedding table can make any function of tokens smooth.

Claims of the essay are cited by the numbers that ``docs/essay-claims.md`` gives them.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, at_most, close
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats
from unmask.properties.subjects.processes.vocabulary import Vocabulary
from unmask.reference.numbers.arithmetic import array, elementwise, exactly
from unmask.reference.smoothness import interpolants

CHAPTER = "The essay"
#: Functions of the classes, and dimensions of the table.
FUNCTIONS, D = 4, 3


def functions_and_embedding(p: Vocabulary, seed: int, apart: bool) -> tuple[Array, Array]:
    """Functions ``[FUNCTIONS, K]`` and an embedding ``[K, D]``, with few bits, and with distinct rows if ``apart``."""
    rng = np.random.default_rng([seed, 61])
    values = rng.integers(-8, 9, (FUNCTIONS, p.K)) / 8
    values[0] = np.arange(p.K) == rng.integers(p.K)
    # Distinct first coordinates, in an order other than that of the ids.
    places = rng.integers(-8, 9, (p.K, D)) / 4
    places[:, 0] = rng.permutation(p.K) / 2
    if not apart and seed % 3 == 0:
        places[-1] = places[0]
    return fractions(values), fractions(places)


def fractions(values: Array) -> Array:
    """Floats of few bits as fractions."""
    return elementwise(exactly, values)


@law(
    chapter=CHAPTER,
    tex=r"\mathrm{Lip} = \max_{x \ne y} \frac{|f(x) - f(y)|}{\|e(x) - e(y)\|}",
    cites="essay, claims 12 and 13; McShane 1934",
    mutants=("slope-of-neighboring-ids", "slope-by-squared-distance"),
    about=About(kind="embeddings"),
    drawn=Drawn(K=3),
)
def least_slope_is_that_of_the_steepest_pair(least_lipschitz: Any, p: Vocabulary, seed: int) -> Claim:
    """The least Lipschitz constant of a function with given values at given embeddings is the slope of its steepest pair; infinite for equal embeddings"""
    values, places = functions_and_embedding(p, seed, apart=False)
    truth = array([interpolants.least_lipschitz(f, places) for f in values])
    return close(least_lipschitz(p, values, places), truth, ops=D + 8, scale=floats(truth), names=("function",))


@law(
    chapter=CHAPTER,
    tex=r"\mathrm{Lip}(f, c\,e) = \mathrm{Lip}(f, e) / c",
    cites="essay, claim 12",
    mutants=("slope-by-squared-distance", "slope-of-normalized-embeddings"),
    about=About(kind="embeddings"),
)
def moving_embeddings_apart_divides_the_slope(least_lipschitz: Any, p: Vocabulary, seed: int) -> Claim:
    """Scaling the embedding table by c divides the least Lipschitz constant of every function of tokens by c"""
    values, places = functions_and_embedding(p, seed, apart=True)
    plain = least_lipschitz(p, values, places)
    # Up to a thousandfold, since the scale is arbitrary.
    factors = [Fraction(1, 4), 3, 1024]
    moved = [least_lipschitz(p, values, interpolants.scaled(places, c)) * c for c in factors]
    names = (("factor", [f"c = {c}" for c in factors]), "function")
    return close(np.stack(moved), np.stack([plain] * len(factors)), ops=2 * D + 16, scale=floats(plain), names=names)


@law(
    chapter=CHAPTER,
    tex=r"F(e(x)) = f(x), \qquad |F(z) - F(z')| \le \mathrm{Lip}\, \|z - z'\|",
    cites="essay, claim 13; McShane 1934",
    mutants=("interpolant-of-the-nearest-class", "interpolant-by-street-blocks"),
    about=About(kind="embeddings"),
)
def a_function_of_tokens_may_be_as_smooth_as_its_steepest_pair(
    interpolant: Any, p: Vocabulary, seed: int
) -> list[Claim]:
    """For distinct embeddings the interpolant has the given values and the least Lipschitz constant"""
    values, places = functions_and_embedding(p, seed, apart=True)
    rng = np.random.default_rng([seed, 67])
    steepest = np.array([float(interpolants.least_lipschitz(f, places)) for f in values])
    functions, classes = (v.ravel() for v in np.indices((FUNCTIONS, p.K)))
    # Places near an embedding, and others at a short or a long distance, along one axis or all.
    near = places[rng.integers(0, p.K, len(functions))] + fractions(rng.integers(-8, 9, (len(functions), D)) / 16)
    off = near + fractions(rng.integers(-4, 5, near.shape) / 4 * 2.0 ** rng.integers(-4, 3, (len(near), 1)))
    everywhere = (places[classes], near, off)
    at = [interpolant(p, values[functions], places, where) for where in everywhere]
    # A value plus a slope times a distance, with D + 8 roundings.
    reach = [
        1 + steepest[functions] * np.linalg.norm(floats(where[:, None] - places), axis=-1).max(-1)
        for where in everywhere
    ]
    bound = steepest[functions] * np.linalg.norm(floats(near - off), axis=-1)
    ops = 2 * D + 16
    names = (("function and class", [f"function {f}, class {x}" for f, x in zip(functions, classes, strict=True)]),)
    return [
        close(at[0], values[functions, classes], ops=ops, scale=reach[0], names=names, label="the values"),
        at_most(
            np.abs(floats(at[1]) - floats(at[2])), bound, ops=ops, scale=reach[1] + reach[2] + bound, names=("pair",),
            label="the Lipschitz constant",
        ),
    ]  # fmt: skip
