"""No law accuses a right network, whatever its style, and what it offers is asked."""

from __future__ import annotations

import pytest

from tests.networks.right import RIGHT
from tests.thinned import thinned
from unmask.properties import Run, Subject, examine_all


@pytest.mark.parametrize("seed", thinned([0, 1], 2))
@pytest.mark.parametrize("subject", thinned(RIGHT.values(), 2), ids=lambda subject: str(subject.name))
def test_right_networks_are_not_accused(subject: Subject, seed: int) -> None:
    records = list(examine_all(subject, Run(budget="quick", seed=seed, shrink=False)))
    told = [f"{r.law}: {r.status}\n{r.reason}{r.failure}" for r in records if r.status not in ("holds", "absent")]
    assert told == []
    assert "other_rows_do_not_matter" in {r.law for r in records if r.status == "holds"}
