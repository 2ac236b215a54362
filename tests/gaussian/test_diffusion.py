"""What laws do not ask of Gaussian diffusion: digits of schedules, other samplers, training, transforms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import pytest
import torch
from torch import Tensor

from unmask.implementations import (
    VDM,
    CosineLogSNR,
    GaussianDiffusion,
    GaussianMixture,
    LinearBetaLogSNR,
    LinearLogSNR,
    LinearVarianceLogSNR,
    LogSNR,
    LogSNRGrid,
    LogSNRSteps,
    PolynomialLogSNR,
)
from unmask.implementations.gaussian.diffusion import KINDS
from unmask.implementations.gaussian.vdm import PREDICTIONS
from unmask.properties.claims.claim import converges
from unmask.properties.claims.judges import judge

EPS = 2.0**-52
F64 = torch.float64
MP = mpmath.mp.clone()
MP.dps = 60


def agree(found: Tensor, expected: Tensor, ops: int, scale: Tensor | None = None) -> None:
    """Both differ by at most ``ops`` roundings of ``scale``, of what is expected if it is not given."""
    size = expected.abs() if scale is None else scale
    off = (found - expected).abs() > ops * EPS * size
    assert found.dtype == expected.dtype
    assert not off.any(), f"{found[off]} must be {expected[off]} to {ops} roundings of {size.expand_as(off)[off]}"


def length(x: Tensor) -> Tensor:
    """The norm of each row: ``[N]``."""
    return x.norm(dim=1)


def linear(a: Any, b: Any) -> Callable[[Any], Any]:
    return lambda t: a + (b - a) * t


def cosine(a: Any, b: Any) -> Callable[[Any], Any]:
    low, high = MP.atan(MP.exp(-MP.mpf(a) / 2)), MP.atan(MP.exp(-MP.mpf(b) / 2))
    return lambda t: -2 * MP.log(MP.tan(low + (high - low) * t))


def linear_beta(a: Any, b: Any, start: Any = 0) -> Callable[[Any], Any]:
    return lambda t: -MP.log(MP.expm1(start + a * t + MP.mpf(b - a) * t * t / 2))


def variance(a: Any, b: Any) -> Callable[[Any], Any]:
    return lambda t: -MP.log(MP.exp(-MP.mpf(a)) * (1 - t) + MP.exp(-MP.mpf(b)) * t)


SCHEDULES: list[tuple[LogSNR, Callable[[Any], Any]]] = [
    (LinearLogSNR(20, -40), linear(20, -40)),
    (CosineLogSNR(20, -40), cosine(20, -40)),
    (CosineLogSNR(3, 2.9375), cosine(3, 2.9375)),
    (PolynomialLogSNR(6, -4, 0.5), lambda t: 6 - 10 * MP.sqrt(t)),
    (PolynomialLogSNR(6, -4, 3), lambda t: 6 - 10 * t**3),
    (LinearVarianceLogSNR(20, -20), variance(20, -20)),
    (LinearBetaLogSNR(), linear_beta(MP.mpf(0.1), 20)),
    (LinearBetaLogSNR(0, 2048), linear_beta(0, 2048)),
    (LinearBetaLogSNR(start=2.0**-10), linear_beta(MP.mpf(0.1), 20, MP.mpf(2) ** -10)),
]


def pairs() -> list[tuple[float, float]]:
    """Times ``s < t`` in general, close together, close to 0 and close to 1."""
    drawn = torch.rand(40, 2, dtype=F64, generator=torch.Generator().manual_seed(3)).sort(-1).values
    s, t = drawn.unbind(-1)
    every = [drawn, torch.stack([s, s + (t - s) * 2.0**-24], -1), drawn * 2.0**-20, 1 - drawn.flip(-1) * 2.0**-20]
    return [(a, b) for a, b in torch.cat(every).tolist() if a < b]


@pytest.mark.parametrize(("schedule", "truth"), SCHEDULES, ids=lambda v: type(v).__name__)
def test_schedules_keep_their_digits(schedule: LogSNR, truth: Callable[[Any], Any]) -> None:
    """Every function of every schedule to a few roundings, wherever the times are."""
    chosen = pairs()
    s, t = (torch.tensor(column, dtype=F64) for column in zip(*chosen, strict=True))
    found = zip(chosen, schedule.log_snr(t), schedule.gap(s, t), schedule.rate(t), strict=True)
    for (a, b), value, gap, rate in found:
        before, after = truth(MP.mpf(a)), truth(MP.mpf(b))
        assert abs(value.item() - after) <= 8 * EPS * max(abs(after), 1)
        assert abs(gap.item() / (before - after) - 1) <= 8 * EPS
        assert abs(rate.item() / -MP.diff(truth, MP.mpf(b)) - 1) <= 8 * EPS


def test_no_noise_at_the_start() -> None:
    """DDPM's schedule begins with clean data: everything there is a limit, and nothing is NaN."""
    p = GaussianDiffusion(LinearBetaLogSNR())
    x0, xt = torch.tensor([[0.5]]), torch.tensor([[0.25]])
    start, t = torch.zeros(1), torch.tensor([0.5])
    law = p.posterior(x0, xt, start, t)
    assert torch.equal(law.mean, x0)
    assert law.variance.item() == 0
    assert torch.equal(p.sample(x0, start, torch.Generator()), x0)
    assert torch.equal(VDM(p, "data").step(x0, xt, start, t, torch.Generator()), x0)


