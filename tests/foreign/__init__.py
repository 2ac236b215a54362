"""Right methods in other hands: written from the mathematics alone, in styles that none of ours has.

Whatever accuses one of them is wrong.  ``python -m tests.foreign`` holds all of them in both precisions, with cases
that are different for every seed; ``--help`` says how many.

* `matrices`: D3PM from matrices, columns as sources, and with einsum;
* `logarithms`: all in logarithms;
* `arrays`: NumPy and plain Python;
* `trainers`: losses as public trainers write them;
* `families`: noise of their own;
* `samplers`: code that only draws;
* `batches`: a time for each position, and functions of one token that are mapped over batches;
* `flows`: discrete flow matching;
* `reals`: a straight Gaussian flow;
* `parts`: batches in parts, and a sampler with a corrector;
* `schedules`: a schedule with a kink, and one that falls within a moment.
"""

from tests.foreign import (
    arrays,
    batches,
    families,
    flows,
    logarithms,
    matrices,
    parts,
    reals,
    samplers,
    schedules,
    trainers,
)

METHODS = [
    *matrices.METHODS,
    *logarithms.METHODS,
    *arrays.METHODS,
    *trainers.METHODS,
    *families.METHODS,
    *samplers.METHODS,
    *batches.METHODS,
    *flows.METHODS,
    *reals.METHODS,
    *parts.METHODS,
    *schedules.METHODS,
]
