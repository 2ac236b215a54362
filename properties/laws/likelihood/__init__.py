"""Laws of the reverse process and the bound.

* `reverse`: kernels;
* `terms`: exact terms of the bound, and their rounding;
* `integration`: sums and integrals over time;
* `elbo`: the bound;
* `ends`: the bound at the end of continuous time;
* `gradients`: what training follows;
* `head`: the output of a network for ordered levels;
* `optima`: the model of least NELBO;
* `unlikely`: what a network all but rules out.
"""

from unmask.properties.laws.likelihood import reverse, elbo, ends, gradients, head, optima, unlikely  # noqa: F401  # isort: skip
