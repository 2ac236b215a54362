"""Laws and subjects, described: ``unmask laws``, ``unmask law``, ``unmask methods``."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from unmask.cli import suite

if TYPE_CHECKING:
    from unmask.properties.engine.lawbook import Law
    from unmask.properties.engine.run import Run
    from unmask.properties.subjects.subject import Subject


def law_lines(laws: Sequence[Law]) -> Iterator[str]:
    """Laws under their chapters, each in a line: its name, and what it says."""
    width = max(len(law.name) for law in laws)
    for chapter in dict.fromkeys(law.told.chapter for law in laws):
        yield chapter
        yield from (f"  {law.name:<{width}}  {law.told.statement}" for law in laws if law.told.chapter == chapter)


def law_page(law: Law) -> str:
    """All about one law."""
    lines = [law.name, "", f"    {law.told.statement}", ""]
    for label, values in suite.facts_of_law(law).items():
        for number, value in enumerate(values):
            lines.append(f"    {label if not number else '':<18}{value}")
    return "\n".join(lines)


def subject_pages(subjects: Sequence[Subject], run: Run) -> Iterator[str]:
    """Subjects, where each is, what it offers, and how many laws can be asked of it."""
    laws = suite.laws()
    for subject in subjects:
        yield f"{subject.name}  ({suite.address_of(subject) or 'bound to no name'})"
        for label, value in suite.facts_of_subject(subject).items():
            if value:
                yield textwrap.fill(value, 110, initial_indent=f"    {label:<11}", subsequent_indent=" " * 15)
        asked = sum(suite.why_absent(law, subject, run) is None for law in laws)
        yield f"    {'laws':<11}{asked} of {len(laws)} can be asked"
