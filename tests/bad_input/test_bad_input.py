"""Every public function refuses what it cannot answer: which argument, which value, and what is wanted."""

from __future__ import annotations

import re

import pytest

from tests.bad_input import implementations, properties, reference
from tests.bad_input.bad import Asked, Bad
from tests.bad_input.public import EXEMPT, public

TABLES = {"implementations": implementations.BAD, "reference": reference.BAD, "properties": properties.BAD}


@pytest.mark.parametrize("case", [case for table in TABLES.values() for case in table], ids=str)
def test_bad_input_is_refused(case: Bad) -> None:
    with pytest.raises(case.error) as caught:
        case.call()
    assert type(caught.value) is case.error
    assert re.search(case.says, str(caught.value), re.DOTALL), f"the message is: {caught.value}"


@pytest.mark.parametrize("asked", reference.ASKED, ids=str)
def test_only_the_wrong_argument_is_wrong(asked: Asked) -> None:
    asked.well()


@pytest.mark.parametrize(("side", "name"), [(side, name) for side in TABLES for name in public(side)])
def test_every_public_function_has_bad_input(side: str, name: str) -> None:
    assert any(case.target == name for case in TABLES[side]), f"{name} is not in the list of bad input of {side}"


@pytest.mark.parametrize("side", TABLES)
def test_what_is_exempt_is_not_listed(side: str) -> None:
    listed = {case.target for case in TABLES[side]}
    assert [name for name in listed if any(name == e or name.startswith(f"{e}.") for e in EXEMPT[side])] == []
