"""The names of all wrong programs, with the laws that each breaks."""

from __future__ import annotations

# Samplers are entered as their modules are imported.
from tests.programs.wrong import WRONG, again, ancestral, choices, draws, kernels, states, tokens, trajectories

SAMPLERS = (again, ancestral, choices, states, tokens)
BROKEN = {name: made.laws | made.perhaps for name, made in WRONG.items()}
#: Bounds, guidance and kernels.
MISTAKES = {**draws.MISTAKES, **kernels.MISTAKES}
BROKEN |= {name: frozenset(laws) for name, (_, laws) in MISTAKES.items()}

__all__ = ["BROKEN", "MISTAKES", "SAMPLERS", "trajectories"]
