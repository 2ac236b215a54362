"""Laws of conduct: how an implementation behaves, whatever it computes.

* `building`: a subject can be built;
* `conduct`: batches, generators, memory, dtypes;
* `scale`: large vocabularies and long sequences;
* `precision`: what laws about accuracy ask;
* `probabilities`: schedules, marginals, transitions and posteriors near the ends of time;
* `predictions`: reverse kernels, rates, losses and gradients there;
* `zeros`: what cannot happen.
"""

from unmask.properties.laws.conduct import building, scale, conduct, probabilities, predictions, zeros  # noqa: F401  # isort: skip
