"""What the reference refuses."""

from tests.bad_input.bad import Asked, Bad
from tests.bad_input.reference import (
    cold,
    continuous,
    evaluation,
    gaussians,
    language,
    limit_processes,
    matrices,
    models,
    numbers_and_checks,
    outputs,
    plans,
    processes,
    smoothness,
)

ASKED: list[Asked] = [
    *numbers_and_checks.ASKED,
    *matrices.ASKED,
    *processes.ASKED,
    *models.ASKED,
    *continuous.ASKED,
    *language.ASKED,
    *outputs.ASKED,
    *gaussians.ASKED,
    *limit_processes.ASKED,
    *smoothness.ASKED,
    *cold.ASKED,
    *evaluation.ASKED,
    *plans.ASKED,
]
BAD: list[Bad] = [bad for asked in ASKED for bad in asked.badly()]
