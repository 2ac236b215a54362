"""What the laws' own public functions refuse: which argument, which value, and what is wanted."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

import unmask.properties as laws
from unmask.properties.replaying import load_methods

Case = tuple[Callable[[], object], type[Exception], str]

# Wrong on purpose: no type checker is to read the calls below.
process: Any = laws.Process
schedule: Any = laws.Schedule
space: Any = laws.processes
method: Any = laws.Method
run: Any = laws.Run
replay: Any = laws.replay
conformance: Any = laws.conformance
addressed: Any = load_methods

BAYES = "posterior_is_bayes_rule"
STEP = schedule("free", betas=("1/2",))
EVEN = schedule("mutual-information")
P = process("uniform", 2, "discrete", STEP, T=1)
CONTINUOUS = process("uniform", 2, "continuous", EVEN)
UNIFORM = space("uniform", clock="both")
MINE = method(name="mine", processes=UNIFORM, posterior=lambda p, x0, xt, s, t: None)


def of_process() -> list[Case]:
    one_step = partial(process, "absorbing", 2, "discrete", STEP)
    return [
        (partial(process, "gauss", 2, "discrete", STEP, T=1), ValueError, r"family must be one of .*got 'gauss'"),
        (partial(process, "uniform", 1, "discrete", STEP, T=1), ValueError, "K must be at least 2, got 1"),
        (partial(one_step, T=1), ValueError, "mask must be a class id for 'absorbing'"),
        (partial(process, "uniform", 2, "discrete", STEP, T=1, mask=1), ValueError, "mask must be None for 'uniform'"),
        (partial(one_step, mask=1), ValueError, "T must be given for the discrete clock"),
        (partial(process, "uniform", 2, "continuous", EVEN, T=3), ValueError, "T must be None for the continuous"),
        (partial(one_step, T=2, mask=1), ValueError, "a free schedule needs T = 2 betas, got 1"),
        (lambda: CONTINUOUS.betas, ValueError, "betas belong to the discrete clock"),
        (partial(process, "uniform", 2.5, "continuous", EVEN), TypeError, "K must be an int, got 2.5"),
        (partial(process, "uniform", "2", "continuous", EVEN), TypeError, "K must be an int, got '2'"),
        (partial(process, "uniform", 2, "discrete", EVEN, T=0), ValueError, "T must be at least 1, got 0"),
        (partial(process, "uniform", 2, "discrete", EVEN, T=2.5), TypeError, "T must be an int, got 2.5"),
        (partial(process, "absorbing", 2, "continuous", EVEN, mask=2), ValueError, "mask must be .*below K = 2, got 2"),
        (partial(process, "absorbing", 2, "continuous", EVEN, mask=-1), ValueError, "mask must be .*got -1"),
        (partial(process, "uniform", 2, "sometimes", EVEN), ValueError, "clock must be .*got 'sometimes'"),
        (partial(process, "uniform", 2, "continuous", "free"), TypeError, "schedule must be a Schedule, got 'free'"),
        (partial(process, "uniform", 2, "continuous", EVEN, share="1/2"), ValueError, "share belongs to .*got 1/2"),
        (partial(process, "mask-and-uniform", 3, "continuous", EVEN, mask=2), ValueError, "share .*got None"),
        (
            partial(process, "mask-and-uniform", 3, "continuous", EVEN, mask=2, share=2),
            ValueError,
            "share must be a probability, got 2",
        ),
        (
            partial(process, "uniform", 2, "continuous", EVEN, precision="float65"),
            ValueError,
            "precision must be .*got 'float65'",
        ),
    ]


def of_schedule() -> list[Case]:
    return [
        (lambda: EVEN["eps"], KeyError, r"schedule 'mutual-information' has parameters \[\], not 'eps'"),
        (lambda: STEP.alpha(0), ValueError, r"schedule 'free' has no alpha\(u\)"),
        (partial(schedule, "sunrise"), ValueError, "name must be one of .*got 'sunrise'"),
        (partial(schedule, "linear"), ValueError, "params of 'linear' lack first, last"),
        (partial(schedule, "free", betas=("3/2",)), ValueError, "betas must be probabilities, got 3/2"),
        (partial(schedule, "mine", function=3), TypeError, "function must be callable or None, got 3"),
    ]


def of_processes() -> list[Case]:
    return [
        (partial(space), ValueError, r"families must be chosen from .*got \(\)"),
        (partial(space, "uniform", "gauss"), ValueError, "families must be chosen from .*'gauss'"),
        (partial(space, "uniform", K=3), TypeError, "K must be a pair of ints .*got 3"),
        (partial(space, "uniform", K=(2.0, 3)), TypeError, r"K must be a pair of ints .*got \(2.0, 3\)"),
        (partial(run, budget="weekly"), ValueError, "budget must be one of .*got 'weekly'"),
        (partial(run, precision="float65"), ValueError, "precision must be .*got 'float65'"),
        (partial(method, name=3, processes=UNIFORM), TypeError, "name must be a string, got 3"),
        (partial(method, name="a", processes=UNIFORM, known=["x"]), TypeError, "known must map .*"),
        (partial(method, name="a", processes=UNIFORM, arrays="jax"), ValueError, "arrays must be .*got 'jax'"),
        (partial(method, name="a", processes=UNIFORM, dtypes="float32"), TypeError, "dtypes must be a tuple"),
        (partial(method, name="a", processes=UNIFORM, dtypes=("float65",)), ValueError, "dtypes must be .*float65"),
        (partial(space, "uniform", clock="sun"), ValueError, "clock must be one of .*got 'sun'"),
        (partial(space, "uniform", mask="middle"), ValueError, "mask must be .*got 'middle'"),
        (partial(space, "uniform", K=(1, 2)), ValueError, r"K must be a range .*got \(1, 2\)"),
        (partial(space, "uniform", K=(3, 2)), ValueError, r"K must be a range .*got \(3, 2\)"),
        (partial(space, "uniform", T=(0, 2)), ValueError, r"T must be a range .*got \(0, 2\)"),
        (partial(space, "uniform", T=(1, 99)), ValueError, r"T must be a range .*got \(1, 99\)"),
        (partial(space, "uniform", schedules=["x"]), ValueError, "schedules: no schedule named 'x'; there are"),
        (partial(space, "uniform", schedules=[]), ValueError, r"schedules \(\) leave nothing on the discrete clock"),
        (partial(space, "uniform", schedules=["geometric"]), ValueError, "schedules .*'geometric'.* leave nothing"),
    ]


def of_method() -> list[Case]:
    given = partial(method, name="mine", processes=UNIFORM)
    return [
        (partial(method, name="", processes=UNIFORM), ValueError, "name must not be empty"),
        (partial(method, name="mine", processes="uniform"), TypeError, r"processes must come from processes.*got str"),
        (partial(given, parameterization="x"), ValueError, "parameterization must be one of .*got 'x'"),
        (partial(given, time_steps="two"), ValueError, "time_steps must be 'any' or 'unit', got 'two'"),
        (partial(given, posterior=3), TypeError, "posterior must be a function or None, got int"),
        (partial(given, dtypes=()), ValueError, "dtypes must name at least one dtype"),
    ]


def of_conformance() -> list[Case]:
    unheard = method(name="mine", processes=UNIFORM, posterior=print, known={"nobody_wrote_it": "so"})
    return [
        (partial(conformance, "package.module:MINE"), TypeError, "method must be a Method, got str"),
        (partial(conformance, method(name="empty", processes=UNIFORM)), ValueError, "method 'empty' offers nothing"),
        (partial(conformance, unheard), ValueError, "known of mine: no law named nobody_wrote_it; the laws are"),
    ]


def of_replay() -> list[Case]:
    held = partial(replay, BAYES, MINE)
    good = partial(held, p=P, s=0)
    real = partial(held, p=CONTINUOUS, s="1/2")
    return [
        (partial(replay, "nobody_wrote_it", MINE, p=P), ValueError, "no law named 'nobody_wrote_it'; the laws are"),
        (partial(replay, BAYES, 3, p=P), TypeError, "method must be a Method or its address.*got int"),
        (partial(replay, BAYES, "tests.methods", p=P), ValueError, r"method 'tests.methods' is \d+ methods .*name one"),
        (partial(replay, BAYES, "no.such:M", p=P), ValueError, "method 'no.such:M': cannot import 'no.such'"),
        (partial(replay, "samples_follow_the_marginal", MINE, p=P), ValueError, "'mine': it does not offer sample"),
        (partial(held, p="uniform"), TypeError, "p must be a Process, got str"),
        (partial(good, t=1, q=3), ValueError, r"unknown inputs \['q'\]; a trial is described by"),
        (partial(good), ValueError, "t is missing: law .* speaks about times t"),
        (partial(good, t="later"), ValueError, "t must be an integer from 0 to 1, got 'later'"),
        (partial(good, t=2), ValueError, "t must be an integer from 0 to 1, got 2"),
        (partial(good, t=1.0), ValueError, r"t must be an integer from 0 to 1, got 1\.0"),
        (partial(held, p=P, s=1, t=0), ValueError, "s must not be after t, got s = 1 and t = 0"),
        (partial(real, t=1.5), ValueError, r"t must be .* from 0 to 1, got 1\.5"),
        (partial(real, t="1/0"), ValueError, "t must be .* from 0 to 1, got '1/0'"),
        (partial(real, t=float("nan")), ValueError, "t must be .* from 0 to 1, got nan"),
        (partial(real, t="1/4"), ValueError, "s must not be after t, got s = 1/2 and t = 1/4"),
        (partial(good, t=1, L=0), ValueError, "L must be an integer of at least 1, got 0"),
        (partial(good, t=1, seed=-1), ValueError, "seed must be an integer of at least 0, got -1"),
        (partial(good, t=1, style="baroque"), ValueError, "style must be one of .*got 'baroque'"),
        (partial(good, t=1, dtype="int64"), ValueError, "dtype must name a floating-point type of torch, got 'int64'"),
        (partial(good, t=1, dtype="float65"), ValueError, "dtype must name .*got 'float65'"),
        (partial(good, t=1, device="abacus"), ValueError, "device must name a device of torch, got 'abacus'"),
        (partial(addressed, None), TypeError, "method must be a Method or its address.*got NoneType"),
    ]


CASES = {
    "Process": of_process(),
    "Schedule": of_schedule(),
    "processes": of_processes(),
    "Method": of_method(),
    "conformance": of_conformance(),
    "replay": of_replay(),
}


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [case for cases in CASES.values() for case in cases],
    ids=[f"{target}: {says}" for target, cases in CASES.items() for _, _, says in cases],
)
def test_refuses(call: Callable[[], object], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        call()


def test_what_is_refused_is_not_tried() -> None:
    """No refusal comes after the method was called."""
    calls: list[int] = []
    counting = method(name="mine", processes=UNIFORM, posterior=lambda *arguments: calls.append(1))
    for bad in ({"t": 2}, {"t": 1, "L": 0}, {"t": 1, "dtype": "float65"}, {"t": 1, "device": "abacus"}):
        with pytest.raises(ValueError, match="must"):
            replay(BAYES, counting, p=P, s=0, **bad)
    assert calls == []
    with pytest.raises(AssertionError, match="BROKEN by mine"):
        replay(BAYES, counting, p=P, s=0, t=1)
    assert calls == [1]
