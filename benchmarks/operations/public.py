"""The same operations in public packages, used as they are installed.

Conventions are translated and nothing is computed here.  A package that is not installed, that has no path for the
device, or that does something else, is listed with the reason.
"""

# The packages have no types, and are not installed where this file is checked.
# mypy: disable-error-code="no-any-return"
# pyright: reportMissingImports=false

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from benchmarks.operations.case import Case

#: Numbers in the largest tables that are laid.
MOST = 2**27


class Unavailable(Exception):
    """Why a package has no candidate for an operation."""


@dataclass(frozen=True)
class Public:
    """A function of a package: ``make`` returns it for a case, or raises :class:`Unavailable`.

    ``agrees`` : whether it returns our numbers, losses ``[B]``.  ``overwrites`` : whether it writes into its input.
    ``note`` : what it does besides, or otherwise.
    """

    package: str
    operation: str
    make: Callable[[Case], Callable[[Tensor], Tensor]]
    agrees: bool = False
    overwrites: bool = False
    note: str = ""


def _flow_loss(case: Case) -> Callable[[Tensor], Tensor]:
    from flow_matching.loss import MixturePathGeneralizedKL

    loss, t = MixturePathGeneralizedKL(_path(), reduction="none"), (1 - case.t).to(case.shape.dtype)
    return lambda z: loss(z, case.x0, case.uniform, t).sum(-1)


def _flow_step(case: Case) -> Callable[[Tensor], Tensor]:
    from flow_matching.solver import MixtureDiscreteEulerSolver

    # One time for the whole batch, and at the end of its grid a draw of clean data.
    grid = torch.tensor([1 - float(case.t[-1]), 1 - float(case.s[-1]), 1.0], device=case.shape.device)

    def step(z: Tensor) -> Tensor:
        solver = MixtureDiscreteEulerSolver(lambda x, t: z.softmax(-1), _path(), case.shape.K)
        return solver.sample(case.uniform, step_size=None, time_grid=grid, return_intermediates=True)[1]

    return step


def _flow_categorical(case: Case) -> Callable[[Tensor], Tensor]:
    from flow_matching.utils import categorical

    return lambda p: categorical(p)


def _path() -> Any:
    from flow_matching.path import MixtureDiscreteProbPath
    from flow_matching.path.scheduler import CondOTScheduler

    return MixtureDiscreteProbPath(CondOTScheduler())


def _masked_diffusion(case: Case) -> Any:
    from bionemo.moco.distributions.prior import DiscreteMaskedPrior
    from bionemo.moco.distributions.time import UniformTimeDistribution
    from bionemo.moco.interpolants import MDLM
    from bionemo.moco.schedules.noise.continuous_noise_transforms import LogLinearExpNoiseTransform

    noise = LogLinearExpNoiseTransform(eps=0.0)
    return MDLM(UniformTimeDistribution(), DiscreteMaskedPrior(case.shape.K), noise, device=case.shape.device)


def _moco_masked_loss(case: Case) -> Callable[[Tensor], Tensor]:
    method, t = _masked_diffusion(case), case.t.to(case.shape.dtype)
    return lambda z: case.shape.L * method.loss(z, case.x0, case.absorbing, t)


def _moco_masked_step(case: Case) -> Callable[[Tensor], Tensor]:
    method, t, width = _masked_diffusion(case), case.t.to(case.shape.dtype), (case.t - case.s).to(case.shape.dtype)
    return lambda z: method.step(z, t, case.absorbing, width)


def _steps_diffusion(case: Case, prior: str) -> Any:
    from bionemo.moco.distributions import prior as priors
    from bionemo.moco.distributions.time import UniformTimeDistribution
    from bionemo.moco.interpolants import D3PM
    from bionemo.moco.schedules.noise.discrete_noise_schedules import DiscreteCosineNoiseSchedule

    T, K = case.shape.T, case.shape.K
    if T * K * K > MOST:
        raise Unavailable(f"lays three tables of T × K × K = {T} × {K} × {K}: {12e-12 * T * K * K:.3g} TB")
    time = UniformTimeDistribution(discrete_time=True, nsteps=T)
    return D3PM(time, getattr(priors, prior)(K), DiscreteCosineNoiseSchedule(nsteps=T), device=case.shape.device)


