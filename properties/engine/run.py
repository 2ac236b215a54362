"""How a run of the laws is done."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch

Budget: TypeAlias = Literal["quick", "ci", "nightly"]

#: Examples per law and subject; a law that is expensive says so and gets fewer.
EXAMPLES: dict[str, int] = {"quick": 6, "ci": 30, "nightly": 1500}


@dataclass(frozen=True)
class Run:
    """How a run of the laws is done: dtype, device, how many examples, and whether the cases are always the same.

    Raises
    ------
    ValueError : for an unknown budget or dtype.
    """

    precision: str = "float64"
    device: str = "cpu"
    budget: Budget = "ci"
    derandomize: bool = False
    shrink: bool = True

    def __post_init__(self) -> None:
        if self.budget not in EXAMPLES:
            raise ValueError(f"budget must be one of {sorted(EXAMPLES)}, got {self.budget!r}")
        if not isinstance(getattr(torch, str(self.precision), None), torch.dtype):
            raise ValueError(f"precision must be the name of a torch dtype, got {self.precision!r}")

    @staticmethod
    def of_environment(precision: str = "float64", device: str = "cpu", budget: Budget = "ci") -> Run:
        """With ``CI`` set the same cases come every time; ``nightly`` always draws new ones."""
        return Run(precision, device, budget, derandomize=bool(os.environ.get("CI")) and budget != "nightly")


__all__ = ["EXAMPLES", "Budget", "Run"]
