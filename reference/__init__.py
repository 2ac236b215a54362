"""The exact reference: discrete diffusion from its definitions, slow and without rounding.

Read it like a chapter, in this order:

1. `numbers`, `linear_algebra`: one arithmetic for Fractions, 40-digit reals and floats;
2. `schedules`: how much of the data is left at each time;
3. `transition_matrices`, `ordinal`, `neighbors`: the steps and rates of every kind of corruption;
   `corruption`, `rate_time`, `drifting_prior`, `sequences`: how one position, and a whole sequence, turns
   into noise;
4. `forward`, `posterior`: where data goes, and Bayes' rule for where it came from;
5. `denoisers`: what a perfect model would predict;
6. `reverse`: what a network's output means as a step back;
7. `elbo`: the bound on the likelihood, on a grid of times;
8. `rates`, `score`: the same in continuous time;
9. `masked_language_model`: what is left of absorbing diffusion without a clock.

Everything is derived from definitions: sums over paths, Bayes' rule on an explicit joint, enumeration of
trajectories, matrix exponentials, quadrature.  Given Fractions, all that involves no logarithm is exact.

Conventions: rows of matrices are sources; a sequence has L positions over K classes (the mask is one of them,
if there is one); alpha is the probability that a position has not been hit by noise; losses are in nats and
summed over positions.
"""

from unmask.reference import (
    corruption,
    denoisers,
    drifting_prior,
    elbo,
    forward,
    linear_algebra,
    masked_language_model,
    neighbors,
    numbers,
    ordinal,
    posterior,
    rate_time,
    rates,
    reverse,
    schedules,
    score,
    sequences,
    transition_matrices,
)
from unmask.reference.corruption import ContinuousTime, DiscreteTime, Process, RateTime
from unmask.reference.numbers import MP, Array, array, common, exactly, real, same, to_float

__all__ = [
    "MP",
    "Array",
    "ContinuousTime",
    "DiscreteTime",
    "Process",
    "RateTime",
    "array",
    "common",
    "corruption",
    "denoisers",
    "drifting_prior",
    "elbo",
    "exactly",
    "forward",
    "linear_algebra",
    "masked_language_model",
    "neighbors",
    "numbers",
    "ordinal",
    "posterior",
    "rate_time",
    "rates",
    "real",
    "reverse",
    "same",
    "schedules",
    "score",
    "sequences",
    "to_float",
    "transition_matrices",
]
