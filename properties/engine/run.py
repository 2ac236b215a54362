"""How a run of the laws is done."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from unmask.properties.engine.machine import check_device, check_dtype
from unmask.properties.subjects.spelling import did_you_mean

Budget: TypeAlias = Literal["brief", "quick", "ci", "nightly"]

#: Examples per law and subject; a law that is expensive says so and gets fewer.
EXAMPLES: dict[str, int] = {"brief": 2, "quick": 6, "ci": 30, "nightly": 1500}
#: Budgets that leave out laws which wait for rare events, visibly.
SHORT = ("brief", "quick")


@dataclass(frozen=True)
class Run:
    """How a run of the laws is done: dtype, device, how many examples, and whether the cases are always the same.

    With a ``seed`` the cases are those of the seed; ``derandomize`` alone means seed 0.

    Raises
    ------
    ValueError : for an unknown budget or dtype, a device that this machine does not have, or a negative seed.
    """

    precision: str = "float64"
    device: str = "cpu"
    budget: Budget = "ci"
    derandomize: bool = False
    shrink: bool = True
    seed: int | None = None

    def __post_init__(self) -> None:
        if self.budget not in EXAMPLES:
            close = did_you_mean(str(self.budget), EXAMPLES)
            raise ValueError(f"no budget named {self.budget!r} (there are {', '.join(EXAMPLES)}){close}")
        seed: Any = self.seed
        if seed is not None and (not isinstance(seed, int) or seed < 0):
            raise ValueError(f"seed must be an integer of at least 0, got {seed!r}")
        check_dtype(self.precision)
        check_device(self.device)

    @property
    def is_short(self) -> bool:
        """Whether it leaves out laws that wait for rare events."""
        return self.budget in SHORT

    @staticmethod
    def of_environment(
        precision: str = "float64", device: str = "cpu", budget: Budget = "ci", seed: int | None = None
    ) -> Run:
        """With ``CI`` set the same cases come every time; ``nightly`` always draws new ones."""
        fixed = bool(os.environ.get("CI")) and budget != "nightly"
        return Run(precision, device, budget, derandomize=fixed, seed=seed)


__all__ = ["EXAMPLES", "Budget", "Run"]
