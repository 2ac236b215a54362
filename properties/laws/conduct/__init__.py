"""Laws of conduct: how an implementation behaves, whatever it computes.

* `building`: a subject can be built;
* `answers`: what it returns are numbers, of the dtype asked for;
* `conduct`: batches, generators, memory;
* `derivatives`: what autograd follows is the derivative of what is computed;
* `scale`: large vocabularies and long sequences;
* `precision`: what laws about accuracy ask;
* `probabilities`: schedules, marginals, transitions and posteriors near the ends of time;
* `predictions`: reverse kernels, rates, losses and gradients there;
* `zeros`: what cannot happen.
"""

from unmask.properties.laws.conduct import building, answers, scale, conduct, derivatives, probabilities, predictions, zeros  # noqa: F401  # isort: skip
