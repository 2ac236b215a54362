"""Where a leading term nearly cancels, the sizes that a law takes show no rate, and nobody is accused."""

from __future__ import annotations

import pytest

from tests.methods.chains import SEDD_LEVELS
from unmask.properties import Process, Schedule, replay
from unmask.properties.engine.calls import Unanswerable


def test_a_law_does_not_ask_for_a_rate_that_the_definition_does_not_show() -> None:
    p = Process("birth-death", K=3, clock="continuous", schedule=Schedule("linear"))
    with pytest.raises(Unanswerable, match="the leading term nearly cancels"):
        replay("score_entropy_becomes_denoising_score_matching", SEDD_LEVELS, p=p, L=2, seed=2313)
