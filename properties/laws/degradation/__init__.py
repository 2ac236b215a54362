"""Laws of cold diffusion.

* `cold_diffusion`: two samplers.
"""

from unmask.properties.laws.degradation import cold_diffusion  # noqa: F401  # isort: skip
