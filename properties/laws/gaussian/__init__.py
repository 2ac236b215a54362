"""Laws of Gaussian diffusion.

* `common`: batches, and the rounding of schedules;
* `diffusion`: levels, bridges, meanings of an output;
* `data`: noisy data sets;
* `steps`: reverse steps;
* `losses`: the bound;
* `samples`: draws;
* `flow`: the deterministic step (DDIM).
"""

from unmask.properties.laws.gaussian import diffusion, data, steps, losses, samples, flow  # noqa: F401  # isort: skip
