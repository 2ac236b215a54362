"""The exact reference: discrete diffusion from its definitions, slow and without rounding.

Read it like a chapter, in this order:

1. `numbers`: one arithmetic for Fractions, 40-digit reals and floats, and what laws of few classes need;
2. `noise`: schedules, the steps and rates of every kind of corruption, where data goes, and Bayes' rule for
   where it came from;
3. `likelihood`: what a network's output means as a step back, and the bound on the likelihood that follows, on
   a grid of times and in continuous time;
4. `d3pm`, `sedd`, `masked`: what is special about each of the three methods;
5. `sampling`: the exact laws of what samplers draw;
6. `gaussian`: the neighbor on the line, where data drowns in Gaussian noise;
7. `limits`: what chains on ordered levels become as the levels get finer;
8. `smoothness`: what noise does to the functions that a network has to learn;
9. `degradation`: cold diffusion, where nothing is left to chance.

Each folder says in which order to read its parts.

Everything is derived from definitions: sums over paths, Bayes' rule on an explicit joint, enumeration of
trajectories, matrix exponentials, quadrature.  Given Fractions, all that involves no logarithm is exact.

Conventions: rows of matrices are sources; a sequence has L positions over K classes (the mask is one of them,
if there is one); alpha is the probability that a position has not been hit by noise; losses are in nats and
summed over positions.
"""

from unmask.reference import (
    d3pm,
    degradation,
    gaussian,
    likelihood,
    limits,
    masked,
    noise,
    numbers,
    sampling,
    sedd,
    smoothness,
)
from unmask.reference.noise.corruption import ContinuousTime, DiscreteTime, Process, RateTime
from unmask.reference.numbers.arithmetic import MP, Array, array, common, exactly, real, same, to_float

__all__ = [
    "MP",
    "Array",
    "ContinuousTime",
    "DiscreteTime",
    "Process",
    "RateTime",
    "array",
    "common",
    "d3pm",
    "degradation",
    "exactly",
    "gaussian",
    "likelihood",
    "limits",
    "masked",
    "noise",
    "numbers",
    "real",
    "same",
    "sampling",
    "sedd",
    "smoothness",
    "to_float",
]
