"""Laws of samplers.

* `steps`: one step;
* `samplers`: whole samples;
* `tails`: rare classes.
"""

from unmask.properties.laws.sampling import steps, samplers, tails  # noqa: F401  # isort: skip
