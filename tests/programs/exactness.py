"""Which laws about programs and networks are exact, which count draws, and what those see.

``python -m tests.programs.exactness docs/exactness.md`` asks each law of the first right subject that it applies to,
and writes down the claims that were judged.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tests.networks.right import RIGHT
from tests.programs.right.built_in import ALL
from tests.programs.right.built_in_samplers import PROGRAMS
from unmask.properties import LAWBOOK, Claim, Run, Subject, examine
from unmask.properties.claims import judges
from unmask.properties.claims.claim import FALSE_ALARM
from unmask.properties.claims.power import smallest_error, smallest_tilt
from unmask.properties.engine.lawbook import Law

RUN = Run(budget="quick", seed=7, shrink=False)
SUBJECTS: list[Subject] = [*ALL, *PROGRAMS, *RIGHT.values()]
KINDS = {
    "exact": "equal, entry by entry",
    "close": "to rounding",
    "at_most": "to rounding, one side",
    "sampled": "counts",
    "independent": "independence",
}
START = """# What is exact, and what counts draws

Most laws about programs and networks are exact: the network is the suite's own, so what was asked, answered and
paid is known, and two numbers are equal, or differ by the roundings of a straightforward evaluation. Where a
program draws at random, and nothing but its draws shows the law that they follow, they are counted. A right program
fails such a count at most once in 10⁹ claims, fixed in advance; what a wrong one must be off by, to be caught in
999 runs of 1,000, stands in the last column, for the outcome of a probability nearest to one half. `python -m
tests.programs.exactness docs/exactness.md` writes this table anew from what the laws judge.

That the mean of an objective is the NELBO over its divisor, and the mean of its gradient the NELBO's, is not a law
of its own: it follows from four that are. Masked sets have their law, gradients are the cross-entropy's with one
weight a row, values belong to gradients, and weights have the law of the times that may have made the set. A mean
over draws would say less: where a single position is masked, 1/t has no finite variance.

| law | how it is judged | roundings allowed | draws counted | caught, if off by |
|---|---|---|---|---|
"""


def laws() -> list[Law]:
    """Those of the chapters about programs and networks."""
    return [law for law in LAWBOOK if law.told.chapter.startswith(("Programs", "Networks"))]


@contextmanager
def noted(into: list[Claim]) -> Iterator[None]:
    """Every claim that is judged meanwhile."""
    before: Any = judges.JUDGES

    def noting(judge: Any) -> Any:
        def judged(claim: Claim, eps: float) -> Any:
            into.append(claim)
            return judge(claim, eps)

        return judged

    judges.JUDGES = {kind: noting(judge) for kind, judge in before.items()}  # type: ignore[misc]
    try:
        yield
    finally:
        judges.JUDGES = before  # type: ignore[misc]


def claims_of(law: Law) -> tuple[str, list[Claim]]:
    """The first right subject of which the law holds, and what was judged.

    Raises
    ------
    LookupError : if it holds for none.
    """
    for subject in SUBJECTS:
        found: list[Claim] = []
        with noted(found):
            status = examine(law, subject, RUN).status
        if status == "holds":
            return str(subject.name), [claim for claim in found if np.size(claim.left)]
    raise LookupError(f"no right subject is asked {law.name}")


def power(claims: list[Claim]) -> str:
    """What the counted claim with the most draws catches."""
    counted = [claim for claim in claims if claim.kind == "sampled"]
    if not counted:
        return "–" if not claims else "see `independent`"
    best = max(counted, key=lambda claim: float(np.sum(claim.left)))
    counts, law = np.atleast_2d(best.left), np.atleast_2d(np.asarray(best.right, dtype=float))
    pooled = bool(best.extra["pooled"])
    # The row with the most draws, of those that anything is left to chance in.
    row = int((counts.sum(-1) * (((law > 0) & (law < 1)).any(-1))).argmax())
    n, p = int(counts[row].sum()), float(law[row][np.abs(law[row] - 0.5).argmin()])
    cells = len(counts) * (2 * counts.shape[1] + 1) * (2 if pooled else 1)
    more, fewer = smallest_error(n, p, cells)
    told = f"+{more:.2g}, −{fewer:.2g} of a probability of {p:.2g} ({n:,} draws of a row)"
    if pooled and len(counts) > 1:
        low, high = smallest_tilt(int(np.median(counts.sum(-1))) or 1, law / law.sum(-1, keepdims=True))
        told += f"; a temperature below {low:.2g} or above {high:.3g} in all rows"
    return told


def row(law: Law) -> str:
    """A row of the table."""
    _, claims = claims_of(law)
    kinds = sorted({claim.kind for claim in claims}, key=list(KINDS).index)
    ops = max((float(np.max(claim.ops)) for claim in claims if claim.kind in ("close", "at_most")), default=0.0)
    counted = [claim for claim in claims if claim.kind in ("sampled", "independent")]
    sizes = [int(np.sum(claim.left)) if claim.kind == "sampled" else np.size(claim.left) for claim in counted]
    draws = max(sizes, default=0)
    told = ", ".join(KINDS[kind] for kind in kinds)
    cells = [f"`{law.name}`", told, f"{ops:,.0f}" if ops else "–", f"{draws:,}" if draws else "–", power(counted)]
    return "| " + " | ".join(cells) + " |"


def table() -> str:
    """The page."""
    assert FALSE_ALARM == 1e-9
    chapters = dict.fromkeys(law.told.chapter for law in laws())
    lines = []
    for chapter in chapters:
        lines += [f"| **{chapter}** | | | | |", *(row(law) for law in laws() if law.told.chapter == chapter)]
    return START + "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(table(), encoding="utf-8")
