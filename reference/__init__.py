"""The exact reference: discrete diffusion from its definitions, slow and without rounding.

Read it like a chapter, in this order:

1. `numbers`: one arithmetic for Fractions, 40-digit reals and floats, and enumeration of sequences;
2. `noise`: schedules, the steps and rates of every kind of corruption, marginals, and posteriors by Bayes' rule;
3. `likelihood`: the reverse kernel of a network's output, and the bound on the likelihood, on a grid of times and in
   continuous time;
4. `d3pm`, `sedd`, `masked`: what is special about each of the three methods;
5. `sampling`: the exact laws of what samplers draw;
6. `gaussian`: Gaussian diffusion on the line;
7. `limits`: limits of chains on ordered levels as the levels get finer;
8. `smoothness`: the effect of noise on the functions that a network has to learn;
9. `degradation`: cold diffusion, which is deterministic;
10. `programs`: what code around a network draws.

Each folder says in which order to read its parts.

Everything is derived from definitions: sums over paths, Bayes' rule on an explicit joint, enumeration of
trajectories, matrix exponentials, quadrature.  Given Fractions, results without logarithms are exact.

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
    programs,
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
    "programs",
    "real",
    "same",
    "sampling",
    "sedd",
    "smoothness",
    "to_float",
]
