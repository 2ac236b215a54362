"""Laws of the reverse process and the bound.

* `reverse`: kernels;
* `terms`: what the laws of the bound share;
* `integration`: sums and integrals over time;
* `elbo`: the bound;
* `optima`: what the best model is.
"""

from unmask.properties.laws.likelihood import reverse, elbo, optima  # noqa: F401  # isort: skip
