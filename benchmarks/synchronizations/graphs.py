"""How often a call breaks the graph under ``torch.compile``."""

from __future__ import annotations

import logging
import warnings

import torch
from torch import Tensor
from torch._dynamo.utils import counters

from benchmarks.synchronizations.call import Call


def breaks(call: Call) -> int:
    """Forward: 0 if the call is one graph."""
    given = call.given(lambda value: value.detach().clone().requires_grad_(value.requires_grad), torch.Generator())
    # Tables that are made in the first call are there.
    call.run(given)

    def run() -> object:
        found: Tensor = call.run(given)
        return found

    logging.getLogger("torch._dynamo").setLevel(logging.ERROR)
    torch.compiler.reset()
    counters.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.compile(run, backend="eager")()
    broken, whole = sum(counters["graph_break"].values()), counters["frames"]["ok"] > 0
    torch.compiler.reset()
    # What was not compiled at all, for a reason that is no break, is not one graph either.
    return broken if whole else max(1, broken)


__all__ = ["breaks"]
