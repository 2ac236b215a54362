"""Laws of masked diffusion.

* `masked_diffusion`: SUBS, weights, schedules;
* `state_dependent`: a schedule for each class;
* `masks_and_bump`: masks with a bump of uniform noise;
* `mass_on_the_mask`: networks that predict the mask;
* `autoregression`: one token a step.
"""

from unmask.properties.laws.masked import masked_diffusion, state_dependent, masks_and_bump, mass_on_the_mask, autoregression  # noqa: F401  # isort: skip
