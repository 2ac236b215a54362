"""What cold diffusion refuses."""

from __future__ import annotations

import math

from tests.bad_input.bad import Asked, Wrong
from tests.bad_input.reference.given import PROCESS, STEPS, array_of, asked, function, kind, value
from unmask.reference.degradation import cold_diffusion
from unmask.reference.numbers.arithmetic import array

SHIFT = cold_diffusion.shift(1, lambda t: t)
TIMES = (
    kind("times", 3, "times = 3 of type int; valid: a sequence"),
    kind("times", [1, None], r"times\[1\] = None is of type NoneType"),
    value("times", [], r"times = \[\]; valid: at least one, each earlier"),
    value("times", [1, 1], r"times = \[1, 1\]; valid: .* each earlier than the one before"),
    value("times", [0, 1], r"times = \[0, 1\]; valid"),
    value("times", [math.nan], r"times\[0\] = nan; valid"),
)


def sampler(name: str) -> Asked:
    wrong: tuple[Wrong | tuple[Wrong, ...], ...] = (
        function("degradation"), function("restoration"), array_of("x"), TIMES,
        value("restoration", lambda x, t: [1, 2, 3], r"restoration\(x, t\) has shape \(3,\); valid: .*\(1,\)"),
        kind("restoration", lambda x, t: None, r"restoration\(x, t\) = None is of type NoneType"),
    )  # fmt: skip
    return asked(f"degradation.cold_diffusion.{name}", *wrong, degradation=SHIFT, restoration=lambda x, t: x, x=[1], times=[2, 0])


def blurred(process: object, x: object, t: object) -> object:
    return cold_diffusion.blur(process)(array(x), t)  # type: ignore[arg-type]


ASKED = [
    asked("degradation.cold_diffusion.shift", array_of("direction"), function("amount"), direction=1, amount=abs),
    asked("degradation.cold_diffusion.fading", array_of("end"), function("kept"), end=1, kept=abs),
    asked("degradation.cold_diffusion.blur", *PROCESS, process=STEPS),
    Asked("degradation.cold_diffusion.blur", blurred, {"process": STEPS, "x": [1, 2], "t": 1}, (
        value("x", [1, 2, 3], r"x has shape \(3,\); valid: \[..., K\] with K = 2"),
        value("x", 1, r"x has shape \(\); valid: \[..., K\]"),
        value("t", 3, r"t = 3; valid: 0\.\.2"),
        kind("t", 0.5, r"t = 0\.5; valid: an int"),
    )),
    sampler("naive_sampler"),
    sampler("improved_sampler"),
    asked("degradation.cold_diffusion.accumulated_error", function("degradation"), array_of("x0"), TIMES,
          kind("proposals", 3, "proposals = 3 of type int; valid: a sequence"),
          value("proposals", [], "proposals are 0, times are 2; valid: one proposal for each step"),
          kind("proposals", [None], r"proposals\[0\] = None is of type NoneType"),
          degradation=SHIFT, x0=[1], proposals=[[1]], times=[2, 0]),
]  # fmt: skip
