"""Steps of samplers, and a draw, forward only."""

from __future__ import annotations

from torch import Tensor

from benchmarks.operations import plain_steps as plain
from benchmarks.operations.case import Case
from benchmarks.operations.operation import Operation
from benchmarks.operations.plain_losses import reverse
from unmask.implementations import Interpolating, categorical

STEPS_GROUP = "steps and draws"


def _d3pm(case: Case, z: Tensor, xt: Tensor, process: Interpolating) -> Tensor:
    alpha_s, alpha_t = case.alpha(case.begin), case.alpha(case.end)
    kernel = reverse(z, xt, alpha_s, alpha_t, case.prior(process), "joint-sum")
    return plain.draw(kernel, case.generator())


def _tweedie(case: Case, z: Tensor, xt: Tensor, process: Interpolating) -> Tensor:
    kernel = plain.tweedie_kernel(z, xt, case.alpha(case.s), case.alpha(case.t), case.prior(process))
    return plain.draw(kernel.clamp(min=0), case.generator())


def _euler(case: Case, z: Tensor, xt: Tensor, process: Interpolating) -> Tensor:
    width, rate = (case.t - case.s).to(z.dtype), (1 / (1 - case.t)).to(z.dtype)
    return plain.draw(plain.euler_kernel(z, xt, width, rate, case.prior(process)).clamp(min=0), case.generator())


def _masked(case: Case, z: Tensor) -> Tensor:
    kernel = plain.masked_kernel(z, case.absorbing, case.mask, case.alpha(case.s), case.alpha(case.t))
    return plain.draw(kernel, case.generator())


def _flow(case: Case, z: Tensor) -> Tensor:
    kernel = plain.flow_kernel(z, case.uniform, case.alpha(case.s), case.alpha(case.t))
    return plain.draw(kernel, case.generator())


STEPS = (
    Operation(
        "MDLM step", "arXiv 2406.07524, eq. 7", STEPS_GROUP,
        lambda m, c, z: m.mdlm.step(z, c.absorbing, c.s, c.t, c.generator()),
        _masked, gain=100, backward=False,
    ),
    Operation(
        "D3PM absorbing step", "arXiv 2107.03006, eq. 4", STEPS_GROUP,
        lambda m, c, z: m.d3pm_absorbing.step(z, c.absorbing, c.begin, c.end, c.generator()),
        lambda c, z: _d3pm(c, z, c.absorbing, c.unchecked.absorbing), gain=100, backward=False,
    ),
    Operation(
        "D3PM uniform step", "arXiv 2107.03006, eq. 4", STEPS_GROUP,
        lambda m, c, z: m.d3pm_uniform.step(z, c.uniform, c.begin, c.end, c.generator()),
        lambda c, z: _d3pm(c, z, c.uniform, c.unchecked.uniform), backward=False,
    ),
    Operation(
        "SEDD absorb, Tweedie", "arXiv 2310.16834, theorem 4.2", STEPS_GROUP,
        lambda m, c, z: m.sedd_absorb.step(z, c.absorbing, c.s, c.t, c.generator()),
        lambda c, z: _tweedie(c, z, c.absorbing, c.unchecked.absorbing), reads="log_p", backward=False,
    ),
    Operation(
        "SEDD absorb, Euler", "arXiv 2310.16834, section 4.2", STEPS_GROUP,
        lambda m, c, z: m.sedd_absorb.step(z, c.absorbing, c.s, c.t, c.generator(), kind="euler"),
        lambda c, z: _euler(c, z, c.absorbing, c.unchecked.absorbing), reads="log_p", backward=False,
    ),
    Operation(
        "SEDD uniform, Tweedie", "arXiv 2310.16834, theorem 4.2", STEPS_GROUP,
        lambda m, c, z: m.sedd_uniform.step(z, c.uniform, c.s, c.t, c.generator()),
        lambda c, z: _tweedie(c, z, c.uniform, c.unchecked.uniform), reads="log_p", backward=False,
    ),
    Operation(
        "SEDD uniform, Euler", "arXiv 2310.16834, section 4.2", STEPS_GROUP,
        lambda m, c, z: m.sedd_uniform.step(z, c.uniform, c.s, c.t, c.generator(), kind="euler"),
        lambda c, z: _euler(c, z, c.uniform, c.unchecked.uniform), reads="log_p", backward=False,
    ),
    Operation(
        "flow matching step", "arXiv 2407.15595, algorithm 1", STEPS_GROUP,
        lambda m, c, z: m.flow.step(z, c.uniform, c.s, c.t, c.generator()),
        _flow, backward=False,
    ),
    Operation(
        "categorical", "inversion of the cumulated weights", STEPS_GROUP,
        lambda m, c, z: categorical(z, c.generator(), validate=m.uniform.validate),
        lambda c, z: plain.draw(z, c.generator()), reads="p", backward=False,
    ),
)  # fmt: skip

__all__ = ["STEPS"]
