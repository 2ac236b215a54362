"""Laws of Gaussian diffusion.

* `common`: batches, and the rounding of schedules;
* `diffusion`: levels, bridges, meanings of an output;
* `data`: noisy data sets;
* `steps`: reverse steps;
* `losses`: the bound;
* `samples`: draws;
* `flow`: the deterministic step (DDIM);
* `forward`: noise and its steps, and the best output;
* `training`: what a network pays.
"""

from unmask.properties.laws.gaussian import diffusion, data, steps, losses, samples, flow, forward, training  # noqa: F401  # isort: skip
