"""Mistakes that the laws catch, told in a sentence each, from wherever the tests make them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from tests.mutants import MUTANTS
from tests.networks.wrong import MUTANTS as NETWORKS
from tests.programs.wrong import WRONG
from tests.programs.wrong.every import MISTAKES
from unmask.properties import Subject


@dataclass(frozen=True)
class Mistake:
    """One mistake: what it imitates, and the subjects that make it."""

    name: str
    told: str
    subjects: Callable[[], list[Subject]]


@lru_cache(maxsize=1)
def mistakes() -> dict[str, Mistake]:
    """All of them, by the names that laws have for them."""
    found: dict[str, Mistake] = {}
    for name, mutant in MUTANTS.items():
        found[name] = Mistake(name, _sentence(mutant.imitates), partial(_of_bases, mutant))
    for name, network in NETWORKS.items():
        found[name] = Mistake(name, _first(network.build), partial(_alone, network.subject, name))
    for name, sampler in WRONG.items():
        found[name] = Mistake(name, _first(sampler.build), partial(_alone, getattr, sampler, "subject"))
    for name, (subject, _) in MISTAKES.items():
        found[name] = Mistake(name, _first(subject.build), partial(_alone, lambda s: s, subject))
    return found


def _of_bases(mutant: Any) -> list[Subject]:
    return [mutant(base) for base in mutant.bases]


def _alone(make: Callable[..., Subject], *arguments: Any) -> list[Subject]:
    return [make(*arguments)]


def _first(made: Any) -> str:
    """The first paragraph of its docstring, in one line."""
    return _sentence(" ".join((inspect.getdoc(made) or "").split("\n\n")[0].split()))


def _sentence(told: str) -> str:
    """With a full stop, and a capital letter where it begins with a word."""
    first, rest = told[:1], told[1:]
    begins = re.match(r"[a-z]+ ", told) is not None
    return (first.upper() if begins else first) + rest + ("" if told.endswith((".", "!", "?")) else ".")


__all__ = ["Mistake", "mistakes"]
