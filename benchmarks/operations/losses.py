"""The losses, forward and backward."""

from __future__ import annotations

from torch import Tensor

from benchmarks.operations import plain_losses as plain
from benchmarks.operations.case import HYBRID, Case
from benchmarks.operations.operation import Operation
from unmask.implementations import Interpolating

MASKED, STEPS, RATES = "absorbing noise", "uniform noise, discrete time", "continuous time"


def _inverse(time: Tensor, case: Case) -> Tensor:
    """``1/t`` of times of either clock: ``-alpha'/(1 - alpha)``, per unit of time or per step."""
    return (1 / time.double()).to(case.shape.dtype)


def _rate(case: Case) -> Tensor:
    """``-alpha'/alpha``."""
    return (1 / (1 - case.t)).to(case.shape.dtype)


def _bound(case: Case, z: Tensor, xt: Tensor, process: Interpolating, kind: str = "joint-sum") -> Tensor:
    alpha_s, alpha_t = case.alpha(case.before), case.alpha(case.end)
    return plain.variational_bound(z, case.x0, xt, alpha_s, alpha_t, case.prior(process), kind)


def _hybrid(case: Case, z: Tensor, xt: Tensor, process: Interpolating) -> Tensor:
    alpha_s, alpha_t = case.alpha(case.before), case.alpha(case.end)
    return plain.hybrid(z, case.x0, xt, alpha_s, alpha_t, case.prior(process), HYBRID)


def _entropy(case: Case, z: Tensor, xt: Tensor, process: Interpolating) -> Tensor:
    return plain.score_entropy(z, case.x0, xt, case.alpha(case.t), _rate(case), case.prior(process))


def _denoiser_entropy(case: Case, z: Tensor, xt: Tensor, process: Interpolating) -> Tensor:
    return plain.denoiser_score_entropy(z, case.x0, xt, case.alpha(case.t), _rate(case), case.prior(process))


LOSSES = (
    Operation(
        "MDLM, continuous time", "arXiv 2406.07524, eq. 10", MASKED,
        lambda m, c, z: m.mdlm.loss(z, c.x0, c.absorbing, c.t),
        lambda c, z: plain.masked_nelbo(z, c.x0, c.absorbing, c.mask, _inverse(c.t, c)),
        target=0.8, tensors=1.1,
    ),
    Operation(
        "MDLM, discrete time", "arXiv 2406.07524, eq. 8", MASKED,
        lambda m, c, z: m.mdlm_steps.loss(z, c.x0, c.absorbing, c.end),
        lambda c, z: plain.masked_nelbo(z, c.x0, c.absorbing, c.mask, _inverse(c.end, c)),
        target=0.8, tensors=1.1,
    ),
    Operation(
        "D3PM absorbing, L_vb", "arXiv 2107.03006, eq. 1", MASKED,
        lambda m, c, z: m.d3pm_absorbing.loss(z, c.x0, c.absorbing, c.end),
        lambda c, z: _bound(c, z, c.absorbing, c.unchecked.absorbing),
        target=0.8, tensors=1.1,
    ),
    Operation(
        "D3PM absorbing, hybrid", "arXiv 2107.03006, eq. 5", MASKED,
        lambda m, c, z: m.d3pm_absorbing.hybrid_loss(z, c.x0, c.absorbing, c.end, HYBRID),
        lambda c, z: _hybrid(c, z, c.absorbing, c.unchecked.absorbing),
        target=1.2, tensors=1.1,
    ),
    Operation(
        "SEDD absorb", "arXiv 2310.16834, eq. 10", MASKED,
        lambda m, c, z: m.sedd_absorb.loss(z, c.x0, c.absorbing, c.t),
        lambda c, z: _entropy(c, z, c.absorbing, c.unchecked.absorbing),
        target=0.8, tensors=1.1,
    ),
    Operation(
        "SEDD uniform", "arXiv 2310.16834, eq. 10", RATES,
        lambda m, c, z: m.sedd_uniform.loss(z, c.x0, c.uniform, c.t),
        lambda c, z: _entropy(c, z, c.uniform, c.unchecked.uniform),
        target=1.2, tensors=1.1,
    ),
    Operation(
        "D3PM uniform, L_vb", "arXiv 2107.03006, eq. 1", STEPS,
        lambda m, c, z: m.d3pm_uniform.loss(z, c.x0, c.uniform, c.end),
        lambda c, z: _bound(c, z, c.uniform, c.unchecked.uniform),
        target=1.2, tensors=1.1,
    ),
    Operation(
        "D3PM uniform, mixture", "arXiv 2107.03006, eq. 1", STEPS,
        lambda m, c, z: m.d3pm_mixture.loss(z, c.x0, c.uniform, c.end),
        lambda c, z: _bound(c, z, c.uniform, c.unchecked.uniform, "mixture"),
        target=1.2, tensors=1.1,
    ),
    Operation(
        "D3PM uniform, hybrid", "arXiv 2107.03006, eq. 5", STEPS,
        lambda m, c, z: m.d3pm_uniform.hybrid_loss(z, c.x0, c.uniform, c.end, HYBRID),
        lambda c, z: _hybrid(c, z, c.uniform, c.unchecked.uniform),
        target=1.2, tensors=1.1,
    ),
    Operation(
        "D3PM uniform, continuous", "arXiv 2310.16834, eq. 10, of a denoiser", RATES,
        lambda m, c, z: m.d3pm_uniform_rates.loss(z, c.x0, c.uniform, c.t),
        lambda c, z: _denoiser_entropy(c, z, c.uniform, c.unchecked.uniform),
        target=1.2, tensors=1.1,
    ),
    Operation(
        "D3PM mask-and-uniform, continuous", "arXiv 2310.16834, eq. 10, of a denoiser", RATES,
        lambda m, c, z: m.d3pm_mixed_rates.loss(z, c.x0, c.mixed, c.t),
        lambda c, z: _denoiser_entropy(c, z, c.mixed, c.unchecked.mixed),
        target=1.2, tensors=1.1,
    ),
    Operation(
        "flow matching, generalized KL", "arXiv 2412.03487, section 5", RATES,
        lambda m, c, z: m.flow.loss(z, c.x0, c.uniform, c.t),
        lambda c, z: plain.generalized_kl(z, c.x0, c.uniform, _inverse(c.t, c)),
        target=1.2, tensors=1.1,
    ),
)  # fmt: skip

__all__ = ["LOSSES"]
