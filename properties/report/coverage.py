"""Which corruption process is covered by which capability, over all methods of a run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import IO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from unmask.properties.subjects.processes.families import FAMILIES, Clock
from unmask.properties.subjects.subject import Subject
from unmask.reference.gaussian.levels import KINDS

#: What there is to know of a corruption process and its reversal, and the capability that tells it, of classes and of
#: reals.
ASPECTS = {
    "marginal": ("marginal", "log_density"),
    "posterior": ("posterior", "bridge_mean"),
    "sample": ("sample", "noisy"),
    "reverse": ("reverse", "reverse_mean"),
    "loss": ("loss", "diffusion_loss"),
    "score": ("score", "data_score"),
    "step": ("step", "reverse_step", "deterministic_step"),
    "sampler": ("generate", "generate_reals"),
}


def coverage(methods: Sequence[Subject]) -> dict[tuple[str, str], dict[str, list[str]]]:
    """For each family and clock that some method implements, the names of the methods that offer each aspect."""
    found: dict[tuple[str, str], dict[str, list[str]]] = {}
    clocks: dict[str, tuple[Clock, ...]] = {family.name: family.clocks for family in FAMILIES.values()}
    clocks |= dict.fromkeys(KINDS, ("discrete", "continuous"))
    for family in clocks:
        for clock in clocks[family]:
            speaking = [
                m
                for m in methods
                if family in m.processes.families and m.processes.restricted([family], clock) is not None
            ]
            if speaking:
                found[family, clock] = {
                    aspect: [m.name for m in speaking if any(c in m.offered for c in capabilities)]
                    for aspect, capabilities in ASPECTS.items()
                }
    return found


def print_coverage(methods: Sequence[Subject], file: IO[str]) -> None:
    """Print how many of the methods offer each aspect of each process; ``–`` where none does."""
    table = Table(box=SIMPLE_HEAD, title="how many methods cover what", title_justify="left")
    for header in ("process", "clock", *ASPECTS):
        table.add_column(header, justify="left" if header in ("process", "clock") else "right")
    for (family, clock), aspects in coverage(methods).items():
        table.add_row(family, clock, *(str(len(names)) if names else "–" for names in aspects.values()))
    # A log has no width of its own.
    width = None if file.isatty() and "COLUMNS" not in os.environ else 120
    Console(file=file, width=width, highlight=False).print(table)


__all__ = ["ASPECTS", "coverage", "print_coverage"]
