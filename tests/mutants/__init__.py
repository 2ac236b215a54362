"""Mistakes that the laws catch: small, plausible, wrong variants of the built-in methods."""

from tests.mutants import conduct, forward, losses, posteriors, reverse, sampling, schedules, steps
from tests.mutants.matrix import catches, kill_matrix
from tests.mutants.registry import MUTANTS, Mutant

__all__ = [
    "MUTANTS",
    "Mutant",
    "catches",
    "conduct",
    "forward",
    "kill_matrix",
    "losses",
    "posteriors",
    "reverse",
    "sampling",
    "schedules",
    "steps",
]
