"""Laws of Gaussian diffusion.

* `common`: batches, and the rounding of schedules;
* `diffusion`: levels, bridges, meanings of an output;
* `data`: noisy data sets;
* `steps`: reverse steps;
* `losses`: the bound;
* `draws`: draws of reals, against the Gaussians that they come from;
* `samples`: noisy data, steps and whole samples, drawn;
* `flow`: the deterministic step (DDIM);
* `arg_max`: the discrete process under it;
* `forward`: noise and its steps, and the best output;
* `training`: what a network pays.
"""

from unmask.properties.laws.gaussian import diffusion, data, steps, losses, samples, flow, arg_max, forward, training  # noqa: F401  # isort: skip
