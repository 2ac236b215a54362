"""The laws of discrete diffusion, and how to hold an implementation against them.

Three lines in your own test file put a method under every law that applies to it::

    from unmask.properties import Method, conformance, processes

    METHOD = Method(name="mine", processes=processes("absorbing"), posterior=my_posterior)
    TestMine = conformance(METHOD)

Conventions are stated in :mod:`unmask.properties.subjects.method`, tolerances in :mod:`unmask.properties.claims.claim`.
"""

from unmask.properties.claims.claim import Claim, at_most, close, converges, exact, independent, sampled
from unmask.properties.claims.power import smallest_error
from unmask.properties.delta_profile import DeltaProfile, delta_profile, draw_profiles
from unmask.properties.engine.conformance import conformance
from unmask.properties.engine.lawbook import LAWBOOK, Law, law
from unmask.properties.engine.randomness import seeded
from unmask.properties.engine.replaying import replay
from unmask.properties.engine.search import Run, examine, examine_all
from unmask.properties.subjects.method import Method
from unmask.properties.subjects.processes.families import Family
from unmask.properties.subjects.processes.gaussian import GaussianProcess, LogSnr, gaussian
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.processes.schedule import Schedule
from unmask.properties.subjects.processes.spaces import Space, processes

from unmask.properties import laws as _laws  # noqa: F401  # isort: skip  (entering the laws needs everything above)

__all__ = [
    "LAWBOOK",
    "Claim",
    "DeltaProfile",
    "Family",
    "GaussianProcess",
    "Law",
    "LogSnr",
    "Method",
    "Process",
    "Run",
    "Schedule",
    "Space",
    "at_most",
    "close",
    "conformance",
    "converges",
    "delta_profile",
    "draw_profiles",
    "exact",
    "examine",
    "examine_all",
    "gaussian",
    "independent",
    "law",
    "processes",
    "replay",
    "sampled",
    "seeded",
    "smallest_error",
]
