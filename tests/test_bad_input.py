"""Every public function refuses what it cannot answer: which argument, which value, and what is wanted."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

import unmask.implementations as fast
from tests.test_bad_input_processes import CASES as PROCESSES
from unmask.implementations import (
    D3PM,
    MDLM,
    SEDD,
    Cosine,
    FlowMatching,
    Geometric,
    Grid,
    Interpolating,
    LinearBeta,
    LogLinear,
    MutualInformation,
    Polynomial,
    Schedule,
    categorical,
    rate_loss,
    score_entropy,
)

K, MASK, T = 4, 3, 5


def rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def grid() -> Grid:
    return Grid([0.25, 0.5, 0.125, 0.5, 1.0])


def absorbing(schedule: Schedule | None = None) -> Interpolating:
    return Interpolating.absorbing(schedule or MutualInformation(), K, MASK)


def discrete() -> Interpolating:
    return absorbing(grid())


def ids(*values: int) -> Tensor:
    return torch.tensor([values])


def at(*values: float) -> Tensor:
    return torch.tensor(values)


def logits(bad: float | None = None, positions: int = 2) -> Tensor:
    made = torch.zeros(1, positions, K)
    if bad is not None:
        made[0, 1, 2] = bad
    return made


@dataclass(frozen=True)
class Bad:
    """One bad call: to what, how, and what the error must be and name."""

    target: str
    call: Callable[[], object]
    error: type[Exception]
    says: str

    def __str__(self) -> str:
        return f"{self.target}: {self.says}"


def value(target: str, says: str, call: Callable[..., object], *arguments: Any, **named: Any) -> Bad:
    return Bad(target, partial(call, *arguments, **named), ValueError, says)


def kind(target: str, says: str, call: Callable[..., object], *arguments: Any, **named: Any) -> Bad:
    return Bad(target, partial(call, *arguments, **named), TypeError, says)


def bad_schedules() -> list[Bad]:
    found = [
        value("LogLinear", r"eps .*\[0, 1\).*got 1\.0", lambda: LogLinear(1.0)),
        value("LogLinear", r"eps .*got -0\.5", lambda: LogLinear(-0.5)),
        value("LogLinear", r"eps .*got nan", lambda: LogLinear(math.nan)),
        kind("LogLinear", r"eps .*number.*str 'small'", lambda: LogLinear("small")),  # type: ignore[arg-type]
        value("Polynomial", r"n .*\[1, inf\).*got 0\.5", lambda: Polynomial(0.5)),
        value("Polynomial", r"n .*got inf", lambda: Polynomial(math.inf)),
        value("Cosine", r"offset .*got -0\.008", lambda: Cosine(-0.008)),
        value("LinearBeta", r"first .*got -1", lambda: LinearBeta(-1, 2)),
        value("LinearBeta", r"last .*got inf", lambda: LinearBeta(0, math.inf)),
        value("LinearBeta", r"last must be positive.*0", lambda: LinearBeta(0, 0)),
        value("Geometric", r"sigma_min .*got 0", lambda: Geometric(0, 1)),
        value("Geometric", r"sigma_max .*\(2, inf\).*got 1", lambda: Geometric(2, 1)),
        kind("MutualInformation", r"positional argument", lambda: MutualInformation(0.5)),  # type: ignore[call-arg, arg-type]
        value("Grid", r"betas .*at least one.*\[\]", lambda: Grid([])),
        value("Grid", r"betas\[1\] .*\[0, 1\].*got 1\.5", lambda: Grid([0.5, 1.5])),
        value("Grid", r"betas\[0\] .*got -0\.25", lambda: Grid(torch.tensor([-0.25, 0.5]))),
        value("Grid", r"betas\[0\] .*got nan", lambda: Grid([math.nan])),
        value("Grid", r"betas .*shape \[T\].*\[1, 2\]", lambda: Grid(torch.zeros(1, 2))),
        kind("Grid", r"betas\[0\] .*number.*None", lambda: Grid([None])),  # type: ignore[list-item]
        kind("Grid", r"betas .*dtype.*int64", lambda: Grid(torch.tensor([0, 1]))),
        value("Grid.linear", r"T .*at least 1.*got 0", lambda: Grid.linear(0.1, 0.5, 0)),
        value("Grid.linear", r"last .*got 1\.5", lambda: Grid.linear(0.1, 1.5, 4)),
        value("Grid.linear", r"first .*got -1", lambda: Grid.linear(-1, 0.5, 4)),
        kind("Grid.cosine", r"T .*int.*float 2\.5", lambda: Grid.cosine(2.5)),  # type: ignore[arg-type]
        value("Grid.cosine", r"offset .*got -1", lambda: Grid.cosine(4, -1)),
        value("Grid.mutual_information", r"T .*got -3", lambda: Grid.mutual_information(-3)),
        value("Grid.from_schedule", r"schedule .*continuous.*T = 5", lambda: Grid.from_schedule(grid(), 3)),
        value("Grid.from_schedule", r"T .*got 0", lambda: Grid.from_schedule(Cosine(), 0)),
        kind("Grid.from_schedule", r"schedule .*Schedule.*'cosine'", lambda: Grid.from_schedule("cosine", 3)),  # type: ignore[arg-type]
    ]
    single = ("alpha", "one_minus_alpha", "total_noise", "rate", "slope")
    pair = ("keep", "hit", "drop")
    continuous: list[tuple[str, Schedule]] = [
        ("Schedule", LogLinear()),
        ("Geometric", Geometric()),
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
        ask = getattr(LogLinear(), name)
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
            lambda: LogLinear().check_time("when", torch.tensor([1])),
        ),
        value("Schedule.check_time", r"^when .*got 2", lambda: LogLinear().check_time("when", at(2.0))),
        value("Schedule.check_pair", r"s .*earlier", lambda: LogLinear().check_pair(at(0.5), at(0.25))),
        value(
            "Grid.check_time",
            r"^when .*\[2, 5\].*got 1",
            lambda: grid().check_time("when", torch.tensor([1]), 2),
        ),
    ]
    return found


def bad_processes() -> list[Bad]:
    schedule = LogLinear()
    p, d = absorbing(), discrete()
    found = [
        kind("Interpolating", r"schedule .*Schedule.*0\.5", lambda: Interpolating(0.5, at(0.5, 0.5))),  # type: ignore[arg-type]
        kind("Interpolating", r"prior .*Tensor.*list", lambda: Interpolating(schedule, [0.5, 0.5])),  # type: ignore[arg-type]
        kind("Interpolating", r"prior .*dtype.*int64", lambda: Interpolating(schedule, torch.tensor([1, 0]))),
        value("Interpolating", r"prior .*at least 2.*got 1", lambda: Interpolating(schedule, at(1.0))),
        value(
            "Interpolating",
            r"prior .*shape \[K\].*\[1, 2\]",
            lambda: Interpolating(schedule, at(0.5, 0.5)[None]),
        ),
        value(
            "Interpolating",
            r"prior .*non-negative.*got -0\.5",
            lambda: Interpolating(schedule, at(1.5, -0.5)),
        ),
        value("Interpolating", r"prior .*sum to 1.*1\.25", lambda: Interpolating(schedule, at(0.5, 0.75))),
        value("Interpolating", r"prior .*got nan", lambda: Interpolating(schedule, at(math.nan, 1.0))),
        value("Interpolating", r"mask .*0\.\.1.*got 2", lambda: Interpolating(schedule, at(0.5, 0.5), 2)),
        kind(
            "Interpolating",
            r"dtype .*int64",
            lambda: Interpolating(schedule, at(0.5, 0.5), dtype=torch.int64),
        ),
        value("Interpolating.uniform", r"K .*at least 2.*got 1", lambda: Interpolating.uniform(schedule, 1)),
        value("Interpolating.absorbing", r"K .*got 0", lambda: Interpolating.absorbing(schedule, 0, 0)),
        value(
            "Interpolating.absorbing",
            r"mask .*0\.\.3.*got 4",
            lambda: Interpolating.absorbing(schedule, 4, 4),
        ),
        kind("Interpolating.absorbing", r"mask .*int.*None", lambda: Interpolating.absorbing(schedule, 4, None)),  # type: ignore[arg-type]
        value(
            "Interpolating.mask_and_uniform",
            r"share .*\[0, 1\].*got 1\.5",
            lambda: Interpolating.mask_and_uniform(schedule, 4, 3, 1.5),
        ),
        value(
            "Interpolating.mask_and_uniform",
            r"mask .*got -1",
            lambda: Interpolating.mask_and_uniform(schedule, 4, -1, 0.5),
        ),
        value("Interpolating.alpha", r"t .*got -1", lambda: p.alpha(at(-1.0))),
        value("Interpolating.rate", r"t .*got 0", lambda: d.rate(torch.tensor([0]))),
        value("Interpolating.transition", r"s must be earlier.*0\.5", lambda: p.transition(at(0.5), at(0.25))),
        value("Interpolating.transition", r"t .*got 9", lambda: d.transition(torch.tensor(1), torch.tensor(9))),
        value("Interpolating.noise", r"shape\[0\] .*got -1", lambda: p.noise((-1,), rng(), torch.device("cpu"))),
        kind("Interpolating.noise", r"shape .*tuple.*int 3", lambda: p.noise(3, rng(), torch.device("cpu"))),  # type: ignore[arg-type]
        kind("Interpolating.noise", r"generator .*None", lambda: p.noise((3,), None, torch.device("cpu"))),  # type: ignore[arg-type]
        kind("Interpolating.sample", r"generator .*None", lambda: p.sample(ids(0), at(0.5), None)),  # type: ignore[arg-type]
        kind("Interpolating.check_output", r"output .*dtype.*int64", lambda: p.check_output(ids(0), ids(0))),
        value(
            "Interpolating.check_output",
            r"output .*got nan",
            lambda: p.check_output(logits(math.nan), ids(0, 1)),
        ),
    ]
    takes_clean: dict[str, Callable[..., object]] = {
        "Interpolating.marginal": lambda x0, t: p.marginal(x0, t),
        "Interpolating.log_marginal": lambda x0, t: p.log_marginal(x0, t),
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


def bad_clean(name: str, ask: Callable[..., object]) -> list[Bad]:
    """Bad clean data."""
    return [
        value(name, r"x0 .*clean.*mask id 3", lambda: ask(ids(0, MASK), at(0.5))),
        value(name, r"x0 .*0\.\.3.*got 4", lambda: ask(ids(0, K), at(0.5))),
        value(name, r"x0 .*got -1", lambda: ask(ids(-1, 0), at(0.5))),
        value(name, r"x0 .*shape \[N, L\].*\[2\]", lambda: ask(torch.tensor([0, 1]), at(0.5, 0.5))),
        kind(name, r"x0 .*dtype.*float32", lambda: ask(torch.zeros(1, 2), at(0.5))),
        kind(name, r"x0 .*Tensor.*list", lambda: ask([[0, 1]], at(0.5))),
    ]


def bad_noisy(name: str, ask: Callable[..., object], pairs: bool) -> list[Bad]:
    """Bad noisy data and times; ``ask(xt, s, t)``."""
    found = [
        value(name, r"xt .*0\.\.3.*got 4", lambda: ask(ids(0, K), at(0.25), at(0.5))),
        value(name, r"xt .*shape.*\[1, 1, 2\]", lambda: ask(ids(0, 1)[None], at(0.25), at(0.5))),
        kind(name, r"xt .*dtype.*bool", lambda: ask(ids(0, 1).bool(), at(0.25), at(0.5))),
        value(name, r"t .*\[0, 1\].*got 1\.5", lambda: ask(ids(0, MASK), at(0.25), at(1.5))),
        value(name, r"t .*shape \[1\].*\[2\]", lambda: ask(ids(0, MASK), at(0.25, 0.25), at(0.5, 0.5))),
        kind(name, r"t .*dtype.*int64", lambda: ask(ids(0, MASK), at(0.25), torch.tensor([1]))),
    ]
    if pairs:
        found += [
            value(name, r"s must be earlier.*0\.5.*0\.5", lambda: ask(ids(0, MASK), at(0.5), at(0.5))),
            value(name, r"s .*got -0\.25", lambda: ask(ids(0, MASK), at(-0.25), at(0.5))),
            value(name, r"s .*shape \[1\].*\[2\]", lambda: ask(ids(0, MASK), at(0.1, 0.2), at(0.5))),
        ]
    return found


def bad_methods() -> list[Bad]:
    p = absorbing()
    found = [
        kind("D3PM", r"process .*Interpolating.*None", lambda: D3PM(None)),  # type: ignore[arg-type]
        value("D3PM", r"parameterization .*joint-sum.*'velocity'", lambda: D3PM(p, "velocity")),  # type: ignore[arg-type]
        kind("MDLM", r"process .*Interpolating.*None", lambda: MDLM(None)),  # type: ignore[arg-type]
        value("MDLM", r"process .*absorbing.*K=4", lambda: MDLM(Interpolating.uniform(LogLinear(), 4))),
        value("MDLM", r"process .*mask=None", lambda: MDLM(Interpolating(LogLinear(), at(0.0, 1.0)))),
        kind("SEDD", r"process .*Interpolating.*'absorb'", lambda: SEDD("absorb")),  # type: ignore[arg-type]
        value("SEDD", r"process .*continuous.*T = 5", lambda: SEDD(discrete())),
        kind("FlowMatching", r"process .*Interpolating.*None", lambda: FlowMatching(None)),  # type: ignore[arg-type]
        value("FlowMatching", r"process .*continuous.*T = 5", lambda: FlowMatching(discrete())),
        value(
            "SEDD.reverse",
            r"t .*alpha_t > 0.*got 1",
            lambda: SEDD(p).reverse(logits(), ids(0, 3), at(0.5), at(1.0)),
        ),
        value(
            "FlowMatching.loss",
            r"t .*alpha_t < 1.*got 0",
            lambda: FlowMatching(p).loss(logits(), ids(0, 1), ids(0, 1), at(0.0)),
        ),
        value(
            "FlowMatching.reverse_rate",
            r"t .*alpha_t < 1.*got 0",
            lambda: FlowMatching(p).reverse_rate(logits(), ids(0, 1), at(0.0)),
        ),
        value(
            "MDLM.subs",
            r"output .*finite logit.*outside the mask class 3.*\[0, 0\]",
            lambda: MDLM(p).subs(torch.tensor([[[-math.inf] * 3 + [0.0]]]), ids(3)),
        ),
        value("MDLM.subs", r"output .*got nan", lambda: MDLM(p).subs(logits(math.nan), ids(0, 3))),
        kind("MDLM.subs", r"xt .*dtype.*float32", lambda: MDLM(p).subs(logits(), torch.zeros(1, 2))),
    ]
    for discrete_method in (D3PM(discrete()), MDLM(discrete())):
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
    d3pm = D3PM(p)
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
    for method in (d3pm, MDLM(p), SEDD(p), FlowMatching(p)):
        found += bad_arguments(method)
    found += [
        kind(
            "rate_loss",
            r"process .*Interpolating",
            lambda: rate_loss(None, logits(), ids(0, 1), ids(0, 3), at(0.5)),  # pyright: ignore[reportArgumentType]
        ),  # type: ignore[arg-type]
        value(
            "rate_loss",
            r"process .*continuous.*T = 5",
            lambda: rate_loss(discrete(), logits(), ids(0, 1), ids(0, 3), torch.tensor([1])),
        ),
        value(
            "rate_loss",
            r"log_score .*got nan",
            lambda: rate_loss(p, logits(math.nan), ids(0, 1), ids(0, 3), at(0.5)),
        ),
        value(
            "rate_loss",
            r"log_score .*shape \[1, 2, 4\].*\[1, 3, 4\]",
            lambda: rate_loss(p, logits(positions=3), ids(0, 1), ids(0, 3), at(0.5)),
        ),
        kind(
            "rate_loss",
            r"log_score .*dtype.*int64",
            lambda: rate_loss(p, logits().long(), ids(0, 1), ids(0, 3), at(0.5)),
        ),
    ]
    found += bad_clean("rate_loss", lambda x0, t: rate_loss(p, logits(), x0, ids(0, MASK), t))
    return found


def bad_arguments(method: Any) -> list[Bad]:
    """Every method that takes a network's output, with each argument bad in turn."""
    found: list[Bad] = []
    for name, function in inspect.getmembers(method, inspect.ismethod):
        takes = list(inspect.signature(function).parameters)
        if not name.startswith("_") and {"output", "t"} <= set(takes):
            found += bad_calls(f"{type(method).__name__}.{name}", function, takes, scores=isinstance(method, SEDD))
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
        return function(*({**good, **bad}[key] for key in takes))

    found = [
        value(target, r"output .*got nan", ask, output=logits(math.nan)),
        value(target, r"output .*finite or -inf.*got inf", ask, output=logits(math.inf)),
        value(target, r"output .*shape \[1, 2, 4\].*\[1, 3, 4\]", ask, output=logits(positions=3)),
        kind(target, r"output .*dtype.*int64", ask, output=logits().long()),
        kind(target, r"output .*Tensor.*None", ask, output=None),
    ]
    if not scores:
        nothing = torch.full((1, 2, K), -math.inf)
        found.append(value(target, r"output .*finite logit in every row.*\[0, 0\]", ask, output=nothing))
    found += bad_noisy(target, lambda xt, s, t: ask(xt=xt, s=s, t=t), pairs="s" in takes)
    if "x0" in takes:
        found += bad_clean(target, lambda x0, t: ask(x0=x0, t=t))
    if "generator" in takes:
        found.append(kind(target, r"generator .*Generator.*int 7", ask, generator=7))
    return found


