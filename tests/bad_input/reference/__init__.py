"""What the reference refuses."""

from tests.bad_input.bad import Asked, Bad
from tests.bad_input.reference import (
    cold,
    continuous,
    gaussians,
    language,
    matrices,
    models,
    numbers_and_checks,
    outputs,
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
    *cold.ASKED,
    *gaussians.ASKED,
    *smoothness.ASKED,
]
BAD: list[Bad] = [bad for asked in ASKED for bad in asked.badly()]
