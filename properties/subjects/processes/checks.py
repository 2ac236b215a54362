"""Which processes there are: what is refused when one is made."""

from __future__ import annotations

from typing import Any

import torch

from unmask.properties.subjects.processes.families import family
from unmask.properties.subjects.processes.schedule import Schedule


def check(p: Any) -> None:
    """Refuse what is no process: sizes, a mask, a clock or parameters that its family does not have.

    Raises
    ------
    TypeError : for a schedule that is none, or sizes that are no integers.
    ValueError : for an unknown family, and for everything else; the message names the field and its value.
    """
    kind = family(p.family)
    if not isinstance(p.schedule, Schedule):
        raise TypeError(f"schedule must be a Schedule, got {p.schedule!r}")
    whole: dict[str, Any] = {"K": p.K, "T": p.T, "mask": p.mask}
    for name, value in whole.items():
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            raise TypeError(f"{name} must be an int, got {value!r}")
    if p.K < 2:
        raise ValueError(f"K must be at least 2, got {p.K}")
    if p.T is not None and p.T < 1:
        raise ValueError(f"T must be at least 1, got {p.T}")
    if p.mask is not None and not 0 <= p.mask < p.K:
        raise ValueError(f"mask must be a class id below K = {p.K}, got {p.mask}")
    if p.clock not in ("discrete", "continuous"):
        raise ValueError(f"clock must be 'discrete' or 'continuous', got {p.clock!r}")
    if not isinstance(getattr(torch, str(p.precision), None), torch.dtype):
        raise ValueError(f"precision must be the name of a torch dtype, got {p.precision!r}")
    if (kind.mask == "none") != (p.mask is None) or (kind.mask == "last" and p.mask != p.K - 1):
        valid = {"none": "None", "any": "a class id", "last": f"the last class, {p.K - 1},"}[kind.mask]
        raise ValueError(f"mask must be {valid} for {p.family!r}, got {p.mask}")
    if (p.clock == "discrete") != (p.T is not None):
        raise ValueError(f"T must be {'given' if p.clock == 'discrete' else 'None'} for the {p.clock} clock")
    if p.clock not in kind.clocks:
        valid = " or ".join(map(repr, kind.clocks))
        raise ValueError(f"clock must be {valid} for {p.family!r}, got {p.clock!r}")
    if p.K < kind.least:
        raise ValueError(f"K must be at least {kind.least} for {p.family!r}, got {p.K}")
    if kind.hits and any(beta > 1 for beta in p.schedule.betas):
        betas = ", ".join(map(str, p.schedule.betas))
        raise ValueError(f"betas must be probabilities for {p.family!r}, got {betas}")
    names = [k for k, _ in p.parameters]
    if names != kind.parameters:
        raise ValueError(f"parameters of {p.family!r} must be {kind.parameters}, got {names}")
    share = dict(p.parameters).get("share", 0)
    if not 0 <= share <= 1:
        raise ValueError(f"share must be a probability, got {share}")


__all__ = ["check"]
