"""Discrete flow matching.

``score`` is not offered: the model's rates are not those of a time reversal, so they have no concrete score.  Nor is
``posterior``: only the marginals are those of the corruption, and Bayes' rule on it is not used.
"""

from __future__ import annotations

from tests.methods.building import Distances, keeping
from tests.methods.generation import Sampling
from unmask.implementations import FlowMatching
from unmask.properties import Process, Subject, processes


class Path:
    """The marginals of a corruption process, and what else is the path's own."""

    def __init__(self, p: Process) -> None:
        corruption = keeping(p)
        self.alpha, self.rate, self.transition = corruption.alpha, corruption.rate, corruption.transition
        self.marginal, self.sample = corruption.marginal, corruption.sample


def build(p: Process) -> tuple[object, ...]:
    """Flow matching, its samplers, and its path."""
    method = FlowMatching(keeping(p))
    return method, Sampling(p, method), Path(p), Distances(p)


FLOW = Subject(
    build,
    processes("uniform", "absorbing", clock="continuous", mask="any"),
    output="velocity",
    scheme="exact",
    name="flow",
)
