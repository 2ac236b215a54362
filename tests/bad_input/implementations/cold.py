"""What cold diffusion refuses."""

from __future__ import annotations

import math
from typing import Any

import torch

from tests.bad_input.bad import Asked, Bad
from tests.bad_input.implementations.given import K, absorbing, at, discrete, fast
from tests.bad_input.implementations.samplers import asked, kind, value

X = torch.zeros(1, 2, K)
PAIR = (
    kind("x", 3, "x must be a torch.Tensor, got int 3"),
    kind("x", torch.zeros(1, 2, K).long(), "x must have dtype .*int64"),
    kind("t", 0.5, r"t must be a torch.Tensor, got float 0\.5"),
    value("t", at(0.5, 0.5), r"t must have shape \[1\], got \[2\]"),
)


def call(make: Any, x: Any, t: Any) -> object:
    return make(x, t)


def bad_cold() -> list[Bad]:
    shift = fast.Shift(torch.ones(K), torch.square)
    blur = fast.Blur(absorbing())
    sampler = (
        kind("degradation", 3, r"degradation must be a function.*got int 3"),
        kind("restoration", None, r"restoration must be a function.*got NoneType"),
        value("restoration", lambda x, t: x[..., 0], r"restoration\(x, t\) must have shape \[1, 2, 4\], got \[1, 2\]"),
        kind("restoration", lambda x, t: 3, r"restoration\(x, t\) must be a torch.Tensor, got int 3"),
        kind("x", 3, "x must be a torch.Tensor, got int 3"),
        value("x", torch.zeros(()), r"x must have shape \[N, ...\], got \[\]"),
        value("x", X + math.nan, "x must be finite, got nan"),
        kind("times", 3, "times must be a sequence of numbers or a tensor, got int 3"),
        kind("times", "10", "times must be a sequence"),
        kind("times", ["late"], r"times\[0\] .*'late'"),
        kind("times", torch.tensor([True]), "times must have dtype .*bool"),
        value("times", torch.zeros(1, 1), r"times must have shape \[S\], got \[1, 1\]"),
        value("times", [], r"times must hold at least one time, got \[\]"),
        value("times", [0.5, 1.0], r"times must decrease, got 0\.5 and then 1\.0"),
        value("times", [math.nan, 0.0], r"times\[0\] .*got nan"),
    )
    start = {"degradation": shift, "restoration": lambda x, t: x, "x": X, "times": [1.0, 0.0]}
    return [
        *asked("Shift", kind("direction", 1.0, r"direction must be a torch.Tensor, got float 1\.0"),
               kind("amount", 2, "amount must be a function.*got int 2"), direction=torch.ones(K), amount=torch.square),
        *asked("Blur", kind("process", None, "process must be Interpolating or Chain, got NoneType"),
               process=absorbing()),
        *[Bad("Shift", bad.call, bad.error, bad.says) for bad in through(shift, *PAIR)],
        *[Bad("Blur", bad.call, bad.error, bad.says) for bad in through(
            blur, *PAIR,
            value("x", torch.zeros(1, 2, K + 1), r"x must have shape \[N, ..., 4\], got \[1, 2, 5\]"),
            value("x", torch.zeros(1), r"x must have shape \[N, ..., 4\], got \[1\]"),
            value("t", at(1.5), r"t must be a time in \[0, 1\], got 1\.5"),
            kind("t", torch.tensor([1]), "t must have dtype .*int64"),
        )],
        *[Bad("Blur", bad.call, bad.error, bad.says) for bad in through(
            fast.Blur(discrete()), kind("t", at(0.5), "t must have dtype .*float"), t=torch.tensor([1]),
        )],
        *asked("restore", *sampler, **start),
        *asked("restore_naively", *sampler, **start),
    ]  # fmt: skip


def through(made: Any, *wrong: Any, t: Any = None) -> list[Bad]:
    """Bad calls of what was made well."""
    good = {"make": made, "x": X, "t": at(0.5) if t is None else t}
    call(**good)
    return Asked("call", call, good, wrong).badly()
