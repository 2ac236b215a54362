"""The built-in Gaussian diffusion: one subject per meaning of the network's output."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from unmask.implementations import directional_derivative, local_lipschitz
from unmask.implementations.gaussian.arg_max import ArgMax, arg_max_alpha, arg_max_noised, arg_max_slope
from unmask.implementations.gaussian.diffusion import GaussianDiffusion
from unmask.implementations.gaussian.log_snr import (
    CosineLogSNR,
    LinearBetaLogSNR,
    LinearLogSNR,
    LinearVarianceLogSNR,
    LogSNR,
    LogSNRGrid,
    LogSNRSteps,
    PolynomialLogSNR,
)
from unmask.implementations.gaussian.mixture import GaussianMixture
from unmask.implementations.gaussian.vdm import VDM, decode
from unmask.properties import GaussianProcess, Subject, gaussian


@lru_cache(maxsize=256)
def diffusion(p: GaussianProcess) -> GaussianDiffusion:
    """What the specification describes."""
    kind: Any = p.kind
    if p.schedule.name == "grid":
        return GaussianDiffusion(LogSNRGrid([float(value) for value in p.schedule.values]), kind)
    curve = _curve(p)
    return GaussianDiffusion(curve if p.T is None else LogSNRSteps(curve, p.T), kind)


def _curve(p: GaussianProcess) -> LogSNR:
    ends = float(p.schedule.first), float(p.schedule.last)
    match p.schedule.name:
        case "linear":
            return LinearLogSNR(*ends)
        case "polynomial":
            return PolynomialLogSNR(*ends, n=float(p.schedule.power))
        case "variance":
            return LinearVarianceLogSNR(*ends)
        case "linear-beta":
            begin, end = (math.log1p(math.exp(-v)) for v in ends)
            # Two hundred times as fast at the end as at the beginning: the average of both is what is added.
            slow = 2 * (end - begin) / 201
            return LinearBetaLogSNR(slow, 200 * slow, start=begin)
        case _:
            return CosineLogSNR(*ends)


class Predicting:
    """What a network's output has a part in."""

    def __init__(self, p: GaussianProcess, prediction: Any) -> None:
        self.p, self.process, self.method = p, diffusion(p), VDM(diffusion(p), prediction)
        self.clock = torch.int64 if p.T is not None else torch.float64
        self.diffusion_loss = renamed(self.method.loss, x="x0", z="xt")
        self.deterministic_step = renamed(self.method.deterministic_step, z="xt")
        self.reverse_step = renamed(self.method.step, z="xt")
        self.step_divergence = renamed(self.method.term, x="x0", z="xt")
        self.training_loss = renamed(self.method.training_loss, x="x0")

    def points(self, z: Tensor) -> Tensor:
        return torch.tensor(self.p.data, dtype=z.dtype, device=z.device)[:, None]

    def mixture(self, z: Tensor) -> GaussianMixture:
        """The law of the noisy data set."""
        share = self.p.probabilities
        if min(share) == max(share):
            return GaussianMixture(self.process, self.points(z))
        return GaussianMixture(self.process, self.points(z), torch.tensor(share, dtype=torch.float64, device=z.device))

    def best_output(self, z: Tensor, t: Tensor) -> Tensor:
        return self.mixture(z).best_output(self.method, *columns(z, t)).reshape(z.shape)

    def convert(self, value: Tensor, z: Tensor, t: Tensor, source: Any, target: str) -> Tensor:
        method = VDM(self.process, source)
        by = {"data": method.denoise, "noise": method.noise, "score": method.score, "velocity": method.velocity}
        return by[target](value, z, t)

    def prior_divergence(self, x: Tensor) -> Tensor:
        return self.process.prior_kl(x)

    def reconstruction_loss(self, x: Tensor, z: Tensor) -> Tensor:
        start = torch.zeros(len(z), dtype=self.clock, device=z.device)
        among = decode(self.process, self.points(z), *columns(z, start))
        place = (x.reshape(-1, 1) == self.points(z).T).long().argmax(-1, keepdim=True)
        return -among.gather(-1, place).reshape(z.shape).sum(-1)

    def reverse_mean(self, output: Tensor, z: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return self.method.reverse(output, z, s, t).mean

    def generate_reals(self, network: Any, N: int, D: int, times: list[Any], generator: torch.Generator) -> Tensor:
        when = torch.tensor(times, dtype=self.clock, device=self.p.device)
        return self.method.generate(network, (N, D), when, generator, dtype=self.p.dtype)

    def flow_reals(self, network: Any, N: int, D: int, times: list[Any], generator: torch.Generator) -> Tensor:
        when = torch.tensor(times, dtype=self.clock, device=self.p.device)
        return self.method.generate(network, (N, D), when, generator, deterministic=True, dtype=self.p.dtype)


class Whole(Predicting):
    """That, and all that it has no part in."""

    def __init__(self, p: GaussianProcess, prediction: Any) -> None:
        super().__init__(p, prediction)
        self.signal_level, self.noise_level = self.process.alpha, self.process.sigma
        self.log_snr = self.process.schedule.log_snr
        self.noisy = renamed(self.process.sample, x="x0")

    def log_snr_rate(self, t: Tensor) -> Tensor:
        return -self.process.schedule.rate(t)

    def arg_max_alpha(self, K: int, t: Tensor) -> Tensor:
        return arg_max_alpha(self.log_snr(t), K).to(self.p.dtype)

    def arg_max_noised(self, K: int, t: Tensor) -> Tensor:
        return arg_max_noised(self.log_snr(t), K).to(self.p.dtype)

    def arg_max_rate(self, K: int, t: Tensor) -> Tensor:
        if isinstance(self.process.schedule, LinearLogSNR):
            return ArgMax(self.process.schedule, K).rate(t).to(self.p.dtype)
        found = self.process.schedule.rate(t) * arg_max_slope(self.log_snr(t), K) / arg_max_alpha(self.log_snr(t), K)
        return found.to(self.p.dtype)

    def marginal_mean(self, x: Tensor, t: Tensor) -> Tensor:
        return self.process.marginal(x, t).mean

    def marginal_variance(self, t: Tensor) -> Tensor:
        return self.process.marginal(torch.zeros_like(t, dtype=self.p.dtype), t).variance

    def transition_signal(self, s: Tensor, t: Tensor) -> Tensor:
        return self.process.transition(s, t)[0]

    def transition_variance(self, s: Tensor, t: Tensor) -> Tensor:
        return self.process.transition(s, t)[1]

    def bridge_mean(self, x: Tensor, z: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return self.process.posterior(x, z, s, t).mean

    def bridge_variance(self, s: Tensor, t: Tensor) -> Tensor:
        return self.process.bridge(s, t).variance

    def log_density(self, z: Tensor, t: Tensor) -> Tensor:
        return self.mixture(z).log_density(*columns(z, t)).reshape(z.shape)

    def data_score(self, z: Tensor, t: Tensor) -> Tensor:
        return self.mixture(z).score(*columns(z, t)).reshape(z.shape)

    def data_mean(self, z: Tensor, t: Tensor) -> Tensor:
        return self.mixture(z).posterior_mean(*columns(z, t)).reshape(z.shape)

    def data_variance(self, z: Tensor, t: Tensor) -> Tensor:
        return self.mixture(z).posterior_covariance(*columns(z, t)).reshape(z.shape)

    def log_data_weights(self, z: Tensor, t: Tensor) -> Tensor:
        return self.mixture(z).log_posterior(*columns(z, t)).reshape(*z.shape, self.p.K)

    def denoiser_derivative(self, z: Tensor, t: Tensor, direction: Tensor) -> Tensor:
        return directional_derivative(self.denoiser(z, t), z, direction)[1]

    def denoiser_steepness(self, z: Tensor, t: Tensor) -> Tensor:
        return local_lipschitz(self.denoiser(z, t), z, torch.Generator(z.device).manual_seed(0), steps=3)

    def denoiser(self, z: Tensor, t: Tensor) -> Any:
        """``E[x|z_t]`` of rows ``[N, D]``, all columns together, as a function of them."""
        mixture, when = self.mixture(z), t.repeat_interleave(z.shape[1])
        # Inside of a derivative values cannot be looked at.
        mixture.process.check(xt=z.reshape(-1, 1), t=when)
        return lambda x: mixture.posterior_mean(x.reshape(-1, 1), when).reshape(x.shape)


def renamed(function: Any, **names: str) -> Any:
    """The same function, called with other names for some of its arguments."""
    return lambda **given: function(**{names.get(name, name): value for name, value in given.items()})


def columns(z: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """Every entry as a row of its own: ``[N D, 1]`` and ``[N D]``."""
    return z.reshape(-1, 1), t.repeat_interleave(z.shape[1])


def vdm(prediction: str, build: Any) -> Subject:
    """What a network predicts, as a subject."""
    return Subject(
        lambda p: build(p, prediction),
        gaussian(),
        output=prediction,
        name=f"vdm-{prediction}",
        dtypes=("float64", "float32", "bfloat16"),
    )


#: What a network's output has no part in is held under the laws once.
VDM_NOISE = vdm("noise", Whole)
VDM_DATA = vdm("data", Predicting)
VDM_SCORE = vdm("score", Predicting)
VDM_VELOCITY = vdm("velocity", Predicting)
ALL = [VDM_NOISE, VDM_DATA, VDM_SCORE, VDM_VELOCITY]
