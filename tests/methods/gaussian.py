"""The built-in Gaussian diffusion: one record per meaning of the network's output."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from unmask.implementations import directional_derivative, local_lipschitz
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
from unmask.properties import GaussianProcess, Method, gaussian


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


def _points(p: GaussianProcess, z: Tensor) -> Tensor:
    return torch.tensor(p.data, dtype=z.dtype, device=z.device)[:, None]


def _columns(z: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """Every entry as a row of its own: ``[N D, 1]`` and ``[N D]``."""
    return z.reshape(-1, 1), t.repeat_interleave(z.shape[1])


def of_mixture(name: str) -> Any:
    """A quantity of the noisy data set, entry by entry."""

    def capability(p: GaussianProcess, z: Tensor, t: Tensor) -> Tensor:
        weights = torch.tensor(p.probabilities, dtype=torch.float64, device=z.device)
        mixture = GaussianMixture(diffusion(p), _points(p, z), weights)
        found: Tensor = getattr(mixture, name)(*_columns(z, t))
        return found.reshape(z.shape)

    return capability


def _denoiser(p: GaussianProcess, z: Tensor, t: Tensor) -> Any:
    """``E[x|z_t]`` of rows ``[N, D]``, all columns together, as a function of them."""
    weights = torch.tensor(p.probabilities, dtype=torch.float64, device=z.device)
    mixture = GaussianMixture(diffusion(p), _points(p, z), weights)
    when = t.repeat_interleave(z.shape[1])
    # Inside of a derivative values cannot be looked at.
    mixture.process.check(xt=z.reshape(-1, 1), t=when)
    return lambda x: mixture.posterior_mean(x.reshape(-1, 1), when).reshape(x.shape)


def denoiser_derivative(p: GaussianProcess, z: Tensor, t: Tensor, direction: Tensor) -> Tensor:
    return directional_derivative(_denoiser(p, z, t), z, direction)[1]


def denoiser_steepness(p: GaussianProcess, z: Tensor, t: Tensor) -> Tensor:
    return local_lipschitz(_denoiser(p, z, t), z, torch.Generator(z.device).manual_seed(0), steps=3)


def convert(p: GaussianProcess, value: Tensor, z: Tensor, t: Tensor, source: Any, target: str) -> Tensor:
    method = VDM(diffusion(p), source)
    by = {"data": method.denoise, "noise": method.noise, "score": method.score, "velocity": method.velocity}
    return by[target](value, z, t)


def reconstruction_loss(p: GaussianProcess, x: Tensor, z: Tensor) -> Tensor:
    start = torch.zeros(len(z), dtype=torch.int64 if p.T is not None else torch.float64, device=z.device)
    column, times = _columns(z, start)
    points = _points(p, z)
    among = decode(diffusion(p), points, column, times)
    place = (x.reshape(-1, 1) == points.T).long().argmax(-1, keepdim=True)
    return -among.gather(-1, place).reshape(z.shape).sum(-1)


def record(prediction: Any, **more: Any) -> Method:
    def method(p: GaussianProcess) -> VDM:
        return VDM(diffusion(p), prediction)

    def generate(
        p: GaussianProcess, network: Any, N: int, D: int, times: list[Any], generator: torch.Generator
    ) -> Tensor:
        when = torch.tensor(times, dtype=torch.int64 if p.T is not None else torch.float64, device=p.device)
        return method(p).generate(network, (N, D), when, generator, dtype=p.dtype)

    return Method(
        name=f"vdm-{prediction}",
        processes=gaussian(),
        parameterization=prediction,
        dtypes=("float64", "float32", "bfloat16"),
        convert=convert,
        diffusion_loss=lambda p, output, x, z, t: method(p).loss(output, x, z, t),
        prior_divergence=lambda p, x: diffusion(p).prior_kl(x),
        reconstruction_loss=reconstruction_loss,
        reverse_mean=lambda p, output, z, s, t: method(p).reverse(output, z, s, t).mean,
        deterministic_step=lambda p, output, z, s, t: method(p).deterministic_step(output, z, s, t),
        reverse_step=lambda p, output, z, s, t, generator: method(p).step(output, z, s, t, generator),
        generate_reals=generate,
        **more,
    )


#: What a network's output has no part in is held under the laws once.
VDM_NOISE = record(
    "noise",
    signal_level=lambda p, t: diffusion(p).alpha(t),
    noise_level=lambda p, t: diffusion(p).sigma(t),
    log_snr=lambda p, t: diffusion(p).schedule.log_snr(t),
    log_snr_rate=lambda p, t: -diffusion(p).schedule.rate(t),
    noisy=lambda p, x, t, generator: diffusion(p).sample(x, t, generator),
    bridge_mean=lambda p, x, z, s, t: diffusion(p).posterior(x, z, s, t).mean,
    bridge_variance=lambda p, s, t: diffusion(p).bridge(s, t).variance,
    log_density=of_mixture("log_density"),
    data_score=of_mixture("score"),
    data_mean=of_mixture("posterior_mean"),
    data_variance=of_mixture("posterior_covariance"),
    denoiser_derivative=denoiser_derivative,
    denoiser_steepness=denoiser_steepness,
)
VDM_DATA = record("data")
VDM_SCORE = record("score")
VDM_VELOCITY = record("velocity")
ALL = [VDM_NOISE, VDM_DATA, VDM_SCORE, VDM_VELOCITY]
