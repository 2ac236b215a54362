"""Every public function refuses what it cannot answer: which argument, which value, and what is wanted."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

from tests.bad_input import implementations, properties, reference
from tests.bad_input.bad import Bad
from tests.bad_input.public import EXEMPT, public

TABLES = {"implementations": implementations.BAD, "reference": reference.BAD, "properties": properties.BAD}


def by_target(cases: Iterable[Bad]) -> dict[str, list[Bad]]:
    """One test for all cases of a function: thousands of tests of a microsecond each would be mostly bookkeeping."""
    found: dict[str, list[Bad]] = {}
    for case in cases:
        found.setdefault(case.target, []).append(case)
    return found


BY_TARGET = {(side, target): cases for side, table in TABLES.items() for target, cases in by_target(table).items()}


def told(case: Bad) -> str | None:
    """What is wrong with how a call is refused; ``None`` if nothing is."""
    try:
        result = case.call()
    except case.error as error:
        if type(error) is not case.error:
            return f"{case}: raised {type(error).__name__}, a special {case.error.__name__}"
        if re.search(case.says, str(error), re.DOTALL):
            return None
        return f"{case}: the message should match {case.says!r} and is: {error}"
    except Exception as error:
        return f"{case}: raised {type(error).__name__} and no {case.error.__name__}: {error}"
    return f"{case}: raised nothing and returned {result!r:.200}"


@pytest.mark.parametrize(("side", "target"), BY_TARGET, ids=map("-".join, BY_TARGET))
def test_bad_input_is_refused(side: str, target: str) -> None:
    cases = BY_TARGET[side, target]
    wrong = [message for message in map(told, cases) if message is not None]
    assert not wrong, f"{len(wrong)} of {len(cases)} calls\n" + "\n".join(wrong)


def test_what_is_refused_otherwise_is_told() -> None:
    assert told(Bad("int", lambda: int("a"), ValueError, "invalid literal")) is None
    assert "raised nothing and returned 1" in str(told(Bad("int", lambda: int("1"), ValueError, "")))
    assert "the message should match 'valid:'" in str(told(Bad("int", lambda: int("a"), ValueError, "valid:")))
    assert "raised ValueError and no TypeError" in str(told(Bad("int", lambda: int("a"), TypeError, "")))
    assert "raised UnicodeDecodeError, a special ValueError" in str(
        told(Bad("bytes", lambda: bytes([255]).decode(), ValueError, ""))
    )


def test_only_the_wrong_argument_is_wrong() -> None:
    for asked in reference.ASKED:
        asked.well()


@pytest.mark.parametrize("side", TABLES)
def test_every_public_function_has_bad_input(side: str) -> None:
    listed = {case.target for case in TABLES[side]}
    assert [name for name in public(side) if name not in listed] == []


@pytest.mark.parametrize("side", TABLES)
def test_what_is_exempt_is_not_listed(side: str) -> None:
    listed = {case.target for case in TABLES[side]}
    assert [name for name in listed if any(name == e or name.startswith(f"{e}.") for e in EXEMPT[side])] == []
