"""What one run says about one law and one method: the unit of every report."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias, get_args

from unmask.properties.claims.claim import Fit

Status: TypeAlias = Literal["holds", "broken", "known", "absent", "unasked", "blocked", "error"]

STATUSES: tuple[Status, ...] = get_args(Status)
#: Those of laws of which no example was judged.
UNJUDGED: tuple[Status, ...] = ("absent", "unasked", "blocked")


@dataclass(frozen=True)
class Record:
    """The outcome of one law for one subject, which is called ``method`` here.

    ``status`` is ``"holds"``, ``"broken"``, ``"known"`` (a failure that the subject declares, with its reason),
    ``"absent"`` (the law says nothing about it), ``"unasked"`` (it does, but everything that was drawn was refused, or
    nothing that was judged could have failed), ``"blocked"`` (the subject could not be built, or gave no answer, about
    which another law speaks) or ``"error"`` (the law, the family or the reference failed, which says nothing about the
    subject).  ``worst_ulps`` is the largest gap seen in units of rounding of the dtype under test, and ``None`` for
    laws that do not measure one.  ``examples`` were judged, of which ``informative`` could have failed, and ``refused``
    drawn in vain.  ``fits`` are the rates that a law about a limit measured, in the simplest example, or in the one
    that fails.  ``kind`` is the subject's.

    Raises ``ValueError`` for any other status.
    """

    law: str
    method: str
    chapter: str
    status: Status
    statement: str
    tex: str
    cites: str
    mutants: tuple[str, ...]
    worst_ulps: float | None
    examples: int
    seconds: float
    reason: str = ""
    failure: str = ""
    replay: str = ""
    fits: tuple[Fit, ...] = ()
    kind: str = "classes"
    refused: int = 0
    informative: int = 0

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise ValueError(f"status: got {self.status!r}; expected one of {', '.join(STATUSES)}")

    def to_json(self) -> dict[str, Any]:
        """A dict of JSON values that ``from_json`` turns back into an equal record.

        JSON has no infinities: a gap that is not finite is written ``"Infinity"`` or ``"NaN"``, which
        Python's ``float`` and JavaScript's ``Number`` both read.
        """
        values = asdict(self)
        values["mutants"] = list(self.mutants)
        for name in ("worst_ulps", "seconds"):
            values[name] = _json_number(values[name])
        values["fits"] = [fit_to_json(fit) for fit in self.fits]
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Record:
        """The record that ``to_json`` described.  Raises ``ValueError`` for a missing or unknown field."""
        fields = dict(values)
        unknown = sorted(fields.keys() - cls.__dataclass_fields__.keys())
        if unknown:
            raise ValueError(f"values: unknown fields {', '.join(unknown)}")
        missing = [name for name in _REQUIRED if name not in fields]
        if missing:
            raise ValueError(f"values: missing fields {', '.join(missing)}")
        fields["mutants"] = tuple(fields["mutants"])
        fields["seconds"] = float(fields["seconds"])
        if fields["worst_ulps"] is not None:
            fields["worst_ulps"] = float(fields["worst_ulps"])
        fields["fits"] = tuple(_fit_from_json(fit) for fit in fields.get("fits", ()))
        return cls(**fields)


_OPTIONAL = ("reason", "failure", "replay", "fits", "kind", "refused", "informative")
_REQUIRED = tuple(name for name in Record.__dataclass_fields__ if name not in _OPTIONAL)


def fit_to_json(fit: Fit) -> dict[str, Any]:
    """A dict of JSON values, numbers as in :meth:`Record.to_json`."""
    values = asdict(fit)
    for name in ("slope", "spread", "constant"):
        values[name] = _json_number(values[name])
    for name in ("sizes", "errors", "limits"):
        values[name] = [_json_number(v) for v in values[name]]
    return values


def _fit_from_json(values: Mapping[str, Any]) -> Fit:
    found = dict(values)
    for name in ("slope", "spread", "constant"):
        found[name] = None if found[name] is None else float(found[name])
    for name in ("sizes", "errors", "limits"):
        found[name] = tuple(float(v) for v in found[name])
    return Fit(**found)


def _json_number(value: float | None) -> float | str | None:
    if value is None or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
