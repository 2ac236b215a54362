"""What the methods refuse."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import torch

from tests.bad_input.bad import Bad, kind, value
from tests.bad_input.implementations.given import (
    MASK,
    K,
    absorbing,
    at,
    bad_clean,
    bad_noisy,
    discrete,
    fast,
    grid,
    ids,
    logits,
    rng,
)


def bad_methods() -> list[Bad]:
    p = absorbing()
    found = [
        kind("D3PM", r"process .*Interpolating.*None", lambda: fast.D3PM(None)),
        value("D3PM", r"parameterization .*joint-sum.*'velocity'", lambda: fast.D3PM(p, "velocity")),
        kind("MDLM", r"process .*Interpolating.*None", lambda: fast.MDLM(None)),
        value("MDLM", r"process .*absorbing.*K=4", lambda: fast.MDLM(fast.Interpolating.uniform(fast.LogLinear(), 4))),
        value("MDLM", r"process .*mask=None", lambda: fast.MDLM(fast.Interpolating(fast.LogLinear(), at(0.0, 1.0)))),
        kind("SEDD", r"process .*Interpolating.*'absorb'", lambda: fast.SEDD("absorb")),
        value("SEDD", r"process .*continuous.*T = 5", lambda: fast.SEDD(discrete())),
        kind("FlowMatching", r"process .*Interpolating.*None", lambda: fast.FlowMatching(None)),
        value("FlowMatching", r"process .*continuous.*T = 5", lambda: fast.FlowMatching(discrete())),
        value(
            "SEDD.reverse",
            r"t .*alpha_t > 0.*got 1",
            lambda: fast.SEDD(p).reverse(logits(), ids(0, 3), at(0.5), at(1.0)),
        ),
        value(
            "FlowMatching.step",
            r"corrector must be in.*got -1",
            lambda: fast.FlowMatching(p).step(
                logits(), ids(0, 1), at(0.25), at(0.5), torch.Generator(), corrector=-1.0
            ),
        ),
        value(
            "FlowMatching.loss",
            r"t .*alpha_t < 1.*got 0",
            lambda: fast.FlowMatching(p).loss(logits(), ids(0, 1), ids(0, 1), at(0.0)),
        ),
        value(
            "FlowMatching.reverse_rate",
            r"t .*alpha_t < 1.*got 0",
            lambda: fast.FlowMatching(p).reverse_rate(logits(), ids(0, 1), at(0.0)),
        ),
        value(
            "MDLM.subs",
            r"output .*finite logit.*outside the mask class 3.*\[0, 0\]",
            lambda: fast.MDLM(p).subs(torch.tensor([[[-math.inf] * 3 + [0.0]]]), ids(3)),
        ),
        value("MDLM.subs", r"output .*got nan", lambda: fast.MDLM(p).subs(logits(math.nan), ids(0, 3))),
        kind("MDLM.subs", r"xt .*dtype.*float32", lambda: fast.MDLM(p).subs(logits(), torch.zeros(1, 2))),
    ]
    for discrete_method in (fast.D3PM(discrete()), fast.MDLM(discrete()), fast.GenMD4(by_class(grid()))):
        owner = type(discrete_method).__name__
        found += [
            value(
                f"{owner}.loss",
                r"t .*\[1, 5\].*got 0",
                discrete_method.loss,
                logits(),
                ids(0, 1),
                ids(0, 1),
                torch.tensor([0]),
            ),
            value(
                f"{owner}.reverse_rate",
                r"process .*continuous.*T = 5",
                discrete_method.reverse_rate,
                logits(),
                ids(0, 1),
                torch.tensor([1]),
            ),
        ]
    d3pm = fast.D3PM(p)
    for weight in (-1.0, math.nan, math.inf):
        found.append(
            value(
                "D3PM.hybrid_loss",
                rf"weight .*got {weight}",
                d3pm.hybrid_loss,
                logits(),
                ids(0, 1),
                ids(0, 3),
                at(0.5),
                weight,
            )
        )
    for reducing in (d3pm, fast.MDLM(p), fast.FlowMatching(p)):
        given = logits(), ids(0, 1), ids(0, 3), at(0.5)
        found.append(
            value(
                f"{type(reducing).__name__}.loss",
                r"reduction must be one of \('none', 'sum', 'mean'\), got 'total'",
                lambda method=reducing, given=given: method.loss(*given, reduction="total"),
            )
        )
    for method in (d3pm, fast.MDLM(p), fast.SEDD(p), fast.FlowMatching(p), fast.GenMD4(by_class())):
        found += bad_arguments(method)
    found += bad_state_dependent()
    found += [
        kind(
            "rate_loss",
            r"process .*Interpolating",
            lambda: fast.rate_loss(None, logits(), ids(0, 1), ids(0, 3), at(0.5)),
        ),
        value(
            "rate_loss",
            r"process .*continuous.*T = 5",
            lambda: fast.rate_loss(discrete(), logits(), ids(0, 1), ids(0, 3), torch.tensor([1])),
        ),
        value(
            "rate_loss",
            r"log_score .*got nan",
            lambda: fast.rate_loss(p, logits(math.nan), ids(0, 1), ids(0, 3), at(0.5)),
        ),
        value(
            "rate_loss",
            r"log_score .*shape \[1, 2, 4\].*\[1, 3, 4\]",
            lambda: fast.rate_loss(p, logits(positions=3), ids(0, 1), ids(0, 3), at(0.5)),
        ),
        kind(
            "rate_loss",
            r"log_score .*dtype.*int64",
            lambda: fast.rate_loss(p, logits().long(), ids(0, 1), ids(0, 3), at(0.5)),
        ),
    ]
    found += bad_clean("rate_loss", lambda x0, t: fast.rate_loss(p, logits(), x0, ids(0, MASK), t))
    return found


def by_class(schedule: Any = None) -> Any:
    return fast.StateDependentMasking(schedule or fast.MutualInformation(), torch.arange(1.0, K + 1), MASK)


def bad_state_dependent() -> list[Bad]:
    """A schedule for each class."""
    p, line, powers, made = by_class(), fast.LogLinear(), torch.ones(K), fast.StateDependentMasking
    found = [
        kind("GenMD4", r"process .*StateDependentMasking.*Interpolating", lambda: fast.GenMD4(absorbing())),
        kind("StateDependentMasking", r"schedule .*Schedule.*None", lambda: made(None, powers, MASK)),
        kind("StateDependentMasking", r"powers .*dtype.*int64", lambda: made(line, powers.long(), MASK)),
        value("StateDependentMasking", r"powers .*\[K\].*\[1, 4\]", lambda: made(line, powers[None], MASK)),
        value("StateDependentMasking", r"powers .*at least 2 classes, got 1", lambda: made(line, powers[:1], 0)),
        value("StateDependentMasking", r"mask .*0\.\.3.*got 4", lambda: made(line, powers, K)),
        kind("StateDependentMasking", r"dtype .*int64", lambda: made(line, powers, MASK, dtype=torch.int64)),
        value("StateDependentMasking.visible", r"t .*\[0, 1\].*got 1\.5", lambda: p.visible(at(1.5))),
        value("StateDependentMasking.lifted", r"s must be earlier.*0\.5", lambda: p.lifted(at(0.5), at(0.5))),
        kind("StateDependentMasking.lifted", r"t .*dtype.*int64", lambda: p.lifted(at(0.5), torch.tensor([1]))),
        value("StateDependentMasking.pace", r"t .*\[0, 1\].*got -1", lambda: p.pace(at(-1.0))),
        value("StateDependentMasking.pace", r"continuous.*T = 5", lambda: by_class(grid()).pace(torch.tensor([1]))),
        value(
            "leave_one_out", r"losses .*2 draws, got 1", lambda: fast.leave_one_out(torch.ones(1, 3), torch.ones(1, 3))
        ),
        value(
            "leave_one_out",
            r"losses .*\[S, N\].*\[3\]",
            lambda: fast.leave_one_out(at(0.0, 1.0, 2.0), at(0.0, 1.0, 2.0)),
        ),
        value(
            "leave_one_out",
            r"log_probability .*\[2, 3\].*\[3, 2\]",
            lambda: fast.leave_one_out(torch.ones(2, 3), torch.ones(3, 2)),
        ),
        kind("leave_one_out", r"losses .*Tensor.*None", lambda: fast.leave_one_out(None, torch.ones(2, 3))),
    ]
    for bad in (0.0, -1.0, math.inf, math.nan):
        found.append(
            value(
                "StateDependentMasking",
                rf"powers .*positive and finite, got {bad}",
                lambda x=bad: made(line, x * powers, 3),
            )
        )
    log = "StateDependentMasking.log_marginal"
    found += bad_noisy(log, lambda xt, s, t: p.log_marginal(ids(0, 1), xt, t), pairs=False)
    return found + bad_clean(log, lambda x0, t: p.log_marginal(x0, ids(0, MASK), t))


def bad_arguments(method: Any) -> list[Bad]:
    """Every method that takes a network's output, with each argument bad in turn."""
    found: list[Bad] = []
    for name, function in inspect.getmembers(method, inspect.ismethod):
        takes = list(inspect.signature(function).parameters)
        if not name.startswith("_") and {"output", "t"} <= set(takes):
            found += bad_calls(f"{type(method).__name__}.{name}", function, takes, scores=isinstance(method, fast.SEDD))
    return found + bad_clean(f"{type(method).__name__}.prior_kl", lambda x0, t: method.prior_kl(x0))


