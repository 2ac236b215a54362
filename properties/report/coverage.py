"""Which corruption process is covered by which capability, over all methods of a run: a table for each kind."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import IO, TypeAlias

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from unmask.properties.report.grid import title_of
from unmask.properties.subjects.processes.families import FAMILIES
from unmask.properties.subjects.subject import Subject
from unmask.reference.gaussian.levels import KINDS

#: What there is to know of a corruption process and its reversal, and the capabilities that tell it, by kind.  Of other
#: kinds that have families, every capability is an aspect of its own.
ASPECTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "classes": {
        "marginal": ("marginal",),
        "posterior": ("posterior",),
        "sample": ("sample",),
        "reverse": ("reverse",),
        "loss": ("loss",),
        "score": ("score",),
        "step": ("step",),
        "sampler": ("generate",),
    },
    "gaussian": {
        "marginal": ("log_density",),
        "bridge": ("bridge_mean",),
        "sample": ("noisy",),
        "reverse": ("reverse_mean",),
        "loss": ("diffusion_loss",),
        "score": ("data_score",),
        "step": ("reverse_step", "deterministic_step"),
        "sampler": ("generate_reals",),
    },
}

#: Of one kind: for each family and clock, the names of the methods that offer each aspect.
Coverage: TypeAlias = dict[tuple[str, str], dict[str, list[str]]]


def coverage(methods: Sequence[Subject]) -> dict[str, Coverage]:
    """For each kind that has families: for each family and clock that some method implements, who offers what."""
    found: dict[str, Coverage] = {}
    for name in dict.fromkeys(method.kind.name for method in methods):
        of_kind = [method for method in methods if method.kind.name == name]
        covered = _covered(of_kind, ASPECTS.get(name) or {c: (c,) for c in of_kind[0].kind.capabilities})
        if covered:
            found[name] = covered
    return found


def _covered(methods: Sequence[Subject], aspects: Mapping[str, tuple[str, ...]]) -> Coverage:
    places = {family: place for place, family in enumerate([*FAMILIES, *KINDS])}
    claimed = dict.fromkeys(family for method in methods for family in method.processes.families)
    clocks = dict.fromkeys(clock for method in methods for clock in method.processes.clocks)
    found: Coverage = {}
    for family in sorted(claimed, key=lambda name: places.get(name, len(places))):
        for clock in sorted(clocks, reverse=True):  # discrete ones first
            speaking = [
                method
                for method in methods
                if family in method.processes.families and method.processes.restricted([family], clock) is not None
            ]
            if speaking:
                found[family, clock] = {
                    aspect: [method.name for method in speaking if any(c in method.offered for c in capabilities)]
                    for aspect, capabilities in aspects.items()
                }
    return found


def print_coverage(methods: Sequence[Subject], file: IO[str]) -> None:
    """Print, for each kind that has families, how many of the methods offer what; ``–`` where none does."""
    # A log has no width of its own.
    width = None if file.isatty() and "COLUMNS" not in os.environ else 120
    console = Console(file=file, width=width, highlight=False)
    for kind, rows in coverage(methods).items():
        aspects = next(iter(rows.values()))
        table = Table(box=SIMPLE_HEAD, title=f"{title_of(kind)}: how many methods cover what", title_justify="left")
        for header in ("process", "clock", *aspects):
            table.add_column(header, justify="left" if header in ("process", "clock") else "right")
        for (family, clock), covering in rows.items():
            table.add_row(family, clock, *(str(len(names)) if names else "–" for names in covering.values()))
        console.print(table)


__all__ = ["ASPECTS", "Coverage", "coverage", "print_coverage"]
