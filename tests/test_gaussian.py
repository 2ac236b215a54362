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
    decode,
)
from unmask.implementations.gaussian import KINDS
from unmask.implementations.vdm import PREDICTIONS

EPS = 2.0**-52
F64 = torch.float64
MP = mpmath.mp.clone()
MP.dps = 60


def linear(a: Any, b: Any) -> Callable[[Any], Any]:
    return lambda t: a + (b - a) * t


def cosine(a: Any, b: Any) -> Callable[[Any], Any]:
    low, high = MP.atan(MP.exp(-MP.mpf(a) / 2)), MP.atan(MP.exp(-MP.mpf(b) / 2))
    return lambda t: -2 * MP.log(MP.tan(low + (high - low) * t))


def linear_beta(a: Any, b: Any) -> Callable[[Any], Any]:
    return lambda t: -MP.log(MP.expm1(a * t + MP.mpf(b - a) * t * t / 2))


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
    grid = LogSNRGrid(steps.log_snr(t).tolist())
    torch.testing.assert_close(grid.log_snr(t), CosineLogSNR().log_snr(t / 8.0))
    torch.testing.assert_close(grid.rate(t[1:]), steps.gap(t[:-1], t[1:]))


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
        mean, spread = model.reverse(at["output"], at["xt"], at["s"], at["t"])
        torch.testing.assert_close(spread, true.variance)
        torch.testing.assert_close(model.term(**at), ((mean - true.mean) ** 2).sum(1) / (2 * spread), rtol=1e-9, atol=0)

    def test_best_output_is_the_posterior_mean(self, kind: Any, prediction: Any) -> None:
        model, mixture, at = self.draws(kind, prediction)
        best = mixture.best_output(model, at["xt"], at["t"])
        mean = mixture.posterior_mean(at["xt"], at["t"])
        torch.testing.assert_close(model.denoise(best, at["xt"], at["t"]), mean, rtol=1e-9, atol=1e-12)

    def test_training_is_unbiased(self, kind: Any, prediction: Any) -> None:
        """Measured against the noise that was drawn, or against the noisy data, a loss is the same."""
        model, _, at = self.draws(kind, prediction)
        seen = []

        def network(xt: Tensor, t: Tensor) -> Tensor:
            seen.append(xt)
            return at["output"]

        loss = model.training_loss(network, at["x0"], at["t"], torch.Generator().manual_seed(1))
        again = model.loss(at["output"], at["x0"], seen[0], at["t"])
        torch.testing.assert_close(loss, again, rtol=1e-9, atol=0)

    def test_rows_may_be_mapped(self, kind: Any, prediction: Any) -> None:
        model, _, at = self.draws(kind, prediction)
        free = VDM(GaussianDiffusion(PolynomialLogSNR(5, -3, validate=False), kind, validate=False), prediction)

        def one(output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
            return free.loss(output[None], x0[None], xt[None], t[None])[0]

        given = [at[name] for name in ("output", "x0", "xt", "t")]
        torch.testing.assert_close(torch.func.vmap(one)(*given), model.loss(*given))
        slope = torch.func.vmap(torch.func.grad(one))(*given)
        at["output"].requires_grad_()
        (gradient,) = torch.autograd.grad(model.loss(*given).sum(), at["output"])
        torch.testing.assert_close(slope, gradient)

    @pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
    def test_results_have_the_dtype_of_the_data(self, kind: Any, prediction: Any, dtype: torch.dtype) -> None:
        model, _, at = self.draws(kind, prediction)
        low = {name: v.to(dtype) if name in ("x0", "xt", "output") else v for name, v in at.items()}
        high = {name: v.double() for name, v in low.items()}
        found, truth = model.term(**low), model.term(**high)
        assert found.dtype == dtype
        # Float32 inside: what is lost is the result's own rounding, and a difference of numbers of order 10.
        gap = torch.finfo(dtype).eps + 2000 * torch.finfo(torch.float32).eps
        torch.testing.assert_close(found.double(), truth, rtol=gap, atol=0)
        assert model.denoise(low["output"], low["xt"], low["t"]).dtype == dtype

    def test_deterministic_samples_follow_the_data(self, kind: Any, prediction: Any) -> None:
        """With the best network, probability flow reaches each point as often as its weight says, to a step's error."""
        p = GaussianDiffusion(LinearLogSNR(6, -6), kind)
        points, weights = torch.tensor([[-1.0], [1.0]], dtype=F64), torch.tensor([0.25, 0.75], dtype=F64)
        model, mixture = VDM(p, prediction), GaussianMixture(p, points, weights)
        generator = torch.Generator().manual_seed(11)

        def network(xt: Tensor, t: Tensor) -> Tensor:
            return mixture.best_output(model, xt, t)

        times = torch.linspace(1, 0, 129, dtype=F64)
        z = model.generate(network, (4096, 1), times, generator, deterministic=True, dtype=F64)
        share = decode(p, points, z, torch.zeros(4096, dtype=F64)).exp().mean(0)
        # Five standard errors of 4096 draws are 0.034; the grid's own error is 0.007.
        torch.testing.assert_close(share, weights, rtol=0, atol=0.045)


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
    torch.testing.assert_close(curvature, expected, rtol=1e-9, atol=1e-9)
