"""D3PM: parts beyond the general reverse process.

* `logistic_head`: a law over ordered classes from a location and a scale.
"""

from unmask.reference.d3pm import logistic_head

__all__ = ["logistic_head"]
