"""Laws of masked diffusion.

* `masked_diffusion`: SUBS, weights, schedules;
* `autoregression`: one token a step.
"""

from unmask.properties.laws.masked import masked_diffusion, autoregression  # noqa: F401  # isort: skip
