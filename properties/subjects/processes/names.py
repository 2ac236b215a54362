"""Names of schedules, families, clocks and masks, and their names elsewhere."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

#: Names of the schedules on each clock, the simplest first.  alpha = 1 - u has one name on each clock.
DISCRETE_SCHEDULES = ("free", "linear-beta", "cosine", "mutual-information", "log-linear", "polynomial")
CONTINUOUS_SCHEDULES = ("log-linear", "linear-beta", "cosine", "geometric", "linear", "polynomial")
#: The two names of alpha = 1 - u.
LINEAR_NAMES = ("linear", "mutual-information")

_OWN = "Schedule({name!r}, function={function})"
_NOT_SQUARED = "'cosine' is D3PM's, which is not squared; give the squared one as " + _OWN.format(
    name="cosine-squared", function="lambda u: mpmath.cos(mpmath.pi / 2 * u) ** 2"
)

_MASKGIT = "give MaskGIT's cosine as " + _OWN.format(
    name="maskgit", function="lambda u: 1 - mpmath.sin(mpmath.pi / 2 * u)"
)
_ROOT = "give it as " + _OWN.format(name="sqrt", function="lambda u: 1 - mpmath.sqrt(u)")

#: Names used elsewhere, by the name here, or by a sentence where there is none.
_SCHEDULES = {
    "linear-beta": "linear-betas beta-linear linear-rate linear-noise linbeta ddpm constant",
    "log-linear": "loglinear log-lin loglin log-linear-noise loglinear-noise",
    "geometric": "geometric-noise geom",
    "polynomial": "poly power monomial quadratic cubic polynomial-decay",
    "mutual-information": "mutual-info mutualinformation mi jsd",
    "linear": "linear-alpha straight cond-ot condot",
    "cosine": "cos cosine-noise cosine-schedule",
    "free": "betas custom table tabulated",
    _NOT_SQUARED: "cosine-squared cosine-sqr cosinesqr cosine2 cos2 squared-cosine squaredcos squaredcos-cap-v2",
    _MASKGIT: "maskgit maskgit-cosine arccos",
    _ROOT: "sqrt square-root root",
    "give its betas as Schedule('free', betas=...)": "scaled-linear sqrt-linear",
}
_FAMILIES = {
    "uniform": "uniform-noise multinomial categorical flat uniform-state",
    "absorbing": "mask masked masking absorb absorbing-state absorbing-mask masked-diffusion mdlm md4 subs",
    "mask-and-uniform": "bert hybrid mask-uniform uniform-mask uniform-and-mask masked-uniform",
    "state-dependent-masking": "state-dependent genmd4 gen-md4 state-dependent-absorbing class-dependent vector-alpha",
    "masks-and-bump": "gidd masks-with-a-bump mask-with-uniform-bump hybrid-noise",
    "drifting-prior": "drifting drift moving-prior",
    "discretized-gaussian": "gaussian gauss discretised-gaussian discrete-gaussian truncated-gaussian ordinal",
    "band": "banded band-diagonal banddiagonal",
    "nearest-neighbor": "knn k-nn nearest-neighbour nearest-neighbours nearest-neighbors neighbor neighbors embedding",
    "masked-nearest-neighbor": "masked-knn knn-mask masked-nearest-neighbour masked-neighbors",
    "birth-death": "birthdeath birth-and-death random-walk reflected-brownian",
    "ehrenfest": "ehrenfest-urn binomial ornstein-uhlenbeck",
}
_CLOCKS = {
    "discrete": "discrete-time steps step grid dt",
    "continuous": "continuous-time real reals ct unit",
    "both": "any all either discrete-and-continuous",
}
_MASKS = {"last": "end -1 right", "first": "0 start begin left", "any": "random drawn all every anywhere"}

#: For each kind of name: a name used elsewhere, to the name here or a sentence.
_OTHERS = {
    kind: {word: right for right, words in table.items() for word in words.split()}
    for kind, table in (("schedule", _SCHEDULES), ("family", _FAMILIES), ("clock", _CLOCKS), ("mask", _MASKS))
}


def curve_name(name: str) -> str:
    """The name by which schedules are compared: ``"linear"`` for both names of alpha = 1 - u."""
    return LINEAR_NAMES[0] if name in LINEAR_NAMES else name


def normalized_name(name: Any) -> str:
    """A name in lower case, with hyphens: ``"log-linear"`` for ``"Log_Linear"``."""
    return "-".join(str(name).lower().replace("_", " ").replace("-", " ").split()) if name != -1 else "-1"


def suggestion(kind: str, name: Any, valid: Iterable[str]) -> str:
    """The end of an error message about an unknown ``name`` of a schedule, family, clock or mask.

    ``"; did you mean 'absorbing'?"`` for a name used elsewhere or a misspelt one, else a list of the ``valid`` names.
    """
    names = list(valid)
    word = normalized_name(name)
    ours = kind == "schedule" and word in (*DISCRETE_SCHEDULES, *CONTINUOUS_SCHEDULES)
    right = word if ours or word in names else _OTHERS[kind].get(word, "")
    if right in LINEAR_NAMES and right not in names:
        right = next((name for name in LINEAR_NAMES if name in names), right)
    if " " in right:
        return f"; {right}"
    if right and right not in names:
        return f"; did you mean {right!r}? It is of the other clock"
    close = [right] if right else difflib.get_close_matches(word, names, n=1, cutoff=0.7)
    return f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(map(repr, names))}"


__all__ = ["CONTINUOUS_SCHEDULES", "DISCRETE_SCHEDULES", "LINEAR_NAMES", "curve_name", "normalized_name", "suggestion"]
