"""Noise: how data is corrupted, where it goes, and Bayes' rule for where it came from.

* `schedules`: how much of the data is left at each time;
* `transition_matrices`: one step of uniform, absorbing and mixed corruption;
* `ordinal`: steps and rates on ordered levels;
* `neighbors`: rates along a graph of nearest neighbors, with a mask if wanted;
* `corruption`: how one position turns into noise, on either clock;
* `composing`: the same in a thousand steps, where they compose;
* `rate_time`: corruption given by any rate matrix;
* `drifting_prior`: corruption toward a law that changes with time;
* `forward`: the marginal `q(x_t|x_0)` of a whole sequence;
* `posterior`: `q(x_s|x_t, x_0)`;
* `information`: how fast corruption forgets, and the schedule by which it forgets evenly.
"""

from unmask.reference.noise import (
    composing,
    corruption,
    drifting_prior,
    forward,
    information,
    neighbors,
    ordinal,
    posterior,
    rate_time,
    schedules,
    transition_matrices,
)

__all__ = [
    "composing",
    "corruption",
    "drifting_prior",
    "forward",
    "information",
    "neighbors",
    "ordinal",
    "posterior",
    "rate_time",
    "schedules",
    "transition_matrices",
]