def bad_draws() -> list[Bad]:
    return [
        kind("categorical", r"probabilities .*dtype.*int64", lambda: categorical(ids(1, 0), rng())),
        kind("categorical", r"probabilities .*Tensor.*list", lambda: categorical([0.5, 0.5], rng())),  # type: ignore[arg-type]
        kind("categorical", r"generator .*Generator.*None", lambda: categorical(at(0.5, 0.5), None)),  # type: ignore[arg-type]
        value(
            "categorical",
            r"probabilities .*non-negative.*got -0\.5",
            lambda: categorical(at(1.5, -0.5), rng()),
        ),
        value("categorical", r"probabilities .*got nan", lambda: categorical(at(math.nan, 1.0), rng())),
        value("categorical", r"probabilities .*got inf", lambda: categorical(at(math.inf, 1.0), rng())),
        value(
            "categorical",
            r"probabilities .*positive entry.*2 zeros",
            lambda: categorical(at(0.0, 0.0), rng()),
        ),
        value("categorical", r"probabilities .*shape.*\[\]", lambda: categorical(torch.tensor(1.0), rng())),
        value("categorical", r"probabilities .*shape.*\[3, 0\]", lambda: categorical(torch.zeros(3, 0), rng())),
        kind("score_entropy", r"log_score .*dtype.*int64", lambda: score_entropy(ids(0), at(1.0))),
        kind(
            "score_entropy",
            r"ratio .*dtype.*float32.*float64",
            lambda: score_entropy(at(0.0), at(1.0).double()),
        ),
        value("score_entropy", r"ratio .*shape \[1\].*\[2\]", lambda: score_entropy(at(0.0), at(1.0, 1.0))),
        value("score_entropy", r"ratio .*non-negative.*got -1", lambda: score_entropy(at(0.0), at(-1.0))),
        value("score_entropy", r"log_score .*got nan", lambda: score_entropy(at(math.nan), at(1.0))),
        value("score_entropy", r"log_score .*got inf", lambda: score_entropy(at(math.inf), at(1.0))),
    ]


