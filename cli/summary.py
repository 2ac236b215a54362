"""What is said at the end, in some ten lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unmask.properties.report import Record

#: Of reasons why laws are not asked, and of names in a line.
MOST_REASONS, MOST_NAMES = 5, 5
#: The reason of a law that was asked for, and then was not: the run ended before, or only some were selected.
NOT_RUN = "not run"


@dataclass
class Tally:
    """How one subject fared."""

    holds: int = 0
    broken: list[str] = field(default_factory=list)
    known: int = 0
    absent: int = 0
    not_run: int = 0
    not_asked: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def add(self, record: Record) -> None:
        """Count one record."""
        # More kinds of outcome than there are today: an error of the suite is nobody's broken law.
        match str(record.status):
            case "broken":
                self.broken.append(record.law)
            case "holds":
                self.holds += 1
            case "known":
                self.known += 1
            case "error":
                self.errors.append(record.law)
            case "unasked" | "blocked":
                self.not_asked.append(record.law)
            case _ if record.reason == NOT_RUN:
                self.not_run += 1
            case _:
                self.absent += 1

    def told(self) -> str:
        """In a line."""
        parts = [f"{self.holds} hold", f"{len(self.broken)} BROKEN" if self.broken else "0 broken"]
        parts += [f"{self.known} known to fail"] if self.known else []
        parts += [f"{len(self.errors)} in ERROR"] if self.errors else []
        parts += [f"{self.absent} not applicable"] if self.absent else []
        parts += [f"{len(self.not_asked)} could not be asked"] if self.not_asked else []
        parts += [f"{self.not_run} not run"] if self.not_run else []
        named = (("broken:", self.broken), ("error:", self.errors), ("not asked:", self.not_asked))
        return ", ".join(parts) + "".join(f"\n{mark} {_names(laws)}" for mark, laws in named if laws)


def tallies(records: Iterable[Record], errors: Iterable[tuple[str, str]] = ()) -> dict[str, Tally]:
    """How each subject fared; ``errors`` are laws and subjects."""
    found: dict[str, Tally] = {}
    for record in records:
        found.setdefault(record.method, Tally()).add(record)
    for law, subject in errors:
        found.setdefault(subject, Tally()).errors.append(law)
    return found


def subject_lines(by_subject: dict[str, Tally], most: int | None = None) -> list[str]:
    """A line for each subject, and what is broken below it; of more than ``most``, only those that are in trouble."""
    shown = by_subject
    lines = []
    if most is not None and len(by_subject) > most:
        shown = {name: t for name, t in by_subject.items() if t.broken or t.errors or t.not_asked}
        whole = Tally()
        for tally in by_subject.values():
            whole.holds += tally.holds
            whole.broken += tally.broken
            whole.known += tally.known
            whole.absent += tally.absent
            whole.not_run += tally.not_run
            whole.not_asked += tally.not_asked
            whole.errors += tally.errors
        lines.append(f"  {len(by_subject)} subjects: {whole.told().partition(chr(10))[0]}")
    width = max(map(len, shown), default=0)
    for name, tally in shown.items():
        first, *more = tally.told().split("\n")
        lines += [f"  {name:<{width}}  {first}", *(f"  {'':<{width}}    {line}" for line in more)]
    return lines


def reason_lines(records: Iterable[Record], more_with: str, most: int = MOST_REASONS) -> list[str]:
    """Why laws were not asked: a line for each reason, most frequent ones first.

    Those that apply and yet could not be asked come first: a success they are not.
    """
    every = list(records)
    inapplicable = Counter(r.reason for r in every if r.status == "absent" and r.reason != NOT_RUN)
    in_vain = Counter(r.reason for r in every if r.status in ("unasked", "blocked"))
    return [
        *_counted("why laws could not be asked:", in_vain, more_with, most),
        *_counted("why laws do not apply:", inapplicable, more_with, most),
    ]


def _counted(heading: str, reasons: Counter[str], more_with: str, most: int) -> list[str]:
    if not reasons:
        return []
    shown = reasons.most_common(most)
    left = len(reasons) - len(shown)
    width = len(str(shown[0][1]))
    lines = [heading, *(f"  {n:>{width}} ×  {why}" for why, n in shown)]
    return [*lines, f"  … and {left} more reason{'s' * (left > 1)}: {more_with}"] if left else lines


def verdict(by_subject: dict[str, Tally], seconds: float | None = None) -> str:
    """The last line."""
    broken = sum(len(t.broken) for t in by_subject.values())
    errors = sum(len(t.errors) for t in by_subject.values())
    holds = sum(t.holds for t in by_subject.values())
    known = sum(t.known for t in by_subject.values())
    in_vain = sum(len(t.not_asked) for t in by_subject.values())
    said = [f"{broken} BROKEN"] if broken else []
    said += [f"{errors} in ERROR"] if errors else []
    if not said:
        said = [f"all {holds} hold" if holds else "nothing was asked"]
        said += [f"but {known} known to fail"] if known else []
    said += [f"{in_vain} could not be asked"] if in_vain else []
    return ", ".join(said) + ("" if seconds is None else f", after {seconds:.1f} s")


def _names(laws: Sequence[str]) -> str:
    every = list(dict.fromkeys(laws))
    left = len(every) - MOST_NAMES
    return ", ".join(every[:MOST_NAMES]) + (f" and {left} more" if left > 0 else "")
