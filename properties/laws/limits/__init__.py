"""Limits, each at its rate.

* `continuous_time`: ever more steps;
* `ordinal`: ever finer levels;
* `score_matching`: score entropy and score matching;
* `ordinal_elbo`: the ordinal bound and the Gaussian one.
"""

from unmask.properties.laws.limits import continuous_time, ordinal, score_matching, ordinal_elbo  # noqa: F401  # isort: skip
