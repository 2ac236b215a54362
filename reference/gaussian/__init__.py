"""Gaussian diffusion on the line.

* `levels`: signal and noise as functions of time;
* `diffusion`: marginals, bridges, and the meanings of a network's output;
* `arg_max`: the discrete process that the largest coordinate is;
* `elbo`: the bound on a grid of times and in continuous time.
"""

from unmask.reference.gaussian import arg_max, diffusion, elbo, levels

__all__ = ["arg_max", "diffusion", "elbo", "levels"]
