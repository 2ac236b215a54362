"""Inputs at which a right method was once accused: the law was wrong, and is not any more."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from unmask.properties import Process, Schedule, replay
from unmask.properties.trial import Unanswerable

EVEN = Schedule("mutual-information")
FREE: Any = Schedule("free", betas=("0",))  # type: ignore[arg-type]

ALARMS = {
    "nothing is masked before the first noise": (
        "a_mask_becomes_what_the_network_says",
        "tests.methods.mdlm:MDLM_DISCRETE",
        {"p": Process("absorbing", 3, "discrete", FREE, T=1, mask=0), "s": 0, "t": 1, "L": 2},
    ),
    "1/T and what is slow have opposite signs": (
        "the_slowest_mode_sets_the_rate",
        "tests.methods.chains:D3PM_BIRTH_DEATH",
        {"p": Process("birth-death", 5, "discrete", EVEN, T=1), "L": 2, "seed": 173},
    ),
    "what dies out fast is large at first": (
        "nelbo_converges_as_steps_shrink",
        "tests.methods.reference:JOINT_SUM",
        {
            "p": Process("mask-and-uniform", 3, "discrete", EVEN, T=1, mask=0, parameters={"share": "7/8"}),
            "L": 2,
            "seed": 785,
        },
    ),
}


@pytest.mark.parametrize("why", ALARMS)
def test_it_is_not_accused(why: str) -> None:
    law, method, given = ALARMS[why]
    with suppress(Unanswerable):  # the law may have nothing to say
        replay(law, method, **given)
