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
    """With a full stop, and a capital letter where it begins with a word."""
    first, rest = told[:1], told[1:]
    begins = re.match(r"[a-z]+ ", told) is not None
    return (first.upper() if begins else first) + rest + ("" if told.endswith((".", "!", "?")) else ".")


__all__ = ["mistakes", "subjects_with"]
