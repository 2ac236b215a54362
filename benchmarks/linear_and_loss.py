"""A network's last, linear layer and the loss, forward and backward: with all logits in memory, and without.

    python -m benchmarks.linear_and_loss [--rows 2048] [--width 768] [--classes 50257] [--rounds 3] [--threads 1]

Half of the positions are masked.  Everything runs in turns, and figures are multiples of what the layer and
`F.cross_entropy` of all positions take just before, of the processor's time; memory is the peak beside the arguments,
gradients counted.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from rich.console import Console
from rich.table import Table
from torch import Tensor

from benchmarks.operations.memory import peak
from unmask.implementations import MDLM, Interpolating, LinearOutput, LogLinear
from unmask.implementations.kernels.linear import TOGETHER

RESULTS = Path(__file__).parents[1] / "benchmarks" / "results" / "linear_and_loss.json"
#: Positions of a sequence.
L = 64
BASE = "layer, F.cross_entropy of all"


def ways(rows: int, width: int, classes: int) -> dict[str, Callable[[], Tensor]]:
    """Each way to one number, with gradients of the hidden states and the matrix."""
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(rows // L, L, width, generator=generator).requires_grad_()
    matrix = (torch.randn(classes, width, generator=generator) / width**0.5).requires_grad_()
    x0 = torch.randint(classes - 1, (rows // L, L), generator=generator)
    xt = torch.where(torch.arange(L) % 2 == 0, classes - 1, x0)
    t = torch.full((rows // L,), 0.5)
    method = MDLM(Interpolating.absorbing(LogLinear(), classes, classes - 1, validate=False))
    masked = (xt == classes - 1).flatten().nonzero().squeeze(-1)
    output = LinearOutput(hidden, matrix)

    def all_of_them() -> Tensor:
        return F.cross_entropy(F.linear(hidden, matrix).flatten(0, 1), x0.flatten(), reduction="sum")

    def chunked(rows_together: int | None) -> Tensor:
        chosen = hidden.flatten(0, 1)[masked]
        options = torch.nn.LinearCrossEntropyOptions(batch_chunk_size=rows_together)
        return F.linear_cross_entropy(chosen, matrix, x0.flatten()[masked], reduction="sum", options=options)

    def run(loss: Callable[[], Tensor]) -> Callable[[], Tensor]:
        def once() -> Tensor:
            total = loss()
            total.backward()  # type: ignore[no-untyped-call]
            # Gone before the next one begins, so that every peak has its own.
            hidden.grad = matrix.grad = None
            return total.detach()

        return once

    return {
        BASE: run(all_of_them),
        "layer, MDLM.loss": run(lambda: method.loss(F.linear(hidden, matrix), x0, xt, t, inplace=True).sum()),
        "MDLM.loss of the layer": run(lambda: method.loss(output, x0, xt, t).sum()),
        "MDLM.loss of the layer, one number": run(lambda: method.loss(output, x0, xt, t, reduction="sum")),
        "F.linear_cross_entropy of masked rows": run(lambda: chunked(None)),
        f"the same, {TOGETHER} rows together": run(lambda: chunked(TOGETHER)),
    }


def main() -> None:
    """Print the table, and keep it."""
    given = argparse.ArgumentParser(prog="python -m benchmarks.linear_and_loss", description=__doc__)
    given.add_argument("--rows", type=int, default=2048, help="positions of all sequences (default %(default)s)")
    given.add_argument("--width", type=int, default=768, help="of a hidden state (default %(default)s)")
    given.add_argument("--classes", type=int, default=50257, help="the mask counted (default %(default)s)")
    given.add_argument("--rounds", type=int, default=3)
    given.add_argument("--threads", type=int, default=1)
    options = given.parse_args()
    torch.set_num_threads(options.threads)
    found = ways(options.rows, options.width, options.classes)
    seconds: dict[str, list[float]] = {name: [] for name in found}
    for _ in range(options.rounds):
        for name, run in found.items():
            started = time.process_time()
            run()
            seconds[name].append(time.process_time() - started)
    table = Table("way", "times the first", "seconds", "peak, MiB")
    kept = {}
    for name, run in found.items():
        ratios = [mine / base for mine, base in zip(seconds[name], seconds[BASE], strict=True)]
        memory = peak(run, "cpu")
        kept[name] = {"ratios": ratios, "seconds": seconds[name], "peak in bytes": memory}
        said = "?" if memory is None else f"{memory / 2**20:.0f}"
        table.add_row(name, f"{statistics.median(ratios):.2f}", f"{statistics.median(seconds[name]):.2f}", said)
    Console().print(table)
    shape = {key: getattr(options, key) for key in ("rows", "width", "classes", "threads")}
    RESULTS.write_text(json.dumps({**shape, "torch": torch.__version__, "ways": kept}, indent=1) + "\n")


if __name__ == "__main__":
    main()
