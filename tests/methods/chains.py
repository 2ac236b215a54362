"""The processes that are more than keeping or redrawing, and D3PM and SEDD over each of them.

One subject for each family, so that the table shows every process under every law.
"""

from __future__ import annotations

from tests.methods.d3pm import d3pm
from tests.methods.sedd import sedd

D3PM_GAUSSIAN = d3pm("d3pm_gaussian", "joint-sum", "discretized-gaussian")
D3PM_BAND = d3pm("d3pm_band", "mixture", "band")
D3PM_DRIFTING = d3pm("d3pm_drifting_prior", "joint-sum", "drifting-prior")
D3PM_NEIGHBORS = d3pm("d3pm_neighbors", "joint-sum", "nearest-neighbor", even=True, clock="both")
D3PM_MASKED_NEIGHBORS = d3pm("d3pm_masked_neighbors", "joint-sum", "masked-nearest-neighbor", even=True, clock="both")
D3PM_BIRTH_DEATH = d3pm("d3pm_birth_death", "joint-sum", "birth-death", even=True, clock="both")
D3PM_EHRENFEST = d3pm("d3pm_ehrenfest", "joint-sum-direct", "ehrenfest", even=True, clock="both")
SEDD_LEVELS = sedd("sedd_levels", "birth-death", "ehrenfest")
SEDD_NEIGHBORS = sedd("sedd_neighbors", "nearest-neighbor", "masked-nearest-neighbor")

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
