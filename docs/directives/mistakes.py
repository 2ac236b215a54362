"""Mistakes that the laws catch, told in a sentence each, from wherever the tests make them."""

from __future__ import annotations

import inspect
import re
from functools import lru_cache
from typing import Any

from tests.mutants import MUTANTS
from tests.networks.wrong import MUTANTS as NETWORKS
from tests.programs.wrong import WRONG
from tests.programs.wrong.every import MISTAKES
from unmask.properties import Subject

#: What docstrings call letters that they cannot have for names.
LETTERS = {"alpha": "α", "beta": "β", "gamma": "γ", "kappa": "κ", "sigma": "σ", "lambda": "λ", "theta": "θ", "eps": "ε"}


@lru_cache(maxsize=1)
def mistakes() -> dict[str, str]:
    """What each imitates, by the names that laws have for them."""
    found = {name: _sentence(mutant.imitates) for name, mutant in MUTANTS.items()}
    found |= {name: _first(network.build) for name, network in NETWORKS.items()}
    found |= {name: _first(sampler.build) for name, sampler in WRONG.items()}
    return found | {name: _first(subject.build) for name, (subject, _) in MISTAKES.items()}


def subjects_with(name: str) -> list[Subject]:
    """The subjects that make a mistake, those that show it best first."""
    if name in MUTANTS:
        return [MUTANTS[name](base) for base in MUTANTS[name].bases]
    if name in NETWORKS:
        return [NETWORKS[name].subject(name)]
    return [WRONG[name].subject if name in WRONG else MISTAKES[name][0]]


def _first(made: Any) -> str:
    """The first paragraph of its docstring, in one line."""
    return _sentence(" ".join((inspect.getdoc(made) or "").split("\n\n")[0].split()))


def _sentence(told: str) -> str:
    """With letters for the names of letters, a full stop, and a capital where it begins with a word of prose.

    >>> _sentence("-alpha'/alpha in place of -alpha'/(1 - alpha)")
    '−α′/α in place of −α′/(1 − α).'
    >>> _sentence("w for 1 + w"), _sentence("the mean over rows"), _sentence("a mask is lifted")
    ('w for 1 + w.', 'The mean over rows.', 'A mask is lifted.')
    """
    told = _lettered(told)
    first, rest = told[:1], told[1:]
    # One letter by itself is a variable, unless it is the article.
    begins = re.match(r"(?:[a-z]{2,}|a) [^=]", told) is not None
    return (first.upper() if begins else first) + rest + ("" if told.endswith((".", "!", "?")) else ".")


def _lettered(told: str) -> str:
    """Greek names as Greek letters, a prime behind them, and a minus for a hyphen that stands for one."""
    for name, letter in LETTERS.items():
        told = re.sub(rf"(?<![\w`-])(-?){name}(?![A-Za-z0-9-])", rf"\g<1>{letter}", told)
    greek = "".join(LETTERS.values())
    told = re.sub(rf"(?<=[{greek}])'(?!s )", "′", told)
    return re.sub(rf"(?:(?<=\s)|(?<=^)|(?<=\())-(?=\s|[\d{greek}(|])", "−", told)


__all__ = ["mistakes", "subjects_with"]
