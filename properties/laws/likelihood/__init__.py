"""Laws of the reverse process and the bound.

* `reverse`: kernels;
* `terms`: exact terms of the bound, and their rounding;
* `integration`: sums and integrals over time;
* `elbo`: the bound;
* `optima`: the model of least NELBO.
"""

from unmask.properties.laws.likelihood import reverse, elbo, optima  # noqa: F401  # isort: skip
