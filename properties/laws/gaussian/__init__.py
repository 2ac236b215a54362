"""Laws of Gaussian diffusion.

* `common`: what they share;
* `diffusion`: levels, bridges, meanings;
* `data`: noisy data sets;
* `steps`: reverse steps;
* `losses`: the bound;
* `samples`: draws;
* `flow`: its deterministic limit.
"""

from unmask.properties.laws.gaussian import diffusion, data, steps, losses, samples, flow  # noqa: F401  # isort: skip
