"""Laws of masked diffusion.

* `masked_diffusion`: SUBS, weights, schedules;
* `mass_on_the_mask`: networks that predict the mask;
* `autoregression`: one token a step.
"""

from unmask.properties.laws.masked import masked_diffusion, mass_on_the_mask, autoregression  # noqa: F401  # isort: skip
