"""Networks over reals: a smooth prediction of the data, converted to the parameterization of a method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from unmask.properties.subjects.processes.gaussian import GaussianProcess, Time
from unmask.reference.gaussian import diffusion as gaussian
from unmask.reference.numbers.arithmetic import to_float

Array: TypeAlias = Any


@dataclass(frozen=True)
class GaussianModel:
    """A network that predicts ``a + b y / (1 + y^2) + c l`` of data, with ``a``, ``b``, ``c`` drawn from ``seed``.

    Here ``y = z / sqrt(alpha^2 + sigma^2)`` and ``l = log SNR / 16``, so that it depends on the noise level and not on
    the clock.  It is bounded, smooth, and not a perfect denoiser.  ``parameterization`` is the method's.
    """

    p: GaussianProcess
    parameterization: str
    seed: int

    def predicted(self, z: Array, t: Sequence[Time]) -> Array:
        """Predicted data for ``z [N, D]`` at ``t [N]``, floats ``[N, D]``."""
        return self.at(z, *self._levels(t))

    def at(self, z: Array, alpha: Array, sigma: Array) -> Array:
        """Predicted data for given ``alpha`` and ``sigma``, floats that broadcast."""
        a, b, c = np.random.default_rng([self.seed, 31]).integers(-8, 9, 3) / 8
        y = z / np.sqrt(alpha**2 + sigma**2)
        return np.asarray(a + b * y / (1 + y * y) + c * np.log(alpha / sigma) / 8)

    def output(self, z: Array, t: Sequence[Time]) -> Array:
        """The network output for the prediction, in the method's parameterization, floats ``[N, D]``."""
        predicted = self.predicted(z, t)
        if self.parameterization == "data" or not len(z):
            return predicted
        alpha, sigma = self._levels(t)
        return gaussian.convert(predicted, z, alpha, sigma, "data", self.parameterization)

    def meant(self, output: Array, z: Array, t: Sequence[Time]) -> Array:
        """The prediction of the data that an output encodes, in 40 digits, ``[N, D]``."""
        levels = [self.p.levels(v) for v in t]
        alpha, sigma = (np.array([pair[i] for pair in levels], dtype=object)[:, None] for i in (0, 1))
        return gaussian.convert(output, z, alpha, sigma, self.parameterization, "data")

    def _levels(self, t: Sequence[Time]) -> Array:
        """``alpha`` and ``sigma`` as floats, ``[2, N, 1]``."""
        different = list(dict.fromkeys(t))
        place = {v: i for i, v in enumerate(different)}
        found = to_float([self.p.levels(int(v) if self.p.T is not None else v) for v in different]).reshape(-1, 2)
        return found[[place[v] for v in t]].T[:, :, None]


__all__ = ["GaussianModel"]