def _moco_hybrid(prior: str, xt: str) -> Callable[[Case], Callable[[Tensor], Tensor]]:
    def make(case: Case) -> Callable[[Tensor], Tensor]:
        method = _steps_diffusion(case, prior)
        return lambda z: method.loss(z, case.x0, getattr(case, xt), case.end - 1, vb_scale=1.0)

    return make


def _moco_step(prior: str, xt: str) -> Callable[[Case], Callable[[Tensor], Tensor]]:
    def make(case: Case) -> Callable[[Tensor], Tensor]:
        method = _steps_diffusion(case, prior)
        return lambda z: method.step(z, case.end - 1, getattr(case, xt))

    return make


def _moco_flow_loss(case: Case) -> Callable[[Tensor], Tensor]:
    _moco_flow(case)
    raise Unavailable("its discrete flow matching has the cross-entropy as its loss, not the generalized KL")


def _moco_flow_step(case: Case) -> Callable[[Tensor], Tensor]:
    method = _moco_flow(case)
    t, width = (1 - case.t).to(case.shape.dtype), (case.t - case.s).to(case.shape.dtype)
    return lambda z: method.step(z, t, case.uniform, width, stochasticity=0.0)


def _moco_flow(case: Case) -> Any:
    from bionemo.moco.distributions.prior import DiscreteUniformPrior
    from bionemo.moco.distributions.time import UniformTimeDistribution
    from bionemo.moco.interpolants import DiscreteFlowMatcher

    return DiscreteFlowMatcher(UniformTimeDistribution(), DiscreteUniformPrior(case.shape.K), case.shape.device)


def _liger(case: Case) -> Callable[[Tensor], Tensor]:
    if not case.shape.device.startswith("cuda"):
        raise Unavailable("its kernels are Triton's, which needs a GPU: no path for the CPU")
    from liger_kernel.ops.cross_entropy import LigerCrossEntropyFunction

    target = case.x0.flatten()
    options = (None, -100, 0.0, 0.0, "sum")
    return lambda z: LigerCrossEntropyFunction.apply(z.reshape(-1, case.shape.K), target, *options)[0]


def _multinomial(case: Case) -> Callable[[Tensor], Tensor]:
    return lambda p: p.flatten(0, 1).multinomial(1).view(p.shape[:2])


MASKED, UNIFORM = ("DiscreteMaskedPrior", "absorbing"), ("DiscreteUniformPrior", "uniform")
PUBLIC = (
    Public("liger-kernel", "cross-entropy", _liger, overwrites=True),
    Public("flow-matching", "flow matching, generalized KL", _flow_loss, agrees=True),
    Public("flow-matching", "flow matching step", _flow_step, note="and one draw of clean data more"),
    Public("flow-matching", "categorical", _flow_categorical),
    Public("torch.multinomial", "categorical", _multinomial),
    Public("bionemo-moco", "MDLM, continuous time", _moco_masked_loss, agrees=True, overwrites=True),
    Public("bionemo-moco", "MDLM step", _moco_masked_step, overwrites=True),
    Public("bionemo-moco", "D3PM absorbing, hybrid", _moco_hybrid(*MASKED), note="a schedule of its own"),
    Public("bionemo-moco", "D3PM uniform, hybrid", _moco_hybrid(*UNIFORM), note="a schedule of its own"),
    Public("bionemo-moco", "D3PM absorbing step", _moco_step(*MASKED), note="a schedule of its own"),
    Public("bionemo-moco", "D3PM uniform step", _moco_step(*UNIFORM), note="a schedule of its own"),
    Public("bionemo-moco", "flow matching, generalized KL", _moco_flow_loss),
    Public("bionemo-moco", "flow matching step", _moco_flow_step),
)


def made(public: Public, case: Case) -> Callable[[Tensor], Tensor]:
    """The function for a case.

    Raises :class:`Unavailable` with the reason; a package that is missing is one.
    """
    try:
        return public.make(case)
    except ImportError as error:
        raise Unavailable(f"not installed here ({error})") from error


__all__ = ["PUBLIC", "Public", "Unavailable", "made"]
