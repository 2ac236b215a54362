"""Laws of a test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from unmask.properties import (
    LAWBOOK,
    Law,
    law,
)


@pytest.fixture
def stated() -> Iterator[Callable[..., Law]]:
    """Enter laws of a test's own; they are forgotten afterwards."""
    entered: list[str] = []

    def enter(function: Callable[..., Any], **options: Any) -> Law:
        law(chapter="Mine", cites="me", mutants=("none",), **options)(function)
        entered.append(function.__name__)
        return LAWBOOK[function.__name__]

    yield enter
    for name in entered:
        LAWBOOK.remove(name)
