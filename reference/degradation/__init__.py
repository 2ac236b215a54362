"""Degradation: cold diffusion, where nothing is left to chance.

* `cold_diffusion`: degradations, and two ways back.
"""

from unmask.reference.degradation import cold_diffusion

__all__ = ["cold_diffusion"]
