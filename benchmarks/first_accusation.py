"""How long it takes until the first law says that something is wrong, over the catalogue of mistakes.

    python -m benchmarks.first_accusation [--every N] [--of methods|programs|networks]

Each mistake is held against the laws, in the order of ``examine_all``, until one is broken.  Seconds are the
processor's, after the import.
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch

from tests.mutants import MUTANTS
from tests.networks.wrong import MUTANTS as NETWORKS
from tests.programs.wrong import WRONG
from tests.programs.wrong.every import MISTAKES
from unmask.properties import Run, Subject, examine_all

RUN = Run(budget="ci", derandomize=True)
#: Mutants of built-in training objectives.
OBJECTIVE = "objective-"


def mistakes(of: str) -> dict[str, Subject]:
    """Wrong subjects by name."""
    mutants = {name: made(made.bases[0]) for name, made in MUTANTS.items() if not made.escapes}
    if of == "methods":
        return {name: made for name, made in mutants.items() if not name.startswith(OBJECTIVE)}
    if of == "networks":
        return {name: made.subject(name) for name, made in NETWORKS.items()}
    programs = {name: made for name, made in mutants.items() if name.startswith(OBJECTIVE)}
    programs |= {name: made.subject for name, made in WRONG.items()}
    return programs | {name: made for name, (made, _) in MISTAKES.items()}


def seconds_to_first(subject: Subject) -> tuple[float, str, int]:
    """Processor seconds, the law that is broken (empty if none is), and how many laws were asked."""
    started, asked = time.process_time(), 0
    for record in examine_all(subject, RUN, stop_at_first=True):
        asked += record.status != "absent"
        if record.status == "broken":
            return time.process_time() - started, record.law, asked
    return time.process_time() - started, "", asked


def main() -> None:
    """Print a line for each mistake, and the median."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="take each n-th mistake")
    parser.add_argument("--of", choices=("methods", "programs", "networks"), default="methods")
    given = parser.parse_args()
    torch.set_num_threads(1)
    found = []
    for name, subject in list(mistakes(given.of).items())[:: given.every]:
        seconds, law, asked = seconds_to_first(subject)
        print(f"{seconds:8.2f} s  {asked:3} laws  {name:50} {law or 'NOT SEEN'}", flush=True)
        found.append(seconds)
    quarters = statistics.quantiles(found, n=4)
    print(f"{len(found)} mistakes: median {quarters[1]:.2f} s, quartiles {quarters[0]:.2f} and {quarters[2]:.2f} s")


if __name__ == "__main__":
    main()