TABLE = [*bad_schedules(), *bad_processes(), *bad_methods(), *bad_draws()]
TABLE += [Bad(*case) for case in PROCESSES]

#: Abstract, or a plain record: nothing to refuse.
WITHOUT_INPUT = {"PosteriorWeights"}


@pytest.mark.parametrize("case", TABLE, ids=str)
def test_bad_input_is_refused(case: Bad) -> None:
    with pytest.raises(case.error) as caught:
        case.call()
    assert type(caught.value) is case.error
    assert re.search(case.says, str(caught.value)), f"the message is: {caught.value}"


def public_callables() -> list[str]:
    """Everything exported, and every public method, named after the class that defines it."""
    found = []
    for name in fast.__all__:
        item = getattr(fast, name)
        if name in WITHOUT_INPUT:
            continue
        if not inspect.isclass(item):
            found.append(name)
            continue
        if not inspect.isabstract(item):
            found.append(name)
        found += [
            f"{name}.{key}" for key, member in vars(item).items() if not key.startswith("_") and is_function(member)
        ]
    return found


def is_function(member: object) -> bool:
    return inspect.isfunction(member) or isinstance(member, classmethod)


@pytest.mark.parametrize("name", public_callables())
def test_every_public_function_has_bad_input(name: str) -> None:
    assert any(case.target == name for case in TABLE), f"{name} is not in the table of bad inputs"


def test_without_validation_values_are_not_read() -> None:
    """``validate=False`` reads no values, so that nothing synchronizes; shapes and dtypes are still checked."""
    p = Interpolating.absorbing(LogLinear(validate=False), K, MASK, validate=False)
    assert p.marginal(ids(0, MASK), at(0.5)).shape == (1, 2, K)
    assert SEDD(p).loss(logits(math.nan), ids(0, 1), ids(0, MASK), at(0.5)).shape == (1,)
    with pytest.raises(ValueError, match="t must have shape"):
        p.marginal(ids(0, 1), at(0.5, 0.5))
    with pytest.raises(TypeError, match="x0 must have dtype"):
        p.marginal(torch.zeros(1, 2), at(0.5))
