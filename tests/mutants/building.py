"""Mistakes in how a subject is made of a process."""

from __future__ import annotations

from tests.mutants.registry import Right, mutant
from unmask.properties import Process


@mutant("process-that-cannot-be-built", "build", of=("d3pm_absorbing", "mdlm", "vdm-noise", "cold", "embeddings"))
def process_that_cannot_be_built(right: Right, p: Process) -> tuple[object, ...]:
    """The constructor indexes a table that was made for three classes."""
    return (([right], [right], [right])[p.K - 2], right)
