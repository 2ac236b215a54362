"""A stranger's test file, right and wrong, and how it is run."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

MINE = """\
import torch
from torch.nn.functional import cross_entropy, one_hot
from unmask.properties import conformance, processes

class Mine:
    def __init__(self, p):
        self.mask, self.K, self.dtype = p.mask, p.K, p.dtype

    def posterior(self, x0, xt, s, t):
        reveal = ((t - s) / t)[:, None, None] * (xt == self.mask)[..., None].to(self.dtype)
        return reveal * one_hot(x0, self.K) + (1 - reveal) * one_hot(xt, self.K)

    def loss(self, output, x0, xt, t):
        logits = output.index_fill(-1, torch.tensor(self.mask), -torch.inf)
        return (cross_entropy(logits.mT, x0, reduction="none") * (xt == self.mask)).sum(-1) / t

LINEAR = processes("absorbing", clock="continuous", schedules="linear")
TestMine = conformance(Mine, LINEAR, output="subs")
"""
FLIPPED = MINE.replace("(1 - reveal)", "(1 + reveal)")

# An installed package brings its plugin along; a checkout on the path does not.
PLUGIN = [] if entry_points(group="pytest11", name="unmask") else ["-p", "unmask.cli.plugin"]


def python(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"CI": "true", "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
