"""The worst gaps of the implementations in units of rounding, by capability and dtype: ``make ulps``.

Measured by the laws about accuracy, relative to each number, and in bfloat16, where so many roundings leave no digit of
a small number, by the laws that hold each capability against its definition.  The cases are always the same.
``ulps.json`` beside this file holds ceilings, the next power of two above what was measured: a change that loses digits
exceeds one, and a change that wins some may lower it.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from tests.methods import IMPLEMENTATIONS
from unmask.properties import LAWBOOK, Law, Run, Subject, examine
from unmask.properties.engine.plan import Plan, plan
from unmask.properties.engine.record import Record

#: Capability to dtype to ulps.
Table: TypeAlias = dict[str, dict[str, float]]

CEILINGS = Path(__file__).with_name("ulps.json")
DTYPES = ("float64", "float32", "bfloat16")
RELATIVE = tuple(law for law in LAWBOOK if law.told.chapter == "Accuracy" and len(law.needs) == 1)
DEFINITIONS = tuple(
    LAWBOOK[name]
    for name in (
        "alpha_is_the_schedule",
        "transition_is_the_definition",
        "marginal_sums_over_all_paths",
        "posterior_is_bayes_rule",
        "reverse_is_the_definition",
        "loss_is_its_term_of_the_nelbo",
    )
)
#: One implementation for each way of computing.
MEASURED = (
    "d3pm_uniform",
    "d3pm_continuous",
    "mixture_continuous",
    "d3pm_drifting_prior",
    "sedd_uniform",
    "mdlm",
    "flow",
)
SEED = 1


def laws_of(dtype: str) -> tuple[Law, ...]:
    """The laws that measure in a dtype."""
    return DEFINITIONS if dtype == "bfloat16" else RELATIVE


def records(law: Law, dtype: str, names: Iterable[str] = MEASURED) -> list[Record]:
    """What the law says of the implementations of these names that it speaks about, in a dtype."""
    wanted = set(names)
    subjects: list[Subject] = [m.but(dtypes=(dtype,)) for m in IMPLEMENTATIONS if m.name in wanted]
    run = Run(precision=dtype, budget="quick", seed=SEED, shrink=False)
    return [examine(law, m, run) for m in subjects if isinstance(plan(law, m), Plan)]


def measured(laws: Iterable[Law] | None = None) -> Table:
    """The worst gaps in ulps of the dtype, by all laws that measure or some; ``AssertionError`` if one is broken."""
    wanted = None if laws is None else set(laws)
    table: Table = {}
    for dtype in DTYPES:
        for law in laws_of(dtype):
            if wanted is not None and law not in wanted:
                continue
            row = table.setdefault(law.needs[0], {})
            for record in records(law, dtype):
                assert record.status in ("holds", "unasked"), record.failure
                row[dtype] = max(row.get(dtype, 0.0), record.worst_ulps or 0.0)
    return table


def ceilings(table: Table) -> Table:
    """The next powers of two."""
    return {
        name: {dtype: 2.0 ** math.ceil(math.log2(max(worst, 1.0))) for dtype, worst in row.items()}
        for name, row in table.items()
    }


def kept() -> Table:
    """The ceilings that are kept."""
    table: Table = json.loads(CEILINGS.read_text(encoding="utf-8"))
    return table


def write(table: Table, path: Path) -> None:
    """The table as JSON, one capability a line."""
    lines = [f" {json.dumps(name)}: {json.dumps(row)}" for name, row in sorted(table.items())]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def main(arguments: list[str]) -> None:
    """Write the table to a path, and with ``--keep`` new ceilings."""
    table = measured()
    write(table, Path(next((a for a in arguments if not a.startswith("-")), "build/report/ulps.json")))
    if "--keep" in arguments:
        write(ceilings(table), CEILINGS)
    for name, row in sorted(table.items()):
        print(f"{name:20}", *(f"{dtype} {row[dtype]:10.3g}  " for dtype in DTYPES if dtype in row))


if __name__ == "__main__":
    main(sys.argv[1:])
