"""Gaussian diffusion of real numbers, the neighbor that ordinal diffusion approaches."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Protocol, TypeAlias

import numpy as np

from unmask.properties.subjects.capability import Capability, only_on, up_to
from unmask.properties.subjects.inputs import Inputs
from unmask.properties.subjects.kind import Kind, enter
from unmask.properties.subjects.kinds.classes import a_few
from unmask.properties.subjects.kinds.classes.situations import some_times
from unmask.properties.subjects.processes.gaussian import GaussianProcess
from unmask.properties.subjects.shapes import Generator, Grid, Name, Network, PerRow, Reals, RealsPerClass, Size, Times
from unmask.properties.subjects.tables.gaussian import GaussianModel
from unmask.reference.numbers import sequences

Array: TypeAlias = Any


class Gaussian(Protocol):
    """Gaussian diffusion, for one process ``p``: a finite data set on the line, and a schedule.

    The conventions; arguments come by keyword:

    * data ``x``, noisy data ``z`` and what a network returned, ``output``, are reals ``[N, D]``; the ``D`` columns are
      independent copies of the line, all drawn from the same data set;
    * time runs from the data (``t = 0``) to noise; integers ``0..T`` or reals in ``[0, 1]``; always ``s < t``; a batch
      of times is ``[N]``;
    * at ``t = 0`` there is noise already, ``z_0 = alpha_0 x + sigma_0 eps``: the diffusion terms are those of the steps
      ``t = 1..T`` (from ``t`` to ``t - 1``), and the reconstruction of ``x`` from ``z_0`` is a term beside them;
    * ``x^ = E[x|z_t]`` and ``eps^ = (z_t - alpha_t x^) / sigma_t`` are what the network stands for;
    * losses are in nats, summed over columns.
    """

    @up_to("data", "noise")
    def signal_level(self, t: Times) -> PerRow:
        """``alpha_t``, at ``t = 0`` too."""
        ...

    @up_to("data", "noise")
    def noise_level(self, t: Times) -> PerRow:
        """``sigma_t``, at ``t = 0`` too."""
        ...

    def log_snr(self, t: Times) -> PerRow:
        """``log(alpha_t^2 / sigma_t^2)``."""
        ...

    @only_on("continuous")
    def log_snr_rate(self, t: Times) -> PerRow:
        """Its derivative in time."""
        ...

    @up_to("data", "noise")
    def arg_max_alpha(self, K: Size, t: Times) -> PerRow:
        """``a`` of ``P(arg max z_t = k|x) = a [k = x] + (1 - a)/K``, for ``x`` one of ``K`` unit vectors.

        The coordinates of ``z_t`` are ``alpha_t x + sigma_t eps``; float64 or the dtype asked for.
        """
        ...

    @up_to("data", "noise")
    def arg_max_noised(self, K: Size, t: Times) -> PerRow:
        """``1 - a``, with all its digits."""
        ...

    @only_on("continuous")
    def arg_max_rate(self, K: Size, t: Times) -> PerRow:
        """``-d log a/dt``."""
        ...

    def noisy(self, x: Reals, t: Times, generator: Generator) -> Reals:
        """Draws from ``q(z_t|x) = N(alpha_t x, sigma_t^2)``."""
        ...

    def marginal_mean(self, x: Reals, t: Times) -> Reals:
        """Mean of ``q(z_t|x)``."""
        ...

    def marginal_variance(self, t: Times) -> PerRow:
        """Variance of ``q(z_t|x)``."""
        ...

    def transition_signal(self, s: Times, t: Times) -> PerRow:
        """``a`` of ``q(z_t|z_s) = N(a z_s, v)``."""
        ...

    def transition_variance(self, s: Times, t: Times) -> PerRow:
        """``v`` of ``q(z_t|z_s) = N(a z_s, v)``."""
        ...

    def bridge_mean(self, x: Reals, z: Reals, s: Times, t: Times) -> Reals:
        """Mean of ``q(z_s|z_t, x)``, for ``z`` at ``t``."""
        ...

    def bridge_variance(self, s: Times, t: Times) -> PerRow:
        """Variance of ``q(z_s|z_t, x)``."""
        ...

    def convert(self, value: Reals, z: Reals, t: Times, source: Name, target: Name) -> Reals:
        """What means ``value`` as a ``source``, as a ``target``.

        Both are among ``"noise"``, ``"data"``, ``"score"``, ``"velocity"``; ``z`` is at time ``t``.
        """
        ...

    def log_density(self, z: Reals, t: Times) -> Reals:
        """``log q(z_t)`` over the data set, entry by entry."""
        ...

    def data_score(self, z: Reals, t: Times) -> Reals:
        """Its derivative by ``z``."""
        ...

    def data_mean(self, z: Reals, t: Times) -> Reals:
        """``E[x|z_t]`` over the data set."""
        ...

    def data_variance(self, z: Reals, t: Times) -> Reals:
        """``Var[x|z_t]`` over the data set."""
        ...

    def log_data_weights(self, z: Reals, t: Times) -> RealsPerClass:
        """``log q(x = x_k|z_t)`` for each entry and each point ``x_k`` of the data set, nats."""
        ...

    def best_output(self, z: Reals, t: Times) -> Reals:
        """What a network returns that knows the data set: ``E[x|z_t]`` in the meaning that the subject names."""
        ...

    def diffusion_loss(self, output: Reals, x: Reals, z: Reals, t: Times) -> PerRow:
        """The bound's term of step ``t``, or its integrand at time ``t``, nats.

        Discrete clock: ``KL(q(z_s|z_t,x) || p(z_s|z_t))`` with ``s = t - 1``, where ``p`` is the bridge with ``x^`` in
        place of ``x``; continuous clock: ``-1/2 SNR'(t) |x - x^|^2``.
        """
        ...

    def step_divergence(self, output: Reals, x: Reals, z: Reals, s: Times, t: Times) -> PerRow:
        """``KL(q(z_s|z_t,x) || p(z_s|z_t))`` for any ``s < t``, on either clock, nats."""
        ...

    def training_loss(self, network: Network, x: Reals, t: Times, generator: Generator) -> PerRow:
        """What is averaged over uniform times in training, nats: ``diffusion_loss`` of drawn noisy data.

        On the discrete clock it is ``T`` times as large, so that its mean over times is the sum of all terms.
        """
        ...

    def prior_divergence(self, x: Reals) -> PerRow:
        """``KL(q(z_end|x) || N(0, p.prior_variance))``, nats."""
        ...

    def reconstruction_loss(self, x: Reals, z: Reals) -> PerRow:
        """``-log p(x|z_0)``, nats.

        ``p(x|z_0)`` is proportional to ``q(z_0|x)`` over the points of the data set (their weights left out), and every
        entry of ``x`` is one of them.
        """
        ...

    def reverse_mean(self, output: Reals, z: Reals, s: Times, t: Times) -> Reals:
        """Mean of ``p(z_s|z_t)``, whose variance is ``bridge_variance``."""
        ...

    def reverse_step(self, output: Reals, z: Reals, s: Times, t: Times, generator: Generator) -> Reals:
        """Draws from ``p(z_s|z_t)``."""
        ...

    def deterministic_step(self, output: Reals, z: Reals, s: Times, t: Times) -> Reals:
        """DDIM's step without noise, ``alpha_s x^ + sigma_s eps^``."""
        ...

    def generate_reals(self, network: Network, N: Size, D: Size, times: Grid, generator: Generator) -> Reals:
        """``z`` at the last of ``times``.

        They fall from the end, at which the prior is drawn, to 0, with one reverse step for each pair of neighbors;
        ``network(z [N, D], t [N])`` returns an output.
        """
        ...

    def flow_reals(self, network: Network, N: Size, D: Size, times: Grid, generator: Generator) -> Reals:
        """The same, with deterministic steps: all that is random is the prior."""
        ...

    def denoiser_derivative(self, z: Reals, t: Times, direction: Reals) -> Reals:
        """The Jacobian of ``E[x|z_t]``, the columns of ``z`` together, times ``direction``."""
        ...

    def denoiser_steepness(self, z: Reals, t: Times) -> PerRow:
        """An estimate from below of its norm, never below all singular values."""
        ...


