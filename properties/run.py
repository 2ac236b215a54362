"""Every law against the methods named on the command line, without a test file.

``pytest --pyargs unmask.properties.run --method package.module:METHOD``
"""

from __future__ import annotations

from typing import Any

from unmask.properties.engine.conformance import hold
from unmask.properties.engine.lawbook import Law
from unmask.properties.engine.run import Run
from unmask.properties.subjects.subject import Subject


def test_law(law: Law, method: Subject, unmask_run: Run, record_property: Any) -> None:
    """The plugin fills in one law and one method."""
    __tracebackhide__ = True
    hold(law, method, unmask_run, record_property)
