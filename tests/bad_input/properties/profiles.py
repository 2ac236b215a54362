"""What profiles of projective distances refuse."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

import unmask.properties as laws
from tests.bad_input.bad import Bad
from tests.bad_input.properties.given import MINE, Case, P, named

profile: Any = laws.delta_profile
draw: Any = laws.draw_profiles
record: Any = laws.DeltaProfile
EVEN = np.full((2, 2), 0.5)
GOOD = profile(lambda t: EVEN, [1])


def of_profile() -> list[Case]:
    def at(matrix: Any, **more: Any) -> Any:
        return partial(profile, lambda t: matrix, [1], **more)

    return [
        (partial(profile, 3, [1]), TypeError, "process must be a Subject or a function of time, got int 3"),
        (partial(profile, MINE, [1]), TypeError, "p must be the Process .*got None"),
        (partial(profile, MINE, [1], p=P), ValueError, "process must offer transition or projective_distance.*'mine'"),
        (partial(profile, lambda t: EVEN, 1), TypeError, "times must be a sequence of times, got int 1"),
        (partial(profile, lambda t: EVEN, []), ValueError, r"times must hold at least one time, got \[\]"),
        (at([[1.0, 0.0]]), ValueError, r"process at t = 1 must be a matrix \[K, K\].*got shape \(1, 2\)"),
        (at([[1.0]]), ValueError, r"process at t = 1 must be a matrix .*got shape \(1, 1\)"),
        (at([[1.0, 1.0], [0.0, 0.0]]), ValueError, "process at t = 1 must have rows that are laws"),
        (at([[2.0, -1.0], [0.0, 1.0]]), ValueError, "process at t = 1 must have rows that are laws"),
        (at([[np.nan, 1.0], [0.0, 1.0]]), ValueError, "process at t = 1 must have rows that are laws"),
        (at(EVEN, logs=True), ValueError, "process at t = 1 must have rows that are laws"),
        (at(EVEN, mask=2), ValueError, r"mask must be in 0\.\.1, got 2"),
        (at(EVEN, mask=0.5), TypeError, r"mask must be an int or None, got 0\.5"),
    ]


def bad_profiles() -> list[Bad]:
    return [
        *named("delta_profile", of_profile()),
        *named("DeltaProfile", [(partial(record, "a", [1], [1], [1], [1, 2]), ValueError, r"must be \[n\] each, got")]),
        *named("DeltaProfile", [(partial(record, "a", 1, 1, 1, 1), ValueError, r"times.* must be \[n\] each")]),
        *named("DeltaProfile.difference", [(lambda: GOOD.difference("mean"), ValueError, "line must be .*got 'mean'")]),
        *named("draw_profiles", [(partial(draw, [], "a.svg"), ValueError, "profiles must be .*DeltaProfile, got")]),
        *named("draw_profiles", [(partial(draw, [3], "a.svg"), ValueError, r"profiles must be .*got \[3\]")]),
        *named("draw_profiles", [(partial(draw, [GOOD], 3), TypeError, "path must be a str or a Path, got int 3")]),
    ]