def bad_calls(target: str, function: Callable[..., object], takes: list[str], scores: bool) -> list[Bad]:
    """One function that takes a network's output, with each argument bad in turn."""
    good: dict[str, Any] = {
        "output": logits(),
        "x0": ids(0, 1),
        "xt": ids(0, MASK),
        "s": at(0.25),
        "t": at(0.5),
        "generator": rng(),
        "weight": 1.0,
    }

    def ask(**bad: Any) -> object:
        return function(**{key: value for key, value in {**good, **bad}.items() if key in takes})

    # A step checks what it reads, the outputs of positions that may change: on the way to time 0, of all masks.
    all_change: dict[str, Any] = {"xt": ids(MASK, MASK), "s": at(0.0)}
    found = [
        value(target, r"output .*got nan", ask, output=logits(math.nan), **all_change),
        value(target, r"output .*finite or -inf.*got inf", ask, output=logits(math.inf), **all_change),
        value(target, r"output .*shape \[1, 2, 4\].*\[1, 3, 4\]", ask, output=logits(positions=3)),
        kind(target, r"output .*dtype.*int64", ask, output=logits().long()),
        kind(target, r"output .*Tensor.*None", ask, output=None),
    ]
    if not scores:
        nothing = torch.full((1, 2, K), -math.inf)
        found.append(value(target, r"output .*finite logit in every row.*\[0, 0\]", ask, output=nothing, **all_change))
    found += bad_noisy(target, lambda xt, s, t: ask(xt=xt, s=s, t=t), pairs="s" in takes)
    if "x0" in takes:
        found += bad_clean(target, lambda x0, t: ask(x0=x0, t=t))
    if "generator" in takes:
        found.append(kind(target, r"generator .*Generator.*int 7", ask, generator=7))
    return found
