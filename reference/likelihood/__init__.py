"""Likelihood: what a network's output means as a step back, and the bound on the likelihood that follows.

* `denoisers`: what a perfect model would predict;
* `reverse`: a network's output as a reverse kernel;
* `elbo`: the bound on a grid of times, and all that it should agree with;
* `rates`: the reverse process in continuous time;
* `continuous_elbo`: the bound in continuous time;
* `continuous_likelihood`: the likelihood in continuous time.
"""

from unmask.reference.likelihood import continuous_elbo, continuous_likelihood, denoisers, elbo, rates, reverse

__all__ = ["continuous_elbo", "continuous_likelihood", "denoisers", "elbo", "rates", "reverse"]
