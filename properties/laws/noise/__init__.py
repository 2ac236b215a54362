"""Laws of noise.

* `schedules`: alpha and its rate;
* `forward`: marginals and transitions;
* `posteriors`: Bayes' rule;
* `information`: what noise leaves of the data;
* `neighbors`: walks on a table of embeddings.
"""

from unmask.properties.laws.noise import schedules, forward, posteriors, information, neighbors  # noqa: F401  # isort: skip
