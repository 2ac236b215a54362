"""Every law against the methods named on the command line, without a test file.

``pytest --pyargs unmask.properties.run --method package.module:METHOD``
"""

from __future__ import annotations

from typing import Any

from unmask.properties.engine.conformance import hold
from unmask.properties.engine.lawbook import Law
from unmask.properties.engine.search import Run
from unmask.properties.subjects.method import Method


def test_law(law: Law, method: Method, unmask_run: Run, record_property: Any) -> None:
    """The plugin fills in one law and one method."""
    __tracebackhide__ = True
    hold(law, method, unmask_run, record_property)
