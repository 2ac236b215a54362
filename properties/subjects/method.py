"""A method under test: one frozen record of functions, and the conventions they follow.

The conventions, stated once; an adapter translates foreign ones into these:

* sequences are ``int64`` tensors ``[N, L]``; probabilities are ``[N, L, K]`` tensors, sources before targets;
* ``K`` counts the mask class where there is one; clean data never holds the mask;
* time runs from the data (``t = 0``) to noise; integers ``0..T`` or reals in ``[0, 1]``; always ``s < t``; a batch of
  times is ``[N]``, ``int64`` or floating point;
* ``alpha_t`` is the probability that a position has not been hit by noise; the total noise is ``-log alpha_t``;
* ``t = 0`` is a time too: ``alpha``, ``marginal`` and ``sample`` are asked about it;
* ``output`` is what a network returned for ``(x_t, t)``: ``[N, L, K]``, with the meaning named by ``parameterization``;
* losses are in nats, summed over positions, not averaged over anything: the NELBO's term of time ``t`` (discrete
  clock, ``t = 1`` being the reconstruction) or its integrand at ``t`` (continuous clock), for the given ``x_t``.

For Gaussian diffusion (``processes=gaussian(...)``), whose capabilities have names of their own:

* data ``x``, noisy data ``z`` and what a network returned, ``output``, are reals ``[N, D]``; the ``D`` columns are
  independent copies of the line, all drawn from the same data set; times are as above;
* at ``t = 0`` there is noise already, ``z_0 = alpha_0 x + sigma_0 eps``: the diffusion terms are those of the steps
  ``t = 1..T`` (from ``t`` to ``t - 1``), and the reconstruction of ``x`` from ``z_0`` is a term beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeAlias

import torch

from unmask.properties.subjects.processes.gaussian import GaussianSpace
from unmask.properties.subjects.processes.spaces import Space

Capability: TypeAlias = Callable[..., Any]

Parameterization: TypeAlias = Literal[
    "joint-sum", "joint-sum-direct", "mixture", "subs", "score", "velocity", "noise", "data"
]
#: What a network's output may mean, for each kind of state: classes, or reals (Gaussian diffusion).
MEANINGS: dict[str, tuple[str, ...]] = {
    "classes": ("joint-sum", "joint-sum-direct", "mixture", "subs", "score", "velocity"),
    "reals": ("noise", "data", "score", "velocity"),
}
PARAMETERIZATIONS: tuple[str, ...] = tuple(dict.fromkeys((*MEANINGS["classes"], *MEANINGS["reals"])))

#: What each capability takes and returns.  Arguments are converted by name, results are checked by shape.
SIGNATURES: dict[str, tuple[tuple[str, ...], str]] = {
    "alpha": (("p", "t"), "N"),
    "rate": (("p", "t"), "N"),
    "information_alpha": (("p", "weights", "t"), "N"),
    "transition": (("p", "s", "t"), "KK"),
    "projective_distance": (("p", "t"), "KK"),
    "marginal": (("p", "x0", "t"), "NLK"),
    "sample": (("p", "x0", "t", "generator"), "ids"),
    "posterior": (("p", "x0", "xt", "s", "t"), "NLK"),
    "prior_kl": (("p", "x0"), "N"),
    "denoise": (("p", "output", "xt", "t"), "NLK"),
    "reverse": (("p", "output", "xt", "s", "t"), "NLK"),
    "joint_sum": (("p", "output", "xt", "s", "t"), "NLK"),
    "mixture": (("p", "output", "xt", "s", "t"), "NLK"),
    "step": (("p", "output", "xt", "s", "t", "generator"), "ids"),
    "loss": (("p", "output", "x0", "xt", "t"), "N"),
    "hybrid_loss": (("p", "output", "x0", "xt", "t", "weight"), "N"),
    "squared_loss": (("p", "output", "x0", "xt", "t"), "N"),
    "score": (("p", "output", "xt", "t"), "NLK"),
    "reverse_rate": (("p", "output", "xt", "t"), "NLK"),
    "euler": (("p", "output", "xt", "s", "t"), "NLK"),
    "generate": (("p", "network", "N", "L", "times", "generator"), "ids"),
    "generate_cached": (("p", "network", "N", "L", "times", "generator"), "ids"),
    "generate_in_blocks": (("p", "network", "N", "blocks", "times", "generator"), "ids"),
    "generate_one_by_one": (("p", "network", "N", "L", "generator"), "ids"),
    "infill": (("p", "network", "x0", "known", "times", "generator"), "ids"),
    "next_reveal": (("p", "masked", "t", "generator"), "N"),
    "training_times": (("p", "N", "generator"), "N"),
    "head": (("p", "location", "log_scale"), "NLK"),
    "degrade": (("p", "signal", "t"), "NLK"),
    "restore": (("p", "degradation", "restoration", "signal", "times"), "NLK"),
    "restore_naively": (("p", "degradation", "restoration", "signal", "times"), "NLK"),
    "signal_level": (("p", "t"), "N"),
    "noise_level": (("p", "t"), "N"),
    "log_snr": (("p", "t"), "N"),
    "log_snr_rate": (("p", "t"), "N"),
    "noisy": (("p", "x", "t", "generator"), "ND"),
    "bridge_mean": (("p", "x", "z", "s", "t"), "ND"),
    "bridge_variance": (("p", "s", "t"), "N"),
    "convert": (("p", "value", "z", "t", "source", "target"), "ND"),
    "log_density": (("p", "z", "t"), "ND"),
    "data_score": (("p", "z", "t"), "ND"),
    "data_mean": (("p", "z", "t"), "ND"),
    "data_variance": (("p", "z", "t"), "ND"),
    "diffusion_loss": (("p", "output", "x", "z", "t"), "N"),
    "prior_divergence": (("p", "x"), "N"),
    "reconstruction_loss": (("p", "x", "z"), "N"),
    "reverse_mean": (("p", "output", "z", "s", "t"), "ND"),
    "reverse_step": (("p", "output", "z", "s", "t", "generator"), "ND"),
    "deterministic_step": (("p", "output", "z", "s", "t"), "ND"),
    "generate_reals": (("p", "network", "N", "D", "times", "generator"), "ND"),
    "denoiser_derivative": (("p", "z", "t", "direction"), "ND"),
    "denoiser_steepness": (("p", "z", "t"), "N"),
    "least_lipschitz": (("p", "values", "embeddings"), "N"),
    "interpolant": (("p", "values", "embeddings", "places"), "N"),
    "next_token_loss": (("p", "output", "x0", "xt", "t"), "N"),
    "next_token_reverse": (("p", "output", "xt", "s", "t"), "NLK"),
}

#: Derivatives that laws may ask for, and of which capability: with respect to ``output``, or to ``z`` without one.
GRADIENTS = {
    "gradient": "loss",
    "hybrid_gradient": "hybrid_loss",
    "squared_gradient": "squared_loss",
    "diffusion_gradient": "diffusion_loss",
    "density_slope": "log_density",
    "data_mean_slope": "data_mean",
}
#: Capabilities of the process that masks one token a step, from the right: its clock is ``0..L`` whatever ``p`` is.
ONE_TOKEN_A_STEP = ("next_token_loss", "next_token_reverse")
#: Capabilities that solve an equation, and take as long: only the laws that name them ask.
SOLVED = ("information_alpha",)
#: Arguments that are one for the whole batch.
SHARED = (
    *("p", "generator", "weight", "weights", "network", "L", "D", "blocks", "times"),
    *("source", "target", "degradation", "restoration", "embeddings"),
)
#: Capabilities that draw.
RANDOM = tuple(name for name, (arguments, _) in SIGNATURES.items() if "generator" in arguments)
#: Capabilities that have a meaning in continuous time only.
CONTINUOUS_ONLY = (
    *("reverse_rate", "euler", "squared_loss"),
    *("generate_one_by_one", "next_reveal", "log_snr_rate"),
)


@dataclass(frozen=True)
class Method:
    """An implementation of discrete diffusion, as the laws see it.

    Every capability is optional: ``None`` means "does not offer this", and the laws that need it are shown as ``–``.

    Attributes
    ----------
    name : what the tables call it.
    processes : the corruption processes it implements, from :func:`unmask.properties.processes`, or from
        :func:`unmask.properties.subjects.processes.gaussian`.
    parameterization : what ``output`` means (needed by the laws about the reverse process):

        ``"joint-sum"``
            logits; ``p(x_s|x_t) ∝ Σ q(x_s, x_t|x̃0) p̃(x̃0|x_t)``, D3PM as the paper writes it;
        ``"joint-sum-direct"``
            the same, but ``p(x_0|x_t) = p̃`` in the last step, as much public D3PM code does;
        ``"mixture"``
            logits; ``p(x_s|x_t) = Σ q(x_s|x_t, x̃0) p̃(x̃0|x_t)`` over the ``x̃0`` that could have led to ``x_t``;
        ``"subs"``
            logits; MDLM's: no mass on the mask, visible tokens carried over, then the mixture;
        ``"score"``
            log of the concrete score ``p_t(y)/p_t(x_t)``, 0 at ``y = x_t``, as SEDD's network writes it;
        ``"velocity"``
            logits of discrete flow matching's one-way path.

        For Gaussian diffusion, where ``x^ = E[x|z_t]`` is what each of them stands for:

        ``"data"``
            ``x^`` itself;
        ``"noise"``
            ``eps^ = (z_t - alpha_t x^) / sigma_t``;
        ``"score"``
            ``-eps^ / sigma_t``, the derivative of ``log q(z_t)``;
        ``"velocity"``
            ``alpha_t eps^ - sigma_t x^``; ``x^ = (alpha_t z_t - sigma_t v) / (alpha_t^2 + sigma_t^2)``.
    scheme : how ``step`` (and what is built of it) is meant: ``"exact"`` draws from ``p_theta(x_s|x_t)``, at any
        distance of ``s`` and ``t``; ``"first-order"`` agrees with it as ``s`` approaches ``t`` (Euler, tau-leaping).
        ``None`` is exact for denoisers, and first order for scores and velocities.
    time_steps : ``"any"`` pair ``s < t``, or ``"unit"`` where only ``s = t - 1`` (and ``(0, t)`` for ``transition``)
        is offered.
    alpha(p, t) -> [N], rate(p, t) -> [N] : the schedule; ``rate`` is ``-d log alpha/dt``, or ``beta_t``.
    information_alpha(p, weights, t) -> [N] : the mutual-information schedule of the noise of ``p``, whatever its own
        schedule is: the ``alpha`` at which ``1 - t/T`` of the information about one clean position is left, whose class
        has the law ``weights [K]`` (discrete clock).
    transition(p, s, t) -> [K, K], marginal(p, x0, t) -> [N, L, K], sample(p, x0, t, generator) -> [N, L]
    projective_distance(p, t) -> [K, K] : Hilbert's distance of every two noisy states, seen from the classes that clean
        data may hold; ``inf`` where a class tells for certain, NaN where nobody is.
    posterior(p, x0, xt, s, t) -> [N, L, K] : ``q(x_s | x_t, x_0)``.
    prior_kl(p, x0) -> [N] : ``KL(q(x_end|x_0) || prior)``.
    denoise(p, output, xt, t) -> [N, L, K] : probabilities of ``x_0`` that the output stands for.
    reverse(p, output, xt, s, t) -> [N, L, K] : ``p_theta(x_s | x_t)``; step(..., generator) -> [N, L] draws from it.
    joint_sum, mixture : the two D3PM kernels by name, where both are offered.
    loss(p, output, x0, xt, t) -> [N]; hybrid_loss(..., weight) -> [N] adds ``weight * Σ_i -log p̃(x_0^i|x_t)``.
    squared_loss(p, output, x0, xt, t) -> [N] : concrete score matching, ``1/2 sum_y beta R[y, x] (s_y - r_y)^2`` with
        the ratios ``r`` that ``x0`` gives; here ``output`` is the score ``s`` itself, of any sign, whatever
        ``parameterization`` says (continuous clock).
    score(p, output, xt, t) -> [N, L, K] : concrete score, 1 at ``y = x_t``.
    reverse_rate(p, output, xt, t) -> [N, L, K] : rates of the reverse process, 0 at ``y = x_t``.
    euler(p, output, xt, s, t) -> [N, L, K] : Euler's step, ``delta + (t - s) reverse_rate`` while that is a law.
    generate(p, network, N, L, times, generator) -> [N, L] : whole samples.  ``network(xt [N, L], t [N])`` returns an
        output; ``times`` fall from the first, at which the prior is drawn, to 0.  Of the same kind: generate_cached
        (asks the network again only when something has changed), generate_in_blocks (``blocks``: lengths, left to
        right, each masked until it is its turn), generate_one_by_one (no ``times``: first hitting), and infill (``x0``
        and ``known``, ``[N, L]``, for ``N`` and ``L``: known positions stay).
    next_reveal(p, masked [N], t [N], generator) -> [N] : the time at which the next of ``masked`` masks is lifted.
    training_times(p, N, generator) -> [N] : times at which to train on N rows that are in no order.
    head(p, location, log_scale) -> [N, L, K] : log-probabilities of ordered levels in ``[-1, 1]``: a logistic law
        of these ``[N, L]`` parameters, cut into ``K`` bins and renormalized.
    degrade(p, signal, t) -> [N, L, K] : cold diffusion's blur of signals on ``K`` sites, ``sum_j P_t[i, j] signal_j``:
        the mean of what the process, started at site ``i``, would find at time ``t``.
    restore, restore_naively(p, degradation, restoration, signal, times) -> [N, L, K] : cold diffusion's improved and
        naive sampler, from ``signal`` at the first of ``times``, which fall, to the last (which need not be 0);
        ``degradation`` and ``restoration`` take ``x [N, L, K]`` and ``t [N]``.
    signal_level, noise_level(p, t) -> [N] : ``alpha_t`` and ``sigma_t`` of Gaussian diffusion, at ``t = 0`` too.
    log_snr(p, t) -> [N], log_snr_rate(p, t) -> [N] : ``log(alpha_t^2 / sigma_t^2)``, and its derivative in time
        (continuous clock only).
    noisy(p, x, t, generator) -> [N, D] : draws from ``q(z_t|x) = N(alpha_t x, sigma_t^2)``.
    bridge_mean(p, x, z, s, t) -> [N, D], bridge_variance(p, s, t) -> [N] : of ``q(z_s|z_t, x)``, for ``z`` at ``t``.
    convert(p, value, z, t, source, target) -> [N, D] : what means ``value`` as a ``source``, as a ``target``; both are
        among ``"noise"``, ``"data"``, ``"score"``, ``"velocity"`` (text, one for the batch), ``z`` is at time ``t``.
    log_density, data_score(p, z, t) -> [N, D] : ``log q(z_t)`` of the whole data set, in each column by itself, and
        its derivative by ``z``.
    data_mean, data_variance(p, z, t) -> [N, D] : ``E[x|z_t]`` and ``Var[x|z_t]`` over the data set.
    diffusion_loss(p, output, x, z, t) -> [N] : discrete clock: ``KL(q(z_s|z_t,x) || p(z_s|z_t))`` with ``s = t - 1``,
        where ``p`` is the bridge with ``x^`` in place of ``x``; continuous clock: the integrand
        ``-1/2 SNR'(t) |x - x^|^2``.
    prior_divergence(p, x) -> [N] : ``KL(q(z_end|x) || N(0, p.prior_variance))``.
    reconstruction_loss(p, x, z) -> [N] : ``-log p(x|z_0)``, where ``p(x|z_0)`` is proportional to ``q(z_0|x)`` over the
        points of the data set (their weights left out), and every entry of ``x`` is one of them.
    reverse_mean(p, output, z, s, t) -> [N, D] : of ``p(z_s|z_t)``, whose variance is ``bridge_variance``;
        reverse_step(..., generator) -> [N, D] draws from it.
    deterministic_step(p, output, z, s, t) -> [N, D] : DDIM's step without noise, ``alpha_s x^ + sigma_s eps^``.
    generate_reals(p, network, N, D, times, generator) -> [N, D] : ``z`` at the last of ``times`` (falling, from the
        end, at which the prior is drawn, to 0), one reverse step for each pair of neighbors.
        ``network(z [N, D], t [N])`` returns an output.
    denoiser_derivative(p, z, t, direction) -> [N, D], denoiser_steepness(p, z, t) -> [N] : of ``E[x|z_t]``, the columns
        of ``z [N, D]`` together: its Jacobian times ``direction [N, D]``, and an estimate from below, never below all
        singular values, of its norm.
    least_lipschitz(p, values, embeddings) -> [N] : of each of N functions ``values [N, K]`` of the classes, the least
        Lipschitz constant once class x lies at ``embeddings[x]`` of ``[K, D]``; of ``p`` only ``K`` counts.
    interpolant(p, values, embeddings, places) -> [N] : a function with that constant and these values, at ``places
        [N, D]``, one for each.
    next_token_loss(p, output, x0, xt, t) -> [N], next_token_reverse(p, output, xt, s, t) -> [N, L, K] : autoregression
        as a diffusion: at time ``t`` of ``0..L`` the last ``t`` positions are masked, for certain, and a step back
        reveals the first of them.  Of ``p``, an absorbing process, only ``K`` and the mask count.
    known : failures that are understood: law name to reason; strict: a known law that holds is an error.
    arrays : ``"torch"``; ``"exact"`` is for the reference itself (NumPy arrays of fractions, probabilities as outputs).
    dtypes : precisions that it can compute in; the first is used when the one asked for is not among them.
    """

    name: str
    processes: Space | GaussianSpace
    parameterization: Parameterization | None = None
    scheme: Literal["exact", "first-order"] | None = None
    time_steps: Literal["any", "unit"] = "any"
    alpha: Capability | None = None
    rate: Capability | None = None
    information_alpha: Capability | None = None
    transition: Capability | None = None
    projective_distance: Capability | None = None
    marginal: Capability | None = None
    sample: Capability | None = None
    posterior: Capability | None = None
    prior_kl: Capability | None = None
    denoise: Capability | None = None
    reverse: Capability | None = None
    joint_sum: Capability | None = None
    mixture: Capability | None = None
    step: Capability | None = None
    loss: Capability | None = None
    hybrid_loss: Capability | None = None
    squared_loss: Capability | None = None
    score: Capability | None = None
    reverse_rate: Capability | None = None
    euler: Capability | None = None
    generate: Capability | None = None
    generate_cached: Capability | None = None
    generate_in_blocks: Capability | None = None
    generate_one_by_one: Capability | None = None
    infill: Capability | None = None
    next_reveal: Capability | None = None
    training_times: Capability | None = None
    head: Capability | None = None
    degrade: Capability | None = None
    restore: Capability | None = None
    restore_naively: Capability | None = None
    signal_level: Capability | None = None
    noise_level: Capability | None = None
    log_snr: Capability | None = None
    log_snr_rate: Capability | None = None
    noisy: Capability | None = None
    bridge_mean: Capability | None = None
    bridge_variance: Capability | None = None
    convert: Capability | None = None
    log_density: Capability | None = None
    data_score: Capability | None = None
    data_mean: Capability | None = None
    data_variance: Capability | None = None
    diffusion_loss: Capability | None = None
    prior_divergence: Capability | None = None
    reconstruction_loss: Capability | None = None
    reverse_mean: Capability | None = None
    reverse_step: Capability | None = None
    deterministic_step: Capability | None = None
    generate_reals: Capability | None = None
    denoiser_derivative: Capability | None = None
    denoiser_steepness: Capability | None = None
    least_lipschitz: Capability | None = None
    interpolant: Capability | None = None
    next_token_loss: Capability | None = None
    next_token_reverse: Capability | None = None
    known: Mapping[str, str] = field(default_factory=dict)
    arrays: Literal["torch", "exact"] = "torch"
    dtypes: tuple[str, ...] = ("float64", "float32")

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise TypeError(f"name must be a string, got {self.name!r}")
        if not self.name:
            raise ValueError("name must not be empty")
        known: Any = self.known
        if not isinstance(known, Mapping) or not all(isinstance(v, str) for v in known.values()):
            raise TypeError(f"known must map names of laws to reasons, got {self.known!r}")
        if self.arrays not in ("torch", "exact"):
            raise ValueError(f"arrays must be 'torch' or 'exact', got {self.arrays!r}")
        dtypes: Any = self.dtypes
        if isinstance(dtypes, str):
            raise TypeError(f"dtypes must be a tuple of names, got {self.dtypes!r}")
        unknown = [d for d in self.dtypes if not isinstance(getattr(torch, str(d), None), torch.dtype)]
        if unknown:
            raise ValueError(f"dtypes must be names of torch dtypes, got {unknown}")
        if not isinstance(self.processes, (Space, GaussianSpace)):
            raise TypeError(
                f"processes must come from processes(...) or gaussian(...), got {type(self.processes).__name__}"
            )
        meanings = MEANINGS[self.processes.states]
        if self.parameterization is not None and self.parameterization not in meanings:
            raise ValueError(f"parameterization must be one of {meanings}, got {self.parameterization!r}")
        if self.time_steps not in ("any", "unit"):
            raise ValueError(f"time_steps must be 'any' or 'unit', got {self.time_steps!r}")
        if self.scheme not in (None, "exact", "first-order"):
            raise ValueError(f"scheme must be 'exact', 'first-order' or None, got {self.scheme!r}")
        for name, value in self.capabilities():
            if not callable(value):
                raise TypeError(f"{name} must be a function or None, got {type(value).__name__}")
        if not self.dtypes:
            raise ValueError("dtypes must name at least one dtype")

    def capabilities(self) -> Iterator[tuple[str, Capability]]:
        """Name and function of everything that the method offers."""
        for f in fields(self):
            if f.name in SIGNATURES and getattr(self, f.name) is not None:
                yield f.name, getattr(self, f.name)

    def offers(self, name: str) -> bool:
        """Whether capability ``name`` is there."""
        return getattr(self, GRADIENTS.get(name, name)) is not None

    @property
    def draws_exactly(self) -> bool:
        """Whether a step draws from the kernel itself, and not from something close to it for small steps."""
        return self.scheme == "exact" or (self.scheme is None and self.parameterization not in ("score", "velocity"))

    def precision(self, asked: str) -> str:
        """The dtype used when ``asked`` is requested."""
        return asked if asked in self.dtypes else self.dtypes[0]


__all__ = [
    "CONTINUOUS_ONLY",
    "GRADIENTS",
    "MEANINGS",
    "ONE_TOKEN_A_STEP",
    "PARAMETERIZATIONS",
    "RANDOM",
    "SHARED",
    "SIGNATURES",
    "SOLVED",
    "Capability",
    "Method",
    "Parameterization",
]
