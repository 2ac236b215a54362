"""What the schedules refuse."""

from __future__ import annotations

import math
from typing import Any

import torch

from tests.bad_input.bad import Bad, kind, value
from tests.bad_input.implementations.given import at, fast, grid


def bad_schedules() -> list[Bad]:
    found = [
        value("LogLinear", r"eps .*\[0, 1\).*got 1\.0", lambda: fast.LogLinear(1.0)),
        value("LogLinear", r"eps .*got -0\.5", lambda: fast.LogLinear(-0.5)),
        value("LogLinear", r"eps .*got nan", lambda: fast.LogLinear(math.nan)),
        kind("LogLinear", r"eps .*number.*str 'small'", lambda: fast.LogLinear("small")),
        value("Polynomial", r"n .*\[1, inf\).*got 0\.5", lambda: fast.Polynomial(0.5)),
        value("Polynomial", r"n .*got inf", lambda: fast.Polynomial(math.inf)),
        value("Cosine", r"offset .*got -0\.008", lambda: fast.Cosine(-0.008)),
        value("LinearBeta", r"first .*got -1", lambda: fast.LinearBeta(-1, 2)),
        value("LinearBeta", r"last .*got inf", lambda: fast.LinearBeta(0, math.inf)),
        value("LinearBeta", r"last must be positive.*0", lambda: fast.LinearBeta(0, 0)),
        value("Geometric", r"sigma_min .*got 0", lambda: fast.Geometric(0, 1)),
        value("Geometric", r"sigma_max .*\(2, inf\).*got 1", lambda: fast.Geometric(2, 1)),
        kind("MutualInformation", r"positional argument", lambda: fast.MutualInformation(0.5)),
        value("Grid", r"betas .*at least one.*\[\]", lambda: fast.Grid([])),
        value("Grid", r"betas\[1\] .*\[0, 1\].*got 1\.5", lambda: fast.Grid([0.5, 1.5])),
        value("Grid", r"betas\[0\] .*got -0\.25", lambda: fast.Grid(torch.tensor([-0.25, 0.5]))),
        value("Grid", r"betas\[0\] .*got nan", lambda: fast.Grid([math.nan])),
        value("Grid", r"betas .*shape \[T\].*\[1, 2\]", lambda: fast.Grid(torch.zeros(1, 2))),
        kind("Grid", r"betas\[0\] .*number.*None", lambda: fast.Grid([None])),
        kind("Grid", r"betas .*dtype.*int64", lambda: fast.Grid(torch.tensor([0, 1]))),
        value("Grid.linear", r"T .*at least 1.*got 0", lambda: fast.Grid.linear(0.1, 0.5, 0)),
        value("Grid.linear", r"last .*got 1\.5", lambda: fast.Grid.linear(0.1, 1.5, 4)),
        value("Grid.linear", r"first .*got -1", lambda: fast.Grid.linear(-1, 0.5, 4)),
        kind("Grid.cosine", r"T .*int.*float 2\.5", lambda: fast.Grid.cosine(2.5)),
        value("Grid.cosine", r"offset .*got -1", lambda: fast.Grid.cosine(4, -1)),
        value("Grid.mutual_information", r"T .*got -3", lambda: fast.Grid.mutual_information(-3)),
        value("Grid.from_schedule", r"schedule .*continuous.*T = 5", lambda: fast.Grid.from_schedule(grid(), 3)),
        value("Grid.from_schedule", r"T .*got 0", lambda: fast.Grid.from_schedule(fast.Cosine(), 0)),
        kind("Grid.from_schedule", r"schedule .*Schedule.*'cosine'", lambda: fast.Grid.from_schedule("cosine", 3)),
    ]
    single = ("alpha", "one_minus_alpha", "total_noise", "rate", "slope")
    pair = ("keep", "hit", "drop")
    continuous: list[tuple[str, Any]] = [
        ("Schedule", fast.LogLinear()),
        ("Geometric", fast.Geometric()),
    ]
    for owner, schedule in continuous:
        for name in single:
            ask = getattr(schedule, name)
            found += [
                value(f"{owner}.{name}", r"t .*\[0, 1\].*got 1\.5", ask, at(0.5, 1.5)),
                value(f"{owner}.{name}", r"t .*got nan", ask, at(math.nan)),
                kind(f"{owner}.{name}", r"t .*dtype.*int64", ask, torch.tensor([1])),
                kind(f"{owner}.{name}", r"t .*Tensor.*float 0\.5", ask, 0.5),
            ]
    for name in pair:
        ask = getattr(fast.LogLinear(), name)
        found += [
            value(f"Schedule.{name}", r"s must be earlier.*0\.5.*0\.5", ask, at(0.5), at(0.5)),
            value(f"Schedule.{name}", r"s .*shape \[1\].*\[2\]", ask, at(0.1, 0.2), at(0.5)),
            value(f"Schedule.{name}", r"s .*got -0\.5", ask, at(-0.5), at(0.5)),
        ]
        ask = getattr(grid(), name)
        found.append(
            value(
                f"Grid.{name}",
                r"t .*\[0, 5\].*got 6",
                ask,
                torch.tensor([1]),
                torch.tensor([6]),
            )
        )
    for name in ("rate", "slope"):
        ask = getattr(grid(), name)
        found.append(value(f"Grid.{name}", r"t .*\[1, 5\].*got 0", ask, torch.tensor([0])))
    for name in ("alpha", "one_minus_alpha", "total_noise"):
        ask = getattr(grid(), name)
        found.append(value(f"Grid.{name}", r"t .*got -1", ask, torch.tensor([-1])))
    found += [
        kind(
            "Schedule.check_time",
            r"^when .*dtype.*int64",
            lambda: fast.LogLinear().check_time("when", torch.tensor([1])),
        ),
        value("Schedule.check_time", r"^when .*got 2", lambda: fast.LogLinear().check_time("when", at(2.0))),
        value("Schedule.check_pair", r"s .*earlier", lambda: fast.LogLinear().check_pair(at(0.5), at(0.25))),
        value(
            "Grid.check_time",
            r"^when .*\[2, 5\].*got 1",
            lambda: grid().check_time("when", torch.tensor([1]), 2),
        ),
    ]
    return found


