"""What an object for diffusion over classes may offer."""

from __future__ import annotations

from typing import Protocol

from unmask.properties.subjects.capability import only_on, slow, undefined_in_places, up_to
from unmask.properties.subjects.shapes import (
    Counts,
    Flags,
    Generator,
    Grid,
    Ids,
    Matrix,
    Network,
    Number,
    PerClass,
    PerPosition,
    PerRow,
    Size,
    Sizes,
    Time,
    Times,
    Weights,
)


class Diffusion(Protocol):
    """Diffusion over classes, for one corruption process ``p``.

    Everything is optional: what an object has is what it offers, and laws that need what is not there do not ask.
    Arguments come by keyword, so that their order is free and their names count.

    The conventions; an adapter translates others into these:

    * sequences are ``int64`` tensors ``[N, L]``; probabilities are ``[N, L, K]`` tensors, sources before targets;
    * ``K`` counts the mask class where there is one; clean data never holds the mask;
    * time runs from the data (``t = 0``) to noise; integers ``0..T`` or reals in ``[0, 1]``; always ``s < t``; a batch
      of times is ``[N]``, ``int64`` or floating point, or ``[N, L]`` where a subject says ``times="position"``;
    * ``alpha_t`` is the probability that a position has not been hit by noise; the total noise is ``-log alpha_t``;
    * ``t = 0`` is a time too: ``alpha``, ``marginal`` and ``sample`` are asked about it;
    * ``output`` is what a network returned for ``(x_t, t)``: ``[N, L, K]``, with the meaning that the subject names;
    * a network may put probability on the mask, as on any class: what it predicts there stays masked.  A method may
      also have no output for the mask, and renormalize the others; one that counts on a network which never predicts
      the mask says ``mask_ruled_out=True``;
    * a ``network(xt, t)`` is called with ids ``[N, L]`` and times ``[N]``, and returns an output;
    * a batch may be empty, ``N = 0``: its result is empty as well, whether it is computed or drawn;
    * losses are in nats, summed over positions, not averaged over anything: the NELBO's term of time ``t`` (discrete
      clock, ``t = 1`` being the reconstruction) or its integrand at ``t`` (continuous clock), for the given ``x_t``;
    * draws use the ``generator`` and nothing else.
    """

    @up_to("data", "noise")
    def alpha(self, t: Times) -> PerRow:
        """Probability that a position has not been hit by noise."""
        ...

    def rate(self, t: Times) -> PerRow:
        """``-d log alpha/dt`` (continuous clock), or the noise probability ``beta_t`` of step ``t`` (discrete)."""
        ...

    @slow
    def information_alpha(self, weights: Weights, t: Times) -> PerRow:
        """The mutual-information schedule of this noise, whatever its own schedule is.

        The ``alpha`` at which ``1 - t/T`` of the information about one clean position is left, whose class has the law
        ``weights`` (discrete clock).
        """
        ...

    @only_on("continuous")
    def noise_time(self, noised: PerRow) -> PerRow:
        """The last time at which ``1 - alpha`` is at most ``noised``, a probability that it reaches."""
        ...

    def information(self, weights: Weights, t: Times) -> PerRow:
        """``I(x_t; x_0)`` of one clean position whose class has the law ``weights``, nats."""
        ...

    @up_to("noise")
    def transition(self, s: Time, t: Time) -> Matrix:
        """``q(x_t = j | x_s = i)``."""
        ...

    @undefined_in_places
    def projective_distance(self, t: Time) -> Matrix:
        """Hilbert's distance of every two noisy states, seen from the classes that clean data may hold.

        ``inf`` where a class tells for certain, NaN where nobody is.
        """
        ...

    @up_to("data", "noise")
    def marginal(self, x0: Ids, t: Times) -> PerClass:
        """``q(x_t^i | x_0^i)``."""
        ...

    @up_to("data", "noise")
    def sample(self, x0: Ids, t: Times, generator: Generator) -> Ids:
        """Draws of ``x_t`` given ``x_0``."""
        ...

    @up_to("noise")
    def posterior(self, x0: Ids, xt: Ids, s: Times, t: Times) -> PerClass:
        """``q(x_s^i | x_t^i, x_0^i)``."""
        ...

    def prior_kl(self, x0: Ids) -> PerRow:
        """``KL(q(x_end|x_0) || prior)``, nats."""
        ...

    @up_to("noise")
    def denoise(self, output: PerClass, xt: Ids, t: Times) -> PerClass:
        """Probabilities of ``x_0`` that the output stands for."""
        ...

    @up_to("noise")
    def reverse(self, output: PerClass, xt: Ids, s: Times, t: Times) -> PerClass:
        """``p_theta(x_s^i | x_t)``."""
        ...

    @up_to("noise")
    def joint_sum(self, output: PerClass, xt: Ids, s: Times, t: Times) -> PerClass:
        """D3PM's kernel, by name, where both are offered: ``∝ Σ q(x_s, x_t|x̃0) p̃(x̃0|x_t)``."""
        ...

    @up_to("noise")
    def mixture(self, output: PerClass, xt: Ids, s: Times, t: Times) -> PerClass:
        """The mixture of posteriors, by name, where both are offered: ``Σ q(x_s|x_t, x̃0) p̃(x̃0|x_t)``."""
        ...

    @up_to("noise")
    def step(self, output: PerClass, xt: Ids, s: Times, t: Times, generator: Generator) -> Ids:
        """Draws of ``x_s`` given ``x_t``: from ``reverse``, or, first order, from something close to it."""
        ...

    def loss(self, output: PerClass, x0: Ids, xt: Ids, t: Times) -> PerRow:
        """The NELBO's term at step ``t``, or its integrand at time ``t``, nats, summed over positions."""
        ...

    def hybrid_loss(self, output: PerClass, x0: Ids, xt: Ids, t: Times, weight: Number) -> PerRow:
        """``loss + weight * Σ_i -log p̃(x_0^i|x_t)``."""
        ...

    def entrywise_score_entropy(self, log_score: PerClass, ratio: PerClass) -> PerClass:
        """``s - r log s + r (log r - 1)``, entry by entry, for the log of a score ``s`` and the true ratio ``r``."""
        ...

    @only_on("continuous")
    def squared_loss(self, output: PerClass, x0: Ids, xt: Ids, t: Times) -> PerRow:
        """Concrete score matching: ``1/2 Σ_y beta R[y, x] (s_y - r_y)^2`` with the ratios ``r`` that ``x0`` gives.

        Here ``output`` is the score ``s`` itself, of any sign, whatever the subject says that outputs mean.
        """
        ...

    def score(self, output: PerClass, xt: Ids, t: Times) -> PerClass:
        """The concrete score that the output stands for, 1 at ``y = x_t``."""
        ...

    @only_on("continuous")
    def reverse_rate(self, output: PerClass, xt: Ids, t: Times) -> PerClass:
        """Rates of the reverse process, 0 at ``y = x_t``."""
        ...

    @only_on("continuous")
    def euler(self, output: PerClass, xt: Ids, s: Times, t: Times) -> PerClass:
        """Euler's step: ``delta + (t - s) reverse_rate``, and a distribution also where that is negative."""
        ...

    def generate(self, network: Network, N: Size, L: Size, times: Grid, generator: Generator) -> Ids:
        """Whole samples.

        ``times`` is a list of floats (continuous clock) or ints that fall from the first, at which the prior is drawn,
        to 0; one step for each pair of neighbors.
        """
        ...

    def generate_cached(self, network: Network, N: Size, L: Size, times: Grid, generator: Generator) -> Ids:
        """The same, asking the network again only when something has changed."""
        ...

    def generate_in_blocks(self, network: Network, N: Size, blocks: Sizes, times: Grid, generator: Generator) -> Ids:
        """The same, block by block: ``blocks`` are lengths, left to right, each masked until it is its turn."""
        ...

    @only_on("continuous")
    def generate_one_by_one(self, network: Network, N: Size, L: Size, generator: Generator) -> Ids:
        """Whole samples by first hitting: one reveal at a time, at the time at which it happens."""
        ...

    def infill(self, network: Network, x0: Ids, known: Flags, times: Grid, generator: Generator) -> Ids:
        """Whole samples in which the ``known`` positions are those of ``x0``."""
        ...

    @only_on("continuous")
    def next_reveal(self, masked: Counts, t: Times, generator: Generator) -> PerRow:
        """The time at which the next of ``masked`` masks is lifted, going back from ``t``."""
        ...

    def training_times(self, N: Size, generator: Generator) -> Times:
        """Times at which to train on ``N`` rows that are in no order."""
        ...

    def head(self, location: PerPosition, log_scale: PerPosition) -> PerClass:
        """Log-probabilities of ordered levels in ``[-1, 1]``.

        A logistic law of these parameters, cut into ``K`` bins and renormalized.
        """
        ...


__all__ = ["Diffusion"]
