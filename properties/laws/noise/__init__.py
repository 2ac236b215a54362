"""Laws of noise.

* `schedules`: alpha and its rate;
* `forward`: marginals and transitions;
* `posteriors`: Bayes' rule.
"""

from unmask.properties.laws.noise import schedules, forward, posteriors  # noqa: F401  # isort: skip