def clean_rows(given: Inputs) -> Array:
    """A few rows of points of the data set, ``[n, D]``."""
    every = np.array(given.p.data)[sequences.all_sequences(given.L, given.p.K)]
    return a_few(every, given.seed)


def network(given: Inputs, subject: Any) -> GaussianModel:
    """The drawn function of noisy data, in the meaning that the subject gives to its outputs."""
    return GaussianModel(given.p, subject.output or "data", given.seed)


def situation(
    given: Inputs, subject: Any, N: int, one_time: bool, other: int, ends: Capability | None = None
) -> dict[str, Any]:
    """A value for every argument that there is."""
    return _arguments(given, network(given, subject), N, one_time, other, ends)


@lru_cache(maxsize=16)
def _arguments(
    given: Inputs, model: GaussianModel, N: int, one_time: bool, other: int, ends: Capability | None
) -> dict[str, Any]:
    p, seed = given.p, given.seed + other
    rng = np.random.default_rng([seed, 11])
    every = clean_rows(given)
    clean = every[rng.integers(0, len(every), N)]
    s, t = some_times(p, N, one_time, rng, ends=ends)
    z = rng.integers(-16, 17, clean.shape) / 8
    return {
        "s": s,
        "t": t,
        "generator": seed,
        "N": N,
        "K": 2 + other % 4,
        "D": clean.shape[1],
        "times": list(range(p.T, -1, -1)) if p.T is not None else [1.0, 1 / 2, 1 / 4, 0.0],
        "x": clean,
        "z": z,
        "value": rng.integers(-16, 17, clean.shape) / 8,
        "output": model.output(z, t),
        "direction": rng.integers(-8, 9, clean.shape) / 4,
        "source": "noise",
        "target": "velocity",
        "network": model,
    }


GAUSSIAN = enter(
    Kind(
        name="gaussian",
        title="Gaussian diffusion",
        vocabulary=Gaussian,
        process=GaussianProcess,
        outputs={
            "data": "x^ itself",
            "noise": "eps^ = (z_t - alpha_t x^) / sigma_t",
            "score": "-eps^ / sigma_t, the derivative of log q(z_t)",
            "velocity": "alpha_t eps^ - sigma_t x^; x^ = (alpha_t z_t - sigma_t v) / (alpha_t^2 + sigma_t^2)",
        },
        derivatives={
            "diffusion_gradient": ("diffusion_loss", "output"),
            "density_slope": ("log_density", "z"),
            "data_mean_slope": ("data_mean", "z"),
        },
        draws={"x0": lambda given, subject: clean_rows(given), "model": network},
        situation=situation,
        answer=lambda model, noisy, times, p: model.output(noisy, times),
    )
)

__all__ = ["GAUSSIAN", "Gaussian"]
