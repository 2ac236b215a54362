"""Gaussian diffusion on the line.

* `levels`: signal and noise as functions of time;
* `diffusion`: marginals, bridges, and the meanings of a network's output;
* `elbo`: the bound on a grid of times and in continuous time.
"""

from unmask.reference.gaussian import diffusion, elbo, levels

__all__ = ["diffusion", "elbo", "levels"]
