"""Likelihood: the reverse kernel of a network's output, and the bound on the likelihood.

* `denoisers`: the predictions of a perfect model;
* `reverse`: a network's output as a reverse kernel;
* `elbo`: the bound on a grid of times, by two definitions, and the likelihood;
* `rates`: the reverse process in continuous time;
* `continuous_elbo`: the bound in continuous time;
* `continuous_likelihood`: the likelihood in continuous time.
"""

from unmask.reference.likelihood import continuous_elbo, continuous_likelihood, denoisers, elbo, rates, reverse

__all__ = ["continuous_elbo", "continuous_likelihood", "denoisers", "elbo", "rates", "reverse"]
