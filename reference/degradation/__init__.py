"""Degradation: cold diffusion, which is deterministic.

* `cold_diffusion`: degradations, and two samplers that undo them.
"""

from unmask.reference.degradation import cold_diffusion

__all__ = ["cold_diffusion"]
