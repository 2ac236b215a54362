"""Good arguments of the laws' own public functions, to be made bad one at a time."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import unmask.properties as laws
import unmask.properties.subjects.processes.families
from tests.bad_input.bad import Bad
from unmask.properties.claims.power import smallest_tilt
from unmask.properties.engine.verdicts import check_known
from unmask.properties.subjects.addresses import load_subjects

Case = tuple[Callable[[], object], type[Exception], str]

# Wrong on purpose: no type checker is to read the calls below.
process: Any = laws.Process
schedule: Any = laws.Schedule
space: Any = laws.processes
gaussians: Any = laws.gaussian
gaussian_process: Any = laws.GaussianProcess
log_snr: Any = laws.LogSnr
subject: Any = laws.Subject
mutated: Any = laws.mutated
degradations: Any = laws.degradations
autoregression: Any = laws.autoregression
embeddings: Any = laws.embeddings
vocabulary: Any = laws.Vocabulary
networks: Any = laws.networks
network_sequences: Any = laws.Sequences
run: Any = laws.Run
replay: Any = laws.replay
conformance: Any = laws.conformance
examine: Any = laws.examine
power: Any = laws.smallest_error
tilt: Any = smallest_tilt
addressed: Any = load_subjects
known: Any = check_known
family: Any = laws.Family
families: Any = unmask.properties.subjects.processes.families
law: Any = laws.law
about: Any = laws.About
drawn: Any = laws.Drawn
book: Any = laws.LAWBOOK
seeded: Any = laws.seeded

BAYES = "posterior_is_bayes_rule"
STEP = schedule("free", betas=("1/2",))
EVEN = schedule("linear")
WIDE = schedule("free", betas=("3/2",))
BAND = process("band", 3, "discrete", STEP, T=1, parameters={"width": 1})
P = process("uniform", 2, "discrete", STEP, T=1)
CONTINUOUS = process("uniform", 2, "continuous", EVEN)
FALLING = log_snr("linear", "6", "-4")
GAUSSIAN = gaussian_process("straight", (0, 1), ("1/2", "1/2"), FALLING, "continuous")
UNIFORM = space("uniform", clock="both")


def offering(**capabilities: Callable[..., object]) -> Callable[[object], SimpleNamespace]:
    """Builds the same object for every process."""
    return lambda p: SimpleNamespace(**capabilities)


MINE = subject(offering(posterior=lambda x0, xt, s, t: None), UNIFORM, name="mine")


def named(target: str, cases: list[Case]) -> list[Bad]:
    return [Bad(target, *case) for case in cases]
