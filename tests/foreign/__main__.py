"""All foreign methods under the laws, with other cases for every seed: a line of a table for each run."""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator

from tests.foreign import METHODS
from unmask.properties import Run, Subject, examine_all

#: How many seeds each precision gets.
SEEDS = {"float64": 5, "float32": 3}
#: What a right method may be told, in the order of the table.
COLUMNS = ("holds", "broken", "unasked", "blocked", "error")


def runs(budget: str, first: int | None) -> Iterator[Run]:
    """Every precision with its seeds, drawn anew unless the first is given."""
    for precision, n in SEEDS.items():
        seeds = random.sample(range(2**24), n) if first is None else range(first, first + n)
        for seed in seeds:
            yield Run(precision=precision, budget=budget, seed=seed)  # type: ignore[arg-type]


def line(method: Subject, run: Run) -> tuple[str, list[str], bool]:
    """A line of the table, what has failed, and whether the method was accused."""
    began, records = time.process_time(), list(examine_all(method, run))
    counts = Counter[str](record.status for record in records)
    numbers = "".join(f"{counts[status]:>9}" for status in COLUMNS)
    told = [f"{record.status}: {record.law} {record.reason}\n{record.failure}" for record in records]
    failed = [text for text, record in zip(told, records, strict=True) if record.status in ("broken", "error")]
    taken = time.process_time() - began
    return f"{method.name:<18}{run.precision:<9}{run.seed!s:>9}{numbers}{taken:>8.1f} s", failed, bool(failed)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.foreign", description=__doc__)
    parser.add_argument("methods", nargs="*", metavar="METHOD", help="names of methods; all by default")
    parser.add_argument("--budget", default="ci", choices=("quick", "ci", "nightly"))
    parser.add_argument("--seed", type=int, help="the first seed; others follow it (default: random ones)")
    given = parser.parse_args()
    names = [method.name for method in METHODS]
    strange = [name for name in given.methods if name not in names]
    if strange:
        parser.error(f"no method named {strange[0]!r}; there are {', '.join(names)}")
    print(f"{'method':<18}{'dtype':<9}{'seed':>9}{''.join(f'{status:>9}' for status in COLUMNS)}      time")
    accused = False
    for method in METHODS:
        if given.methods and method.name not in given.methods:
            continue
        for run in runs(given.budget, given.seed):
            text, failed, guilty = line(method, run)
            accused |= guilty
            print(text, *failed, sep="\n", flush=True)
    return int(accused)


if __name__ == "__main__":
    sys.exit(main())
