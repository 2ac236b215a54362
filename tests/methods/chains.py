"""The processes that are more than keeping or redrawing, and D3PM and SEDD over each of them.

One record for each family, so that the table shows every process under every law.
"""

from __future__ import annotations

from typing import Any

from tests.methods.building import EVENLY, FORWARD, SCHEDULE
from tests.methods.d3pm import reverse_side, without_rates
from tests.methods.sedd import REVERSE as SEDD
from unmask.properties import Method, processes


def d3pm(name: str, family: str, clock: Any, parameterization: Any = "joint-sum", **more: Any) -> Method:
    """D3PM over one family."""
    reverse = reverse_side(parameterization)
    if clock == "discrete":
        reverse = without_rates(reverse)
    return Method(
        name=name,
        processes=processes(family, clock=clock),
        parameterization=parameterization,
        **{**FORWARD, **reverse, **more},
    )


NO_SCHEDULE: dict[str, Any] = dict.fromkeys(SCHEDULE)

D3PM_GAUSSIAN = d3pm("d3pm_gaussian", "discretized-gaussian", "discrete", **NO_SCHEDULE)
D3PM_BAND = d3pm("d3pm_band", "band", "discrete", "mixture", **NO_SCHEDULE)
D3PM_DRIFTING = d3pm("d3pm_drifting_prior", "drifting-prior", "discrete")
D3PM_NEIGHBORS = d3pm("d3pm_neighbors", "nearest-neighbor", "both", **EVENLY)
D3PM_MASKED_NEIGHBORS = d3pm("d3pm_masked_neighbors", "masked-nearest-neighbor", "both", **EVENLY)
D3PM_BIRTH_DEATH = d3pm("d3pm_birth_death", "birth-death", "both", **EVENLY)
D3PM_EHRENFEST = d3pm("d3pm_ehrenfest", "ehrenfest", "both", "joint-sum-direct", **EVENLY)

SEDD_LEVELS = Method(
    name="sedd_levels",
    processes=processes("birth-death", "ehrenfest", clock="continuous"),
    parameterization="score",
    **FORWARD,
    **SEDD,
)
SEDD_NEIGHBORS = Method(
    name="sedd_neighbors",
    processes=processes("nearest-neighbor", "masked-nearest-neighbor", clock="continuous"),
    parameterization="score",
    **FORWARD,
    **SEDD,
)
ALL = [
    D3PM_GAUSSIAN,
    D3PM_BAND,
    D3PM_DRIFTING,
    D3PM_NEIGHBORS,
    D3PM_MASKED_NEIGHBORS,
    D3PM_BIRTH_DEATH,
    D3PM_EHRENFEST,
    SEDD_LEVELS,
    SEDD_NEIGHBORS,
]
