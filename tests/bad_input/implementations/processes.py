"""What interpolating corruption refuses."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch

from tests.bad_input.bad import Bad, kind, value
from tests.bad_input.implementations.given import absorbing, at, bad_clean, bad_noisy, discrete, fast, ids, logits, rng


def bad_processes() -> list[Bad]:
    schedule = fast.LogLinear()
    p, d = absorbing(), discrete()
    found = [
        kind("Interpolating", r"schedule .*Schedule.*0\.5", lambda: fast.Interpolating(0.5, at(0.5, 0.5))),
        kind("Interpolating", r"prior .*Tensor.*list", lambda: fast.Interpolating(schedule, [0.5, 0.5])),
        kind("Interpolating", r"prior .*dtype.*int64", lambda: fast.Interpolating(schedule, torch.tensor([1, 0]))),
        value("Interpolating", r"prior .*at least 2.*got 1", lambda: fast.Interpolating(schedule, at(1.0))),
        value(
            "Interpolating",
            r"prior .*shape \[K\].*\[1, 2\]",
            lambda: fast.Interpolating(schedule, at(0.5, 0.5)[None]),
        ),
        value(
            "Interpolating",
            r"prior .*non-negative.*got -0\.5",
            lambda: fast.Interpolating(schedule, at(1.5, -0.5)),
        ),
        value("Interpolating", r"prior .*sum to 1.*1\.25", lambda: fast.Interpolating(schedule, at(0.5, 0.75))),
        value("Interpolating", r"prior .*got nan", lambda: fast.Interpolating(schedule, at(math.nan, 1.0))),
        value("Interpolating", r"mask .*0\.\.1.*got 2", lambda: fast.Interpolating(schedule, at(0.5, 0.5), 2)),
        kind(
            "Interpolating",
            r"dtype .*int64",
            lambda: fast.Interpolating(schedule, at(0.5, 0.5), dtype=torch.int64),
        ),
        value("Interpolating.uniform", r"K .*at least 2.*got 1", lambda: fast.Interpolating.uniform(schedule, 1)),
        value("Interpolating.absorbing", r"K .*got 0", lambda: fast.Interpolating.absorbing(schedule, 0, 0)),
        value(
            "Interpolating.absorbing",
            r"mask .*0\.\.3.*got 4",
            lambda: fast.Interpolating.absorbing(schedule, 4, 4),
        ),
        kind("Interpolating.absorbing", r"mask .*int.*None", lambda: fast.Interpolating.absorbing(schedule, 4, None)),
        value(
            "Interpolating.mask_and_uniform",
            r"share .*\[0, 1\].*got 1\.5",
            lambda: fast.Interpolating.mask_and_uniform(schedule, 4, 3, 1.5),
        ),
        value(
            "Interpolating.mask_and_uniform",
            r"mask .*got -1",
            lambda: fast.Interpolating.mask_and_uniform(schedule, 4, -1, 0.5),
        ),
        value("Interpolating.alpha", r"t .*got -1", lambda: p.alpha(at(-1.0))),
        value("Interpolating.rate", r"t .*got 0", lambda: d.rate(torch.tensor([0]))),
        value("Interpolating.transition", r"s must be earlier.*0\.5", lambda: p.transition(at(0.5), at(0.25))),
        value("Interpolating.transition", r"t .*got 9", lambda: d.transition(torch.tensor(1), torch.tensor(9))),
        value("Interpolating.noise", r"shape\[0\] .*got -1", lambda: p.noise((-1,), rng(), torch.device("cpu"))),
        kind("Interpolating.noise", r"shape .*tuple.*int 3", lambda: p.noise(3, rng(), torch.device("cpu"))),
        kind("Interpolating.noise", r"generator .*None", lambda: p.noise((3,), None, torch.device("cpu"))),
        kind("Interpolating.sample", r"generator .*None", lambda: p.sample(ids(0), at(0.5), None)),
        kind("Interpolating.check_output", r"output .*dtype.*int64", lambda: p.check_output(ids(0), ids(0))),
        value(
            "Interpolating.check_output",
            r"output .*got nan",
            lambda: p.check_output(logits(math.nan), ids(0, 1)),
        ),
    ]
    takes_clean: dict[str, Callable[..., object]] = {
        "Interpolating.marginal": lambda x0, t: p.marginal(x0, t),
        "Interpolating.sample": lambda x0, t: p.sample(x0, t, rng()),
        "Interpolating.prior_kl": lambda x0, t: p.prior_kl(x0),
        "Interpolating.posterior": lambda x0, t: p.posterior(x0, x0, t / 2, t),
        "Interpolating.posterior_weights": lambda x0, t: p.posterior_weights(x0, x0, t / 2, t),
        "Interpolating.check": lambda x0, t: p.check(x0=x0, t=t),
    }
    for name, ask in takes_clean.items():
        found += bad_clean(name, ask)
        if name != "Interpolating.prior_kl":
            found += [
                value(name, r"t .*\[0, 1\].*got 1\.5", ask, ids(0, 1), at(1.5)),
                value(name, r"t .*shape \[1\].*\[2\]", ask, ids(0, 1), at(0.5, 0.5)),
            ]
    for name in ("posterior", "posterior_weights"):
        ask = getattr(p, name)
        found += bad_noisy(f"Interpolating.{name}", partial(ask, ids(0, 1)), pairs=True)
    return found


