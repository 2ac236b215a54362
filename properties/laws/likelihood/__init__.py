"""Laws of the reverse process and the bound.

* `reverse`: kernels;
* `terms`: exact terms of the bound, and their rounding;
* `integration`: sums and integrals over time;
* `elbo`: the bound;
* `optima`: the model of least NELBO;
* `zeros`: what a step cannot do;
* `unlikely`: what a network all but rules out.
"""

from unmask.properties.laws.likelihood import reverse, elbo, optima, zeros, unlikely  # noqa: F401  # isort: skip
