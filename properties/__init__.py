"""The laws of discrete diffusion, and how to hold an implementation against them.

An object built from a process, and one line, put a method under every law that applies to it::

    from unmask.properties import conformance, processes

    class Mine:
        def __init__(self, p): ...
        def posterior(self, x0, xt, s, t): ...

    TestMine = conformance(Mine, processes("absorbing"), output="subs")

Conventions are stated by each kind of subject in :mod:`unmask.properties.subjects.kinds`, tolerances in
:mod:`unmask.properties.claims.claim`.  The folders, each built of those before it:

* `claims`: what a law says, and how close is close;
* `subjects`: what is held against the laws, and the processes that it is asked about;
* `engine`: from a law and a subject to a record;
* `laws`: the laws;
* `report`: what a run shows.

Beside them:

* `delta_profile`: how far noise lets the data be told apart, a call of its own.
"""

from unmask.properties.claims.claim import Claim, at_least, at_most, close, converges, exact, independent, sampled
from unmask.properties.claims.power import smallest_error
from unmask.properties.delta_profile import DeltaProfile, delta_profile, draw_profiles
from unmask.properties.engine.conformance import conformance
from unmask.properties.engine.failures.replay import replay
from unmask.properties.engine.lawbook import LAWBOOK, About, Drawn, Law, law
from unmask.properties.engine.mutation import mutated
from unmask.properties.engine.randomness import seeded
from unmask.properties.engine.run import Run
from unmask.properties.engine.verdicts import examine, examine_all
from unmask.properties.subjects.kinds.programs.plan import Ancestral, Plan
from unmask.properties.subjects.processes.families import Family
from unmask.properties.subjects.processes.gaussian import GaussianProcess, LogSnr
from unmask.properties.subjects.processes.gaussian_spaces import gaussian
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.processes.schedule import Schedule
from unmask.properties.subjects.processes.spaces import Space, degradations, processes, programs
from unmask.properties.subjects.processes.vocabulary import (
    Sequences,
    Vocabulary,
    autoregression,
    embeddings,
    networks,
)
from unmask.properties.subjects.subject import Subject
from unmask.properties.subjects.tables.recording import Asked, RecordingNetwork

from unmask.properties import laws as _laws  # noqa: F401  # isort: skip  (entering the laws needs everything above)

__all__ = [
    "LAWBOOK",
    "About",
    "Ancestral",
    "Asked",
    "Claim",
    "DeltaProfile",
    "Drawn",
    "Family",
    "GaussianProcess",
    "Law",
    "LogSnr",
    "Plan",
    "Process",
    "RecordingNetwork",
    "Run",
    "Schedule",
    "Sequences",
    "Space",
    "Subject",
    "Vocabulary",
    "at_least",
    "at_most",
    "autoregression",
    "close",
    "conformance",
    "converges",
    "degradations",
    "delta_profile",
    "draw_profiles",
    "embeddings",
    "exact",
    "examine",
    "examine_all",
    "gaussian",
    "independent",
    "law",
    "mutated",
    "networks",
    "processes",
    "programs",
    "replay",
    "sampled",
    "seeded",
    "smallest_error",
]
