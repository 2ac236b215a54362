"""Draws of reals, held against the Gaussians that they should come from.

Rows are of several Gaussians, one after the other and again, so that a method which looks at the first row alone is
wrong in most others.  What is left of a draw after its mean is subtracted and its deviation divided out is standard
normal, whatever the row and the column: each Gaussian is judged by itself, and all draws together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from scipy.special import gammaincinv, ndtr, ndtri

from unmask.properties.claims.claim import FALSE_ALARM, Claim, at_least, at_most, independent, sampled
from unmask.properties.laws.common import Array, rounding_unit
from unmask.properties.subjects.processes.gaussian import GaussianProcess, Time

#: Rows and columns of a draw: more columns than noise is tiled over, and more numbers than a few per cent of the
#: variance could hide in.
DRAWS, WIDTH = 8_000, 12
#: Bins of equal probability for each Gaussian, and the shares of both tails at which all draws together are cut as well.
BINS, TAILS = 16, (2.0**-14, 2.0**-11, 2.0**-8, 2.0**-6)
#: Rows whose columns are compared, at all distances, and the number of parts that a number may be in.
COMPARED, PARTS = 1024, 4


@dataclass(frozen=True)
class Normals:
    """Gaussians of the rows, in turn: row ``n`` of a draw has that of ``n mod G``.

    ``mean [G, D]`` and ``sd [G]`` are exact, as floats; ``size [G]`` is that of the terms of the mean, ``spread [G]``
    the roundings of the deviation, relative to itself; ``texts`` say which is which.
    """

    mean: Array
    sd: Array
    size: Array
    spread: Array
    texts: Sequence[str]

    def turns(self, values: Array, rows: int = DRAWS) -> Array:
        """One value of ``values [G, ...]`` for each row."""
        return np.asarray(values)[np.arange(rows) % len(self.sd)]

    def standard(self, drawn: Array) -> Array:
        """What is left of ``drawn [N, D]``."""
        mean, sd = (self.turns(v, len(drawn)) for v in (self.mean, self.sd))
        return np.asarray((drawn - mean) / sd[:, None])

    def slack(self, p: GaussianProcess) -> Array:
        """Most that rounding moves the probability of one side of an edge by, ``[G]``."""
        eps = max(rounding_unit(p), 2.0**-8 if p.precision == "bfloat16" else 0.0)
        return np.minimum(0.25, eps * (4 * (self.size / self.sd + 4) + self.spread))


def prior(p: GaussianProcess) -> Normals:
    """What samples start with."""
    zero = np.zeros(1)
    return Normals(np.zeros((1, 1)), zero + float(p.prior_variance) ** 0.5, zero, zero, ["the prior"])


def several_times(p: GaussianProcess, t: Time, seed: int) -> list[Any]:
    """``t`` and two more positive times."""
    rng = np.random.default_rng([seed, 83])
    if p.T is not None:
        return [t, *(int(u) for u in rng.integers(1, p.T + 1, 2))]
    return [t, *(type(t)(int(k)) / 16 for k in rng.integers(1, 16, 2))]


def claims_of_gaussians(drawn: Array, normals: Normals, p: GaussianProcess) -> list[Claim]:
    """Draws ``[N, D]`` follow their Gaussians, each and all together, and neither rows nor columns know of each other."""
    z, slack, G = normals.standard(drawn), normals.slack(p), len(normals.sd)
    widest = float(slack.max())
    each = np.stack([[_counted(column, np.arange(1, BINS) / BINS) for column in z[g::G].T] for g in range(G)])
    cuts = np.array([*TAILS, *np.arange(1, BINS) / BINS, *(1 - share for share in reversed(TAILS))])
    together = np.diff(np.concatenate([[0.0], cuts, [1.0]]))
    # The square of a standard normal variable, summed: chi-squared, whose quantiles are exact.
    half = z.size / 2
    least, most = (2 * gammaincinv(half, share) / z.size for share in (FALSE_ALARM / 2, 1 - FALSE_ALARM / 2))
    allowed = f"the mean square of {z.size} standard normal draws, within what chance allows"
    rounded, square = 4 * widest * (1 + widest), float((z * z).mean())
    return [
        sampled(
            each,
            np.full(each.shape, 1 / BINS),
            slack=slack[:, None, None],
            names=(("rows", normals.texts), "column", ("quantiles", quantiles(np.arange(1, BINS) / BINS))),
            label="the law of an entry",
        ),
        sampled(
            _counted(z.ravel(), cuts)[None],
            together[None],
            slack=widest,
            names=("all", ("quantiles", quantiles(cuts))),
            label="the law of all entries together",
        ),
        at_most(square, float(most) + rounded, ops=0, label=allowed),
        at_least(square, float(least) - rounded, ops=0, label=allowed),
        independent(
            np.floor(PARTS * ndtr(z[:COMPARED])).astype(int).clip(0, PARTS - 1),
            np.full((1, PARTS), 1 / PARTS),
            ops=1,
            scale=widest / float(torch.finfo(p.dtype).eps),
            places=("columns", "rows"),
            label="columns and rows are independent",
        ),
    ]


def _counted(z: Array, shares: Array) -> Array:
    """Counts of standard normal draws between the quantiles of ``shares``."""
    return np.bincount(np.searchsorted(ndtri(shares), z, side="right"), minlength=len(shares) + 1)


def quantiles(shares: Array) -> list[str]:
    """Names of the intervals between the quantiles of ``shares``."""
    edges = [f"{share:.3g}" for share in shares]
    return [
        f"below the {edges[0]} quantile",
        *(f"from the {a} to the {b} quantile" for a, b in pairwise(edges)),
        f"above the {edges[-1]} quantile",
    ]


__all__ = ["BINS", "DRAWS", "WIDTH", "Normals", "claims_of_gaussians", "prior", "quantiles", "several_times"]
