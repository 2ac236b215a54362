"""Meta's ``flow-matching`` library under the laws: ``make peers``.

The library is used as it is installed.  This file translates conventions and computes nothing:

=================  ==================================  =====================================
                   here                                in ``flow_matching``
=================  ==================================  =====================================
time               data at 0, noise at 1               data at 1, noise at 0
clean data         ``x0``                              ``x_1``
pure noise         drawn from the prior                ``x_0``, drawn by the caller
schedule           ``alpha(t)``                        ``alpha_t`` (κ in the papers) at ``1 - t``
rates at ``x_t``   0                                   minus the sum of the others
randomness         a ``torch.Generator``               the global state
time of a step     one for each row                    one for the whole batch
=================  ==================================  =====================================

Papers: Gat et al. 2024 (discrete flow matching); Shaul et al. 2024 (its loss).
"""

# The library has no types, and is not installed where this file is checked.
# mypy: disable-error-code="no-any-return"
# pyright: reportMissingImports=false

from __future__ import annotations

import torch
from flow_matching.loss import MixturePathGeneralizedKL
from flow_matching.path import MixtureDiscreteProbPath
from flow_matching.path.scheduler import CondOTScheduler, PolynomialConvexScheduler
from flow_matching.solver import MixtureDiscreteEulerSolver
from flow_matching.utils import categorical
from torch import Generator, Tensor

from unmask.properties import Process, Space, Subject, processes, seeded


class FlowMatching:
    """The library for one process ``p``."""

    output, div_free = "velocity", 0.0

    def __init__(self, p: Process) -> None:
        self.K, self.prior = p.K, torch.tensor(p.prior, device=p.device)
        linear = p.schedule.name == "linear"
        self.path = MixtureDiscreteProbPath(CondOTScheduler() if linear else PolynomialConvexScheduler(p.schedule["n"]))

    def alpha(self, t: Tensor) -> Tensor:
        """``alpha_t``, ``[N]``."""
        return self.path.scheduler(1 - t).alpha_t

    def rate(self, t: Tensor) -> Tensor:
        """``-d log alpha/dt``, ``[N]``: time runs the other way there, so the sign is plus."""
        at = self.path.scheduler(1 - t)
        return at.d_alpha_t / at.alpha_t

    def sample(self, x0: Tensor, t: Tensor, generator: Generator) -> Tensor:
        """``x_t`` drawn given ``x0``, ``[N, L]``."""
        with seeded(generator):
            noise = categorical(self.prior.expand(*x0.shape, self.K))
            return self.path.sample(x_0=noise, x_1=x0, t=1 - t).x_t

    def reverse_rate(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """Rates of the model's process, 0 at ``x_t``, ``[N, L, K]``."""
        return self.path.posterior_to_velocity(output, xt, 1 - t).scatter(-1, xt[..., None], 0)

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """The NELBO's integrand at ``t``, summed over positions, ``[N]`` nats."""
        return MixturePathGeneralizedKL(self.path, reduction="none")(output, x0, xt, 1 - t).sum(-1)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator) -> Tensor:
        """``x_s`` after one of the solver's Euler steps, ``[N, L]``."""
        xs = torch.empty_like(xt)
        with seeded(generator):
            for begin, end in sorted(set(zip(t.tolist(), s.tolist(), strict=True))):
                rows = (t == begin) & (s == end)
                prediction = output[rows].softmax(-1)
                solver = MixtureDiscreteEulerSolver(lambda x, t, now=prediction: now, self.path, self.K, self.prior)
                # At the last time of its grid, wherever that is, the solver returns its guess of the clean data instead
                # of a step: ask for one time more, and for the state in between.
                grid = torch.tensor([1 - begin, 1 - end, 1], dtype=t.dtype, device=t.device)
                told = {"step_size": None, "time_grid": grid, "return_intermediates": True}
                _, xs[rows], _ = solver.sample(xt[rows], div_free=self.div_free, **told)
        return xs


class Corrected(FlowMatching):
    """The solver with its corrector."""

    scheme, offers, div_free = "corrected", ("step", "sample"), 1.0


def of(family: str) -> Space:
    """What the library implements, with one source distribution."""
    return processes(family, clock="continuous", schedules=("linear", "polynomial"), mask="any")


FLOW_MATCHING_UNIFORM = Subject(FlowMatching, of("uniform"), name="flow-matching-uniform")
FLOW_MATCHING_MASKED = Subject(FlowMatching, of("absorbing"), name="flow-matching-masked")
#: Of each subject the laws that fail, with the script of ``findings`` that shows why.
KNOWN: dict[str, dict[str, str]] = {
    "flow-matching-corrected-uniform": {
        "answers_are_numbers": "flow_matching_first_step: infinity times zero at the first time",
    },
}
NAME = "flow-matching-corrected-uniform"
CORRECTED_UNIFORM = Subject(Corrected, of("uniform"), name=NAME, known=KNOWN[NAME])
CORRECTED_MASKED = Subject(Corrected, of("absorbing"), name="flow-matching-corrected-masked")
ALL = [FLOW_MATCHING_UNIFORM, FLOW_MATCHING_MASKED, CORRECTED_UNIFORM, CORRECTED_MASKED]
