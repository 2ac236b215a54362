"""No refusal comes after the subject was called."""

from __future__ import annotations

import pytest

from tests.bad_input.properties.given import BAYES, UNIFORM, P, offering, replay, subject


def test_what_is_refused_is_not_tried() -> None:
    calls: list[int] = []
    counting = subject(offering(posterior=lambda **arguments: calls.append(1)), UNIFORM, name="mine")
    for bad in ({"t": 2}, {"t": 1, "L": 0}, {"t": 1, "dtype": "float65"}, {"t": 1, "device": "abacus"}):
        with pytest.raises(ValueError, match=r"must|no dtype named|no device named"):
            replay(BAYES, counting, p=P, s=0, **bad)
    assert calls == []
    with pytest.raises(AssertionError, match="BROKEN by mine"):
        replay(BAYES, counting, p=P, s=0, t=1)
    assert calls, "what is valid is tried"
