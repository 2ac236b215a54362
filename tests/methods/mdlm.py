"""MDLM, and GenMD4 with a schedule for each class, on both clocks."""

from __future__ import annotations

from torch import Tensor

from tests.methods.building import Distances, by_class, keeping
from tests.methods.generation import MaskedSampling, Sampling, TwoStages
from unmask import implementations as fast
from unmask.properties import Process, Subject, processes


class Logarithms:
    """The denoiser, by its logarithm."""

    def __init__(self, method: fast.MDLM) -> None:
        self.method = method

    def denoise(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        del t
        return self.method.subs(output, xt).exp()


def build(p: Process) -> tuple[object, ...]:
    """MDLM, its samplers, and the process."""
    method = fast.MDLM(keeping(p))
    return method, MaskedSampling(p, method, fast.antithetic_times), keeping(p), Distances(p)


def build_discrete(p: Process) -> tuple[object, ...]:
    """The same, where there is another way by another way."""
    method = fast.MDLM(keeping(p))
    return Logarithms(method), method, TwoStages(p, method, fast.antithetic_times), keeping(p), Distances(p)


def build_by_class(p: Process) -> tuple[object, ...]:
    """GenMD4, its samplers, and the process."""
    method = fast.GenMD4(by_class(p))
    return method, Sampling(p, method, fast.antithetic_times), by_class(p), Distances(p)


MDLM = Subject(build, processes("absorbing", clock="continuous", mask="any"), output="subs", name="mdlm")
MDLM_DISCRETE = Subject(build_discrete, processes("absorbing", mask="any"), output="subs", name="mdlm_discrete")
GENMD4 = Subject(
    build_by_class,
    processes("state-dependent-masking", clock="continuous", mask="any"),
    output="subs",
    name="genmd4",
)
GENMD4_DISCRETE = Subject(
    build_by_class, processes("state-dependent-masking", mask="any"), output="subs", name="genmd4_discrete"
)
