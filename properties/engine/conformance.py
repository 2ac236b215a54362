"""Every law that applies to a method, as tests in anyone's test file."""

from __future__ import annotations

from typing import Any

import pytest

from unmask.properties.engine.lawbook import LAWBOOK, Law
from unmask.properties.engine.search import Run, check_known, examine
from unmask.properties.subjects.method import Method


def conformance(method: Method) -> type:
    """A test class with one test for every law that applies to ``method``.

    Use it as ``TestMine = conformance(METHOD)``; the tests are called ``TestMine::test_law[<name of the law>]``.
    Options of the pytest plugin (``--unmask-dtype``, ``--unmask-device``, ``--unmask-budget``, …) apply.

    Raises
    ------
    TypeError : if ``method`` is not a :class:`Method`.
    ValueError : if its ``known`` names a law that does not exist, or no law applies to it.
    """
    # What is wrong with the arguments is told at the line that calls, in anybody's test file.
    __tracebackhide__ = True
    if not isinstance(method, Method):
        raise TypeError(f"method must be a Method, got {type(method).__name__}")
    check_known(method)
    applicable = [law for law in LAWBOOK if law.absent_because(method) is None]
    # Laws about whatever is offered apply to nothing as well, and hold.
    if not applicable or next(method.capabilities(), None) is None:
        raise ValueError(f"method {method.name!r} offers nothing that a law speaks about")

    class Conformance:
        unmask_method = method

        @pytest.mark.parametrize("law", applicable, ids=[law.name for law in applicable])
        def test_law(self, law: Law, unmask_run: Run, record_property: Any) -> None:
            hold(law, method, unmask_run, record_property)

    Conformance.__name__ = Conformance.__qualname__ = f"Conformance[{method.name}]"
    Conformance.__doc__ = f"Every law that applies to {method.name}."
    return Conformance


def hold(law: Law, method: Method, run: Run, record_property: Any) -> None:
    """Examine and report through pytest.

    A broken law fails with its story, a known one is an expected failure, an absent one is skipped.
    """
    __tracebackhide__ = True
    record = examine(law, method, run)
    record_property("unmask", record.to_json())
    if record.status == "broken":
        pytest.fail(record.failure, pytrace=False)
    if record.status == "known":
        pytest.xfail(record.reason)
    if record.status == "absent":
        pytest.skip(record.reason)


__all__ = ["conformance", "hold"]
