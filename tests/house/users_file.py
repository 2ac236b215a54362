"""A stranger's test file, right and wrong, and how it is run."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

MINE = """\
import torch
from torch.nn.functional import one_hot
from unmask.properties import Method, conformance, processes

def alpha(p, t):
    return torch.tensor(p.alphas, dtype=p.dtype)[t][:, None, None]

def marginal(p, x0, t):
    return alpha(p, t) * one_hot(x0, p.K) + (1 - alpha(p, t)) / p.K

def posterior(p, x0, xt, s, t):
    step = alpha(p, t) / alpha(p, s)
    likelihood = step * one_hot(xt, p.K) + (1 - step) / p.K
    return likelihood * marginal(p, x0, s) / marginal(p, x0, t).gather(-1, xt[..., None])

SPACE = processes("uniform", schedules=["linear", "cosine"])
METHOD = Method(name="mine", processes=SPACE, marginal=marginal, posterior=posterior)
TestMine = conformance(METHOD)
"""
FLIPPED = MINE.replace("(1 - step)", "(1 + step)")

# An installed package brings its plugin along; a checkout on the path does not.
PLUGIN = [] if entry_points(group="pytest11", name="unmask") else ["-p", "unmask.cli.plugin"]


def python(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"CI": "true", "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
