"""How long it takes until the first law says that something is wrong, over the catalogue of mutants.

    python -m benchmarks.first_accusation [every]

Each mutant is made of its first base and held against the laws, in the order of ``examine_all``, until one is broken.
Seconds are the processor's, after the import; ``every`` takes each n-th mutant.
"""

from __future__ import annotations

import statistics
import sys
import time

import torch

from tests.mutants import MUTANTS
from unmask.properties import Run, examine_all

RUN = Run(budget="ci", derandomize=True)


def seconds_to_first(name: str) -> tuple[float, str, int]:
    """Processor seconds, the law that is broken (empty if none is), and how many laws were asked."""
    mutant = MUTANTS[name]
    subject = mutant(mutant.bases[0])
    started, asked = time.process_time(), 0
    for record in examine_all(subject, RUN, stop_at_first=True):
        asked += record.status != "absent"
        if record.status == "broken":
            return time.process_time() - started, record.law, asked
    return time.process_time() - started, "", asked


def main() -> None:
    """Print a line for each mutant, and the median."""
    torch.set_num_threads(1)
    every = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    names = [name for name in MUTANTS if not MUTANTS[name].escapes][::every]
    found = []
    for name in names:
        seconds, law, asked = seconds_to_first(name)
        print(f"{seconds:8.2f} s  {asked:3} laws  {name:50} {law or 'NOT SEEN'}", flush=True)
        found.append(seconds)
    quarters = statistics.quantiles(found, n=4)
    print(f"{len(found)} mutants: median {quarters[1]:.2f} s, quartiles {quarters[0]:.2f} and {quarters[2]:.2f} s")


if __name__ == "__main__":
    main()
