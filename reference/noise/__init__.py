"""Noise: corruption processes, marginals, and posteriors by Bayes' rule.

* `schedules`: alpha at each time;
* `transition_matrices`: one step of uniform, absorbing and mixed corruption;
* `ordinal`: steps and rates on ordered levels;
* `neighbors`: rates along a graph of nearest neighbors, with a mask if wanted;
* `corruption`: processes of one position, on either clock;
* `composing`: processes of up to a thousand steps that compose;
* `rate_time`: corruption given by any rate matrix;
* `drifting_prior`: corruption toward a law that changes with time;
* `moving_prior`: the same in continuous time, and masks with a bump of uniform noise;
* `state_dependent`: masking with a schedule for each class;
* `forward`: the marginal `q(x_t|x_0)` of a whole sequence;
* `posterior`: `q(x_s|x_t, x_0)`;
* `information`: mutual information with the data, and the schedule on which it falls linearly.
"""

from unmask.reference.noise import (
    composing,
    corruption,
    drifting_prior,
    forward,
    information,
    moving_prior,
    neighbors,
    ordinal,
    posterior,
    rate_time,
    schedules,
    state_dependent,
    transition_matrices,
)

__all__ = [
    "composing",
    "corruption",
    "drifting_prior",
    "forward",
    "information",
    "moving_prior",
    "neighbors",
    "ordinal",
    "posterior",
    "rate_time",
    "schedules",
    "state_dependent",
    "transition_matrices",
]
