"""Mistakes that the laws catch: small, plausible, wrong variants of the built-in methods."""

from tests.mutants import (
    answers,
    chains,
    cold,
    conduct,
    draws,
    forward,
    gaussian,
    gaussian_draws,
    generation,
    losses,
    parts,
    posteriors,
    reverse,
    sampling,
    scale,
    schedules,
    smoothness,
    steps,
)
from tests.mutants.matrix import catches, kill_matrix
from tests.mutants.registry import MUTANTS, Mutant

__all__ = [
    "MUTANTS",
    "Mutant",
    "answers",
    "catches",
    "chains",
    "cold",
    "conduct",
    "draws",
    "forward",
    "gaussian",
    "gaussian_draws",
    "generation",
    "kill_matrix",
    "losses",
    "parts",
    "posteriors",
    "reverse",
    "sampling",
    "scale",
    "schedules",
    "smoothness",
    "steps",
]
