"""The exact reference: discrete diffusion from its definitions, slow and without rounding.

Read it like a chapter, in this order:

1. `numbers`, `transcendental`, `linear_algebra`: one arithmetic for Fractions, 40-digit reals and floats;
   `divergences`, `quadrature`: how far laws are apart, and integrals; `checks`: how bad arguments are refused;
2. `schedules`: how much of the data is left at each time;
3. `transition_matrices`, `ordinal`, `neighbors`: the steps and rates of every kind of corruption;
   `corruption`, `rate_time`, `drifting_prior`, `sequences`: how one position, and a whole sequence, turns
   into noise;
4. `forward`, `posterior`: where data goes, and Bayes' rule for where it came from;
5. `denoisers`: what a perfect model would predict;
6. `reverse`: what a network's output means as a step back;
7. `elbo`: the bound on the likelihood, on a grid of times;
8. `rates`, `continuous_elbo`, `continuous_likelihood`, `score`: the same in continuous time;
9. `masked_language_model`, `noise_level`, `autoregression`: what is left of absorbing diffusion without a
   clock, without a schedule, and without chance;
10. `samplers`, `infilling`: the exact laws of what samplers draw;
11. `concrete_score_matching`, `heads`, `information`, `times`: another loss, another output layer, the schedule
   that forgets evenly, and the times of a batch;
12. `gaussian_levels`, `gaussian`, `gaussian_elbo`: the neighbor on the line, where data drowns in Gaussian noise;
13. `reflected_brownian`, `ornstein_uhlenbeck`: what chains on ordered levels become as the levels get finer;
14. `projective_distance`, `symmetries`, `low_pass`, `interpolants`, `displacement`: what noise does for smoothness;
15. `cold_diffusion`: degradation without noise, and two ways back.

Everything is derived from definitions: sums over paths, Bayes' rule on an explicit joint, enumeration of
trajectories, matrix exponentials, quadrature.  Given Fractions, all that involves no logarithm is exact.

Conventions: rows of matrices are sources; a sequence has L positions over K classes (the mask is one of them,
if there is one); alpha is the probability that a position has not been hit by noise; losses are in nats and
summed over positions.
"""

from unmask.reference import (
    autoregression,
    checks,
    cold_diffusion,
    concrete_score_matching,
    continuous_elbo,
    continuous_likelihood,
    corruption,
    denoisers,
    displacement,
    divergences,
    drifting_prior,
    elbo,
    forward,
    gaussian,
    gaussian_elbo,
    gaussian_levels,
    heads,
    infilling,
    information,
    interpolants,
    linear_algebra,
    low_pass,
    masked_language_model,
    neighbors,
    noise_level,
    numbers,
    ordinal,
    ornstein_uhlenbeck,
    posterior,
    projective_distance,
    quadrature,
    rate_time,
    rates,
    reflected_brownian,
    reverse,
    samplers,
    schedules,
    score,
    sequences,
    symmetries,
    times,
    transcendental,
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
    "autoregression",
    "checks",
    "cold_diffusion",
    "common",
    "concrete_score_matching",
    "continuous_elbo",
    "continuous_likelihood",
    "corruption",
    "denoisers",
    "displacement",
    "divergences",
    "drifting_prior",
    "elbo",
    "exactly",
    "forward",
    "gaussian",
    "gaussian_elbo",
    "gaussian_levels",
    "heads",
    "infilling",
    "information",
    "interpolants",
    "linear_algebra",
    "low_pass",
    "masked_language_model",
    "neighbors",
    "noise_level",
    "numbers",
    "ordinal",
    "ornstein_uhlenbeck",
    "posterior",
    "projective_distance",
    "quadrature",
    "rate_time",
    "rates",
    "real",
    "reflected_brownian",
    "reverse",
    "same",
    "samplers",
    "schedules",
    "score",
    "sequences",
    "symmetries",
    "times",
    "to_float",
    "transcendental",
    "transition_matrices",
]
