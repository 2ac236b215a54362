"""A small masked model of real text, trained with our loss and with the paper's formula, step by step side by side.

    python -m benchmarks.training_step [--steps 30] [--bytes 2] [--threads 1]

The text is that of the licences that come with the operating system (of ours, where there are none).  Both models
start alike and see the same draws, so that their losses are the same up to rounding, as long as it does not grow.
Tokens are of one byte, or of two: then there are 65,537 classes, and the loss is most of a step.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from benchmarks.operations.memory import peak
from benchmarks.operations.plain_losses import masked_nelbo
from unmask.implementations import MDLM, Interpolating, LogLinear

ROOT = Path(__file__).parents[1]
LICENCES, OURS = Path("/usr/share/common-licenses"), ROOT / "LICENSE"
RESULTS = ROOT / "benchmarks" / "results" / "training_step.json"
#: Sequences, their positions, and numbers in a hidden state.
N, L, WIDTH = 8, 64, 96


def text() -> bytes:
    """All licences, one after the other."""
    files = sorted(LICENCES.iterdir()) if LICENCES.is_dir() else [OURS]
    return b"\n".join(file.read_bytes() for file in files if file.is_file() and not file.is_symlink())


def tokens(width: int) -> tuple[Tensor, int]:
    """The text as ids, and the number of classes besides the mask."""
    raw = text()
    kind = np.dtype(np.uint8 if width == 1 else "<u2")
    ids = np.frombuffer(raw[: len(raw) // width * width], dtype=kind).astype(np.int64)
    return torch.from_numpy(ids), 256**width


class Model(nn.Module):
    """A transformer of one layer, which sees the noisy tokens and no time: ids ``[N, L]`` to logits ``[N, L, K]``."""

    def __init__(self, K: int) -> None:
        super().__init__()
        self.token, self.place = nn.Embedding(K, WIDTH), nn.Parameter(0.02 * torch.randn(L, WIDTH))
        self.layer = nn.TransformerEncoderLayer(WIDTH, 4, 4 * WIDTH, dropout=0.0, batch_first=True, norm_first=True)
        self.out = nn.Linear(WIDTH, K)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        found: Tensor = self.out(self.layer(self.token(x) + self.place))
        return found


@dataclass
class Training:
    """A model in training: the loss per token and the seconds of each of its steps."""

    model: Model
    loss: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
    losses: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    #: Bytes by which a step raises the peak of memory, if the system tells.
    peak: int | None = None

    def __post_init__(self) -> None:
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1)

    def step(self, x0: Tensor, xt: Tensor, t: Tensor) -> None:
        """One step: forward, loss, backward, update."""
        started = time.perf_counter()
        self.optimizer.zero_grad()
        loss = self.loss(self.model(xt), x0, xt, t).sum() / x0.numel()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self.seconds.append(time.perf_counter() - started)
        self.losses.append(loss.item())


def train(steps: int, width: int) -> dict[str, Training]:
    """Both trainings, by the names of their losses."""
    data, clean = tokens(width)
    K, mask = clean + 1, clean
    process = Interpolating.absorbing(LogLinear(), K, mask, validate=False)
    method, schedule = MDLM(process), process.schedule

    def plain(logits: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        weight = schedule.slope(t) / schedule.one_minus_alpha(t)
        return masked_nelbo(logits, x0, xt, mask, weight.to(logits.dtype))

    def closed(logits: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        return method.loss(logits, x0, xt, t, inplace=True)

    torch.manual_seed(0)
    first = Model(K)
    second = Model(K)
    second.load_state_dict(first.state_dict())
    both = {"in closed sums, in place": Training(first, closed), "the paper's formula": Training(second, plain)}
    generator = torch.Generator().manual_seed(1)

    def batch() -> tuple[Tensor, Tensor, Tensor]:
        begin = torch.randint(len(data) - L, (N,), generator=generator)
        x0 = data[begin[:, None] + torch.arange(L)]
        # One uniform for all: their times cover the clock evenly.
        t = (torch.rand(1, generator=generator, dtype=torch.float64) + torch.arange(N) / N) % 1
        t = t.clamp(min=1e-3)
        return x0, process.sample(x0, t, generator), t

    for number in range(steps):
        given = batch()
        for training in list(both.values()) if number % 2 == 0 else list(both.values())[::-1]:
            training.step(*given)
    given = batch()
    for training in both.values():
        training.peak = peak(partial(training.step, *given), "cpu")
    return both


def main() -> None:
    """Print the table, and keep it."""
    given = argparse.ArgumentParser(prog="python -m benchmarks.training_step", description=__doc__)
    given.add_argument("--steps", type=int, default=30)
    given.add_argument("--bytes", type=int, default=2, choices=(1, 2), help="of a token")
    given.add_argument("--threads", type=int, default=1)
    options = given.parse_args()
    torch.set_num_threads(options.threads)
    both = train(options.steps, options.bytes)
    table = Table("loss", "first", "last", "tokens/s", "peak of a step, MiB")
    kept = {}
    for name, training in both.items():
        rate = N * L / statistics.median(training.seconds[2 : options.steps])
        table.add_row(
            name,
            f"{training.losses[0]:.4f}",
            f"{training.losses[options.steps - 1]:.4f}",
            f"{rate:.0f}",
            "?" if training.peak is None else f"{training.peak / 2**20:.0f}",
        )
        losses = training.losses[: options.steps]
        kept[name] = {"losses": losses, "tokens per second": rate, "peak in bytes": training.peak}
    Console().print(table)
    ours, plain = (np.array(training.losses[: options.steps]) for training in both.values())
    print(f"largest relative difference of the losses: {np.abs(ours / plain - 1).max():.1e}")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"bytes": options.bytes, "steps": options.steps, "trainings": kept}, indent=1) + "\n")


if __name__ == "__main__":
    main()