def test_grids() -> None:
    steps = LogSNRSteps(CosineLogSNR(), 8)
    t = torch.arange(9)
    values = steps.log_snr(t)
    grid = LogSNRGrid(values.tolist())
    assert torch.equal(values, CosineLogSNR().log_snr(t / 8.0))
    assert torch.equal(grid.log_snr(t), values)
    assert torch.equal(grid.rate(t[1:]), values[:-1] - values[1:])
    # A difference of values of 8 roundings each, and one of as many of its own.
    agree(steps.rate(t[1:]), values[:-1] - values[1:], 24, values.abs().max())


def test_prior_term_of_almost_pure_noise() -> None:
    """alpha^4/4, far below a rounding of alpha^2."""
    found = GaussianDiffusion(LinearLogSNR(6, -40)).prior_kl(torch.zeros(1, 1, dtype=F64)).item()
    alpha = MP.mpf(1) / (1 + MP.exp(40))
    assert abs(found / ((-MP.log(1 - alpha) - alpha) / 2) - 1) <= 8 * EPS


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("prediction", PREDICTIONS)
class TestModels:
    """Every process with every meaning of an output."""

    N, D = 5, 3

    def draws(self, kind: Any, prediction: Any) -> tuple[VDM, GaussianMixture, dict[str, Tensor]]:
        generator = torch.Generator().manual_seed(7)
        p = GaussianDiffusion(PolynomialLogSNR(5, -3), kind)
        points = torch.randn(4, self.D, dtype=F64, generator=generator)
        x0, o = torch.randn(2, self.N, self.D, dtype=F64, generator=generator)
        s, t = torch.linspace(0.1, 0.5, self.N, dtype=F64), torch.linspace(0.3, 1, self.N, dtype=F64)
        mixture = GaussianMixture(p, points, torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=F64))
        return VDM(p, prediction), mixture, {
            "x0": x0, "output": o, "s": s, "t": t, "xt": p.sample(x0, t, generator),
        }  # fmt: skip

    def test_terms_of_any_pair_are_divergences(self, kind: Any, prediction: Any) -> None:
        model, _, at = self.draws(kind, prediction)
        true = model.process.posterior(at["x0"], at["xt"], at["s"], at["t"])
        mean, variance = model.reverse(at["output"], at["xt"], at["s"], at["t"])
        assert torch.equal(variance, true.variance)
        gap = length(mean - true.mean)
        # Two means of 8 roundings of their parts, whose difference is squared.
        parts = length(at["xt"]) + length(at["x0"]) + length(mean) + length(true.mean)
        agree(model.term(**at), gap**2 / (2 * variance), 32, gap * parts / variance)

    def test_best_output_is_the_posterior_mean(self, kind: Any, prediction: Any) -> None:
        model, mixture, at = self.draws(kind, prediction)
        best = mixture.best_output(model, at["xt"], at["t"])
        mean = mixture.posterior_mean(at["xt"], at["t"])
        # An average of 4 points, what is made of it, and the way back: sums with xt, divided by alpha.
        parts = (at["xt"].abs() + mixture.points.abs().max()) / model.process.alpha(at["t"])[:, None]
        agree(model.denoise(best, at["xt"], at["t"]), mean, 24, parts)

    def test_training_is_unbiased(self, kind: Any, prediction: Any) -> None:
        """Measured against the noise that was drawn, or against the noisy data, a loss is the same."""
        model, _, at = self.draws(kind, prediction)
        seen = []

        def network(xt: Tensor, t: Tensor) -> Tensor:
            seen.append(xt)
            return at["output"]

        loss = model.training_loss(network, at["x0"], at["t"], torch.Generator().manual_seed(1))
        (xt,) = seen
        again = model.loss(at["output"], at["x0"], xt, at["t"])
        # Noise read off the noisy data has its roundings, divided by sigma, and is squared beside the noise predicted.
        sigma = model.process.sigma(at["t"])
        true = (xt - model.process.alpha(at["t"])[:, None] * at["x0"]) / sigma[:, None]
        gap = length(model.noise(at["output"], xt, at["t"]) - true)
        agree(loss, again, 16, again * (1 + (length(xt) + length(at["x0"])) / (sigma * gap)))

    def test_rows_may_be_mapped(self, kind: Any, prediction: Any) -> None:
        model, _, at = self.draws(kind, prediction)
        free = VDM(GaussianDiffusion(PolynomialLogSNR(5, -3, validate=False), kind, validate=False), prediction)

        def one(output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
            return free.loss(output[None], x0[None], xt[None], t[None])[0]

        given = [at[name] for name in ("output", "x0", "xt", "t")]
        agree(torch.func.vmap(one)(*given), model.loss(*given), 8 + self.D)
        slope = torch.func.vmap(torch.func.grad(one))(*given)
        at["output"].requires_grad_()
        (gradient,) = torch.autograd.grad(model.loss(*given).sum(), at["output"])
        agree(slope, gradient, 8)

    @pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
    def test_half_precision_is_rounded_once(self, kind: Any, prediction: Any, dtype: torch.dtype) -> None:
        """Of the same numbers, the result in half precision is that in float32, rounded."""
        model, _, at = self.draws(kind, prediction)
        half = {name: v.to(dtype) if name in ("x0", "xt", "output") else v for name, v in at.items()}
        single = {name: v.float() if v.dtype == dtype else v for name, v in half.items()}

        def results(x0: Tensor, output: Tensor, s: Tensor, t: Tensor, xt: Tensor) -> list[Tensor]:
            meant = [says(output, xt, t) for says in (model.denoise, model.noise, model.score, model.velocity)]
            steps = [model.reverse(output, xt, s, t).mean, model.deterministic_step(output, xt, s, t)]
            return [*meant, *steps, model.loss(output, x0, xt, t), model.term(output, x0, xt, s, t)]

        for found, expected in zip(results(**half), results(**single), strict=True):
            assert expected.dtype == torch.float32
            assert torch.equal(found, expected.to(dtype))

    def test_deterministic_steps_keep_the_noise(self, kind: Any, prediction: Any) -> None:
        """Whoever knows the data goes from ``alpha_t x_0 + sigma_t eps`` to the same at the end, in any steps."""
        model, _, at = self.draws(kind, prediction)
        p = model.process
        known = GaussianMixture(p, at["x0"][:1])
        seen = []

        def network(xt: Tensor, t: Tensor) -> Tensor:
            seen.append(xt)
            return known.best_output(model, xt, t)

        times = torch.tensor([1, 0.75, 0.25, 0.125], dtype=F64)
        generator = torch.Generator().manual_seed(5)
        found = model.generate(network, (self.N, self.D), times, generator, deterministic=True, dtype=F64)
        alpha, sigma = p.alpha(times)[:, None, None], p.sigma(times)[:, None, None]
        eps = (seen[0] - alpha[0] * at["x0"][:1]) / sigma[0]
        expected = alpha * at["x0"][:1] + sigma * eps
        # In three steps what is rounded, at most 16 times a step, is divided by alpha or by sigma, and multiplied by
        # those after the step: errors in the noise weigh sigma_s/sigma_t, in the data alpha_s/alpha_t.
        grows = (alpha[1:] / alpha[:-1]).prod() + 1
        agree(found, expected[-1], 48, grows * expected.abs().amax(0))


@pytest.mark.parametrize("kind", KINDS)
def test_probability_flow_keeps_the_order(kind: Any) -> None:
    """In one dimension the flow of the best network carries each quantile to the same quantile: first-order steps."""
    p = GaussianDiffusion(LinearLogSNR(4, -4), kind)
    points, weights = torch.tensor([[-1.0], [1.0]], dtype=F64), torch.tensor([0.25, 0.75], dtype=F64)
    model, mixture = VDM(p, "noise"), GaussianMixture(p, points, weights)

    def below(x: Tensor, t: float) -> Tensor:
        """The share of the noisy data that is below ``x``."""
        at = torch.tensor([t], dtype=F64)
        return (weights * torch.special.ndtr((x - p.alpha(at) * points.T) / p.sigma(at))).sum(1)

    def error(steps: int) -> float:
        seen = []

        def network(xt: Tensor, t: Tensor) -> Tensor:
            seen.append(xt)
            return mixture.best_output(model, xt, t)

        times = torch.linspace(1, 0, steps + 1, dtype=F64)
        generator = torch.Generator().manual_seed(11)
        z = model.generate(network, (16, 1), times, generator, deterministic=True, dtype=F64)
        return float((below(z, 0.0) - below(seen[0], 1.0)).abs().max())

    sizes = [16, 32, 64, 128, 256]
    verdict = judge(converges([error(steps) for steps in sizes], sizes, rate=1), EPS)
    assert verdict.holds, verdict


def test_curvature_of_the_density_is_the_covariance() -> None:
    """Hess log q = -1/sigma^2 + alpha^2/sigma^4 Cov[x_0|x_t]."""
    p = GaussianDiffusion(LinearLogSNR(3, -3, validate=False), validate=False)
    generator = torch.Generator().manual_seed(13)
    points, xt = (torch.randn(n, 2, dtype=F64, generator=generator) for n in (5, 4))
    t = torch.linspace(0.2, 1, 4, dtype=F64)
    mixture = GaussianMixture(p, points)

    def density(x: Tensor, u: Tensor) -> Tensor:
        return mixture.log_density(x[None], u[None])[0]

    curvature = torch.func.vmap(torch.func.hessian(density))(xt, t)
    alpha, sigma = p.alpha(t)[:, None, None], p.sigma(t)[:, None, None]
    expected = alpha**2 / sigma**4 * mixture.posterior_covariance(xt, t) - torch.eye(2, dtype=F64) / sigma**2
    # Second moments of 5 points under weights whose exponents are up to the squares of (x_t - alpha x)/sigma.
    reach = (xt.abs().max() + alpha * points.abs().max()) / sigma
    agree(curvature, expected, 32, (1 + reach**2) ** 2 / sigma**2)
