"""Time everything, print the table, and keep figures, page and pictures."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch
from rich.console import Console

from benchmarks.operations.case import Shape
from benchmarks.operations.growth import growth
from benchmarks.operations.plots import draw
from benchmarks.operations.run import Results, compare
from benchmarks.operations.table import facts, page, terminal

RESULTS = Path(__file__).parents[1] / "results"
FIGURES = "operations.json"
DTYPES = {"float32": torch.float32, "float64": torch.float64, "bfloat16": torch.bfloat16, "float16": torch.float16}
#: Columns of a terminal that is none.
WIDE = 240


def options() -> argparse.Namespace:
    """Of the command line."""
    given = argparse.ArgumentParser(prog="python -m benchmarks.operations", description=__doc__)
    given.add_argument("--batch", type=int, default=4, help="sequences (default %(default)s)")
    given.add_argument("--length", type=int, default=64, help="positions of each (default %(default)s)")
    given.add_argument("--classes", type=int, default=50257, help="classes, the mask counted (default %(default)s)")
    given.add_argument("--steps", type=int, default=1000, help="of discrete time (default %(default)s)")
    given.add_argument("--masked", type=float, help="share of noised positions; by default spread over (0, 1)")
    given.add_argument("--dtype", choices=DTYPES, default="float32", help="of the logits (default %(default)s)")
    given.add_argument("--device", default="cpu", help="cpu or cuda (default %(default)s)")
    given.add_argument("--rounds", type=int, default=5, help="how often each is timed (default %(default)s)")
    given.add_argument("--threads", type=int, default=1, help="of PyTorch (default %(default)s)")
    given.add_argument("--only", default="", help="operations whose name contains this; their results are not kept")
    given.add_argument("--compile", action="store_true", help="and torch.compile of the plain losses; minutes")
    given.add_argument("--no-growth", action="store_true", help="one size only")
    given.add_argument("--again", action="store_true", help="time nothing: page and pictures anew from what is kept")
    given.add_argument("--out", type=Path, default=RESULTS, help="where results are kept (default %(default)s)")
    return given.parse_args()


def main() -> None:
    """One run."""
    chosen = options()
    if chosen.again:
        show(Results.read(chosen.out / FIGURES), chosen.out)
        return
    torch.set_num_threads(chosen.threads)
    dtype = DTYPES[chosen.dtype]
    shape = Shape(chosen.batch, chosen.length, chosen.classes, chosen.steps, chosen.masked, dtype, chosen.device)
    console, log = Console(width=None if sys.stdout.isatty() else WIDE), Console(stderr=True)
    with log.status("making tensors") as status:
        results = compare(shape, chosen.rounds, compiled=chosen.compile, only=chosen.only, say=status.update)
        if not chosen.no_growth:
            more = growth(max(1, chosen.rounds // 2 + 1), dtype, chosen.device, only=chosen.only, say=status.update)
            results.growth.extend(more)
    for line in facts(results):
        console.print(line, highlight=False)
    for part in terminal(results):
        console.print(part, markup=False)
    if not chosen.only:
        results.write(chosen.out / FIGURES)
        show(results, chosen.out)
        console.print(f"kept in {chosen.out}")


def show(results: Results, out: Path) -> None:
    """Write the page, and pictures of growth where there is any."""
    drawn = draw(results.growth, out, wall=bool(results.machine.get("gpu"))) if results.growth else []
    (out / "README.md").write_text(page(results, drawn))


if __name__ == "__main__":
    main()
