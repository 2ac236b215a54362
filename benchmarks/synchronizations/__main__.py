"""Count, print and keep: see the package."""

from __future__ import annotations

import argparse

import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table

import benchmarks.synchronizations
from benchmarks.synchronizations.call import Call, measure
from benchmarks.synchronizations.every import CHAPTERS
from benchmarks.synchronizations.graphs import breaks
from benchmarks.synchronizations.page import Figure, keep, kept, rows


def figure(call: Call, graphs: str, before: Figure | None) -> Figure:
    """Count one call; breaks of its graph are those found ``before`` where they are not asked for."""
    found = measure(call)
    plain = measure(call, triton=False).waits if call.wrt else found.waits
    known = before.breaks if before is not None else None
    asked = graphs == "all" or (graphs == "new" and known is None)
    return Figure(
        call.name,
        call.of,
        found.waits,
        plain,
        found.copies,
        found.forward,
        found.backward,
        found.host,
        breaks(call) if asked else known,
        call.reason,
    )


def main() -> None:
    """Of all calls, or of some."""
    given = argparse.ArgumentParser(
        prog="python -m benchmarks.synchronizations",
        description=benchmarks.synchronizations.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    given.add_argument("--only", default="", help="calls with this in their title; others are kept as they were")
    asked = "breaks of which graphs are counted anew, 1 to 3 s each: others are as they were found before"
    given.add_argument("--graphs", default="new", choices=("all", "new", "none"), help=asked)
    options = given.parse_args()
    torch.set_num_threads(1)
    known = kept()
    every = [call for chapter in CHAPTERS for call in chapter()]
    calls = [call for call in every if options.only in call.title]
    figures: list[Figure] = []
    try:
        for call in track(calls, "counting"):
            figures.append(figure(call, options.graphs, known.get(call.title)))
            known[call.title] = figures[-1]
    finally:  # All calls take half an hour: what has been counted is kept, and the next run goes on there.
        keep(known[call.title] for call in every if call.title in known)
    table = Table("call", "of", "synchronizations", "copies", "operations", "breaks", "waits for")
    for row in rows(figures):
        table.add_row(*row)
    Console().print(table)


if __name__ == "__main__":
    main()
