"""Right programs in many styles under all laws, with other cases for every seed: a line of a table for each program."""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter

from tests.networks.right import RIGHT as NETWORKS
from tests.programs.right.bounds import METHODS as BOUNDS
from tests.programs.right.objectives import RIGHT as OBJECTIVES
from tests.programs.right.samplers import RIGHT as SAMPLERS
from unmask.properties import Run, Subject, examine_all

PROGRAMS: list[Subject] = [*OBJECTIVES, *BOUNDS, *SAMPLERS, *NETWORKS.values()]
#: What a right program may be told, in the order of the table.
COLUMNS = ("holds", "broken", "unasked", "blocked", "error")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.programs", description=__doc__)
    parser.add_argument("programs", nargs="*", metavar="PROGRAM", help="names of programs; all by default")
    parser.add_argument("--budget", default="quick", choices=("quick", "ci", "nightly"))
    parser.add_argument("--runs", type=int, default=50, help="of each program, with a random seed each")
    given = parser.parse_args()
    names = [program.name for program in PROGRAMS]
    strange = [name for name in given.programs if name not in names]
    if strange:
        parser.error(f"no program named {strange[0]!r}; there are {', '.join(map(str, names))}")
    print(f"{'program':<32}{'runs':>5}{''.join(f'{status:>9}' for status in COLUMNS)}      time")
    accused = False
    for program in PROGRAMS:
        if given.programs and program.name not in given.programs:
            continue
        began, counts = time.process_time(), Counter[str]()
        told: list[str] = []
        for _ in range(given.runs):
            run = Run(budget=given.budget, seed=random.randrange(2**24))
            for record in examine_all(program, run):
                counts[record.status] += 1
                if record.status in ("broken", "error"):
                    told.append(f"seed {run.seed}: {record.law} {record.reason}\n{record.failure}")
        accused |= bool(told)
        numbers = "".join(f"{counts[status]:>9}" for status in COLUMNS)
        taken = time.process_time() - began
        print(f"{program.name:<32}{given.runs:>5}{numbers}{taken:>8.1f} s", *told, sep="\n", flush=True)
    return int(accused)


if __name__ == "__main__":
    sys.exit(main())
