"""Limits of chains on ordered levels as the levels get finer.

* `reflected_brownian`: Brownian motion between two walls;
* `ornstein_uhlenbeck`: the limit of the Ehrenfest chain.
"""

from unmask.reference.limits import ornstein_uhlenbeck, reflected_brownian

__all__ = ["ornstein_uhlenbeck", "reflected_brownian"]
