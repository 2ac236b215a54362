"""MDLM on both clocks."""

from __future__ import annotations

from tests.methods.building import Distances, keeping
from tests.methods.generation import MaskedSampling
from unmask import implementations as fast
from unmask.properties import Process, Subject, processes


def build(p: Process) -> tuple[object, ...]:
    """MDLM, its samplers, and the process."""
    method = fast.MDLM(keeping(p))
    times = fast.antithetic_times if p.T is None else fast.low_discrepancy_times
    return method, MaskedSampling(p, method, times), keeping(p), Distances(p)


MDLM = Subject(build, processes("absorbing", clock="continuous", mask="any"), output="subs", name="mdlm")
MDLM_DISCRETE = Subject(build, processes("absorbing", mask="any"), output="subs", name="mdlm_discrete")
