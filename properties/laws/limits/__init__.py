"""Limits, each at its rate.

* `continuous_time`: the number of steps T grows;
* `ordinal`: the number of levels K grows;
* `score_matching`: scores and score entropy as K grows;
* `ordinal_elbo`: the NELBO of ordered levels and of Gaussian diffusion.
"""

from unmask.properties.laws.limits import continuous_time, ordinal, score_matching, ordinal_elbo  # noqa: F401  # isort: skip
