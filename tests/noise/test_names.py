"""What a method claims: schedules and families by the names that people use, functions of one's own, many steps."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction as F
from functools import partial
from types import SimpleNamespace
from typing import Any

import mpmath
import pytest
import torch
from hypothesis import Phase, find, given, settings

from unmask.properties import LAWBOOK, Family, Process, Run, Schedule, Subject, examine, mutated, processes
from unmask.properties.engine.plan import Plan, plan
from unmask.properties.subjects.processes.drawn import schedule_of_shape
from unmask.properties.subjects.processes.families import FAMILIES, FEW_STEPS, REDRAWING
from unmask.properties.subjects.processes.names import CONTINUOUS_SCHEDULES, DISCRETE_SCHEDULES, suggestion
from unmask.reference.noise import corruption
from unmask.reference.noise.transition_matrices import uniform_prior, uniform_rate
from unmask.reference.numbers.arithmetic import MP, to_float

both: Any = partial(processes, clock="both")


def drawn(space: Any, examples: int = 60) -> list[Process]:
    found: list[Process] = []

    @settings(max_examples=examples, database=None, derandomize=True, phases=[Phase.generate])
    @given(space.strategy())
    def look(p: Process) -> None:
        found.append(p)

    look()
    return found


# ---------------------------------------------------------------------------------------------- names


def test_one_curve_has_two_names() -> None:
    linear, information = Schedule("linear"), Schedule("mutual-information")
    assert (linear, hash(linear)) == (information, hash(information))
    assert repr(information) == "Schedule('mutual-information')"
    assert linear.alpha(F(1, 4)) == information.alpha(F(1, 4)) == F(3, 4)
    p = Process("uniform", 3, "discrete", information, T=4)
    assert p == replace(p, schedule=linear)
    assert p.exact is replace(p, schedule=linear).exact, "one process, made once"
    assert list(p.alphas) == [1, 0.75, 0.5, 0.25, 0]
    assert "mutual-information schedule (alpha = 1 - t/T)" in p.description()
    assert "linear schedule (alpha = 1 - t)" in Process("uniform", 3, "continuous", linear).description()


def test_the_curve_is_called_what_its_clock_calls_it() -> None:
    def called(space: Any, clock: str) -> set[str]:
        return set(space._schedules("uniform", clock)) & {"linear", "mutual-information"}

    assert called(processes("uniform"), "discrete") == {"mutual-information"}
    assert called(processes("uniform", clock="continuous"), "continuous") == {"linear"}
    for clock in ("discrete", "continuous"):
        assert called(both("uniform").restricted(clock=clock), clock) == {"linear"}
    straight = drawn(both("uniform", schedules="linear"))
    assert {(p.clock, p.schedule.name) for p in straight} == {("discrete", "linear"), ("continuous", "linear")}
    assert all(p.alpha(p.end) == 0 and p.alpha(0) == 1 for p in straight)
    assert {p.alphas for p in straight if p.T == 4} <= {(1, 0.75, 0.5, 0.25, 0)}


@pytest.mark.parametrize("asked", ["linear", "mutual-information"])
def test_laws_find_the_curve_by_either_name(asked: str) -> None:
    for space, name in (
        (processes("uniform", schedules="mutual-information"), "mutual-information"),
        (processes("uniform", clock="continuous", schedules=["linear"]), "linear"),
        (processes("uniform"), "mutual-information"),
    ):
        part = space.restricted(schedules=[asked])
        assert part is not None
        assert part.schedules == (name,)
    assert processes("uniform", schedules="cosine").restricted(schedules=[asked]) is None
    space = processes("absorbing", schedules="mutual-information")
    mine = Subject(lambda p: SimpleNamespace(marginal=print), space, name="mine")
    assert isinstance(plan(LAWBOOK["information_is_lost_linearly"], mine), Plan)


def test_every_name_draws_what_it_says() -> None:
    for clock, names in (("discrete", DISCRETE_SCHEDULES), ("continuous", CONTINUOUS_SCHEDULES)):
        for name in names:
            space: Any = processes("uniform", clock=clock, schedules=name)  # type: ignore[arg-type]
            assert {p.schedule.name for p in drawn(space, 5)} == {name}
    with pytest.raises(ValueError, match="no schedule named 'loglinear'; did you mean 'log-linear'"):
        schedule_of_shape("loglinear", None, [], 0)


RIGHT = {
    "log-linear": "loglinear log_linear Log-Linear loglinear_noise log-liner",
    "linear-beta": "linear_beta linear_betas linear-rate ddpm",
    "polynomial": "poly quadratic polynomal",
    "geometric": "geometric_noise geometric-noise",
    "cosine": "cos cosin",
    "linear": "mutual_information jsd condot",
}
SENTENCES = {"cosine_squared": "not squared", "cosine-squared": "not squared", "maskgit": "mpmath.sin", "sqrt": "sqrt"}
KINDS = {
    "absorbing": "mask masked absorb absorbing_state absorbing-state absorbin",
    "discretized-gaussian": "gaussian discretized_gaussian discretised-gaussian",
    "nearest-neighbor": "knn nearest_neighbour nearest-neighbours",
    "mask-and-uniform": "bert hybrid mask_and_uniform",
    "uniform": "Uniform multinomial unifrom",
    "birth-death": "birth_death",
}


def test_other_words_lead_to_the_right_name() -> None:
    for right, words in RIGHT.items():
        for word in words.split():
            with pytest.raises(ValueError, match=rf"^schedules: no schedule named '{word}'; did you mean '{right}'\?$"):
                processes("uniform", clock="continuous", schedules=word)
    for word, says in SENTENCES.items():
        with pytest.raises(ValueError, match=rf"^schedules: no schedule named '{word}'; .*{says}"):
            both("uniform", schedules=[word])
    for right, words in KINDS.items():
        for word in words.split():
            with pytest.raises(ValueError, match=rf"^family: no family named '{word}'; did you mean '{right}'\?$"):
                processes(word)
    other = "; did you mean 'geometric'? It is of the other clock"
    assert suggestion("schedule", "Geometric", DISCRETE_SCHEDULES) == other
    assert suggestion("schedule", "jsd", DISCRETE_SCHEDULES) == "; did you mean 'mutual-information'?"


def test_the_sentences_can_be_followed() -> None:
    """What is proposed as a function is one that is accepted."""
    for word in SENTENCES:
        text = suggestion("schedule", word, CONTINUOUS_SCHEDULES)
        made = eval(text[text.index("Schedule(") :], {"Schedule": Schedule, "mpmath": mpmath})
        assert (made.alpha(F(0)), made.alpha(F(1))) == (1, 0)


# ---------------------------------------------------------------------------------------------- functions


@pytest.mark.parametrize(
    ("function", "half"),
    [
        (lambda u: 1 - u, F(1, 2)),
        (lambda u: 1 - u * 0.5, 0.75),
        (lambda u: (1 - u) ** 0.5, math.sqrt(0.5)),
        (lambda u: max(0.0, 1 - u - u), 0),
        (lambda u: 1.0 if u == 0 else 0.0 if u == 1 else 1 - u * u, F(3, 4)),
        (lambda u: 1, 1),
        (lambda u: mpmath.cos(mpmath.pi / 2 * u) ** 2, 0.5),
        (lambda u: MP.exp(-MP.convert(u)), math.exp(-0.5)),
    ],
)
def test_functions_that_do_not_round_are_accepted(function: Any, half: Any) -> None:
    schedule = Schedule("mine", function=function)
    assert float(schedule.alpha(F(1, 2))) == float(half)
    assert not isinstance(schedule.alpha(F(1, 2)), float)
    assert abs(schedule.alpha(F(1, 4)) - schedule.alpha(MP.mpf("0.25"))) < 1e-38


def test_what_ends_at_zero_ends_at_zero() -> None:
    squared = Schedule("cosine-squared", function=lambda u: mpmath.cos(mpmath.pi / 2 * u) ** 2)
    assert squared.alpha(F(1)) == squared.alpha(MP.mpf(1)) == squared.alpha(1) == 0
    p = Process("absorbing", 3, "continuous", squared, mask=2)
    assert p.ends_in_its_prior
    assert p.rate(1) == MP.inf
    assert abs(p.rate(F(1, 2)) - MP.pi) < 1e-30
    assert replace(p, clock="discrete", T=4).betas[-1] == 1


@pytest.mark.parametrize(
    "function",
    [
        lambda u: mpmath.cos(math.pi / 2 * u),
        lambda u: mpmath.cos(math.pi / 2 * u) ** 2,
        lambda u: 1 - mpmath.sin(math.pi / 2 * u),
        lambda u: 1 - mpmath.cos(math.pi / 2 * (1 - u)),
        lambda u: 1 - F(10**16 - 1, 10**16) * u,
    ],
    ids=["cosine", "squared", "sine", "backwards", "fraction"],
)
def test_a_function_that_ends_by_a_rounding_of_its_constants_ends(function: Any) -> None:
    mine = Schedule("mine", function=function)
    p = Process("absorbing", 3, "continuous", mine, mask=2)
    assert (p.alpha(0), p.alpha(1), p.starts_clean, p.ends_in_its_prior) == (1, 0, True, True)
    assert p.rate(1) == math.inf
    assert 0 <= p.rate(0) < 2
    assert Process("absorbing", 3, "discrete", mine, T=4, mask=2).alphas[-1] == 0


def test_a_function_that_ends_near_zero_does_not_end_at_zero() -> None:
    noise = Schedule("noise", function=lambda u: mpmath.exp(-(F(1, 1000) ** (1 - u)) * 100**u))
    p = Process("absorbing", 3, "continuous", noise, mask=2)
    assert 0.998 < p.alpha(0) < 1
    assert 3e-44 < p.alpha(1) < 4e-44
    assert abs(p.rate(1) - 100 * MP.log(10**5)) < 1e-9


@pytest.mark.parametrize(
    "function",
    [
        lambda u: math.cos(math.pi / 2 * u),
        lambda u: float(torch.cos(torch.tensor(math.pi / 2 * u, dtype=torch.float64))),
        lambda u: mpmath.mpf(math.cos(math.pi / 2 * u)),
        lambda u: F(math.exp(-5 * u)),
        lambda u: 1 - F(float(u)),
    ],
    ids=["math", "torch", "mpmath of math", "fraction of math", "fraction of a float"],
)
def test_a_function_of_floats_is_refused(function: Any) -> None:
    """Its derivative would be 0, without a word."""
    with pytest.raises(ValueError, match=r"function of schedule 'mine' must not round: .*mpmath in place of math"):
        Schedule("mine", function=function)


def test_fractions_may_be_met_by_reals() -> None:
    """``F - mpf`` is an error in mpmath, ``mpf - F`` is none."""
    mine = Schedule("mine", function=lambda u: F(9, 10) - F(8, 10) * u)
    assert mine.alpha(F(1, 2)) == F(1, 2)
    assert abs(Process("uniform", 3, "continuous", mine).rate(F(1, 2)) - F(8, 5)) < 1e-30


def test_a_function_may_stand_still() -> None:
    flat = Schedule("flat", function=lambda u: 1 if u <= F(1, 2) else 2 - 2 * u)
    p = Process("uniform", 3, "continuous", flat)
    assert (p.rate(F(1, 3)), p.alpha(F(3, 4))) == (0, F(1, 2))


def test_a_function_may_ask_for_K_and_T() -> None:
    def shrinking(u: Any, K: int, T: int | None) -> Any:
        return 1 - u * (1 - F(1, K * (T or 100)))

    mine = Schedule("mine", function=shrinking)
    p = Process("uniform", 3, "discrete", mine, T=4)
    assert (p.alpha(4), p.on_grid(8).alpha(8), replace(p, K=5).alpha(4)) == (F(1, 12), F(1, 24), F(1, 20))
    assert to_float(p.exact.marginal(4))[0, 0] == float(F(1, 12) + F(11, 12) / 3)
    assert p.schedule == mine
    assert Process("uniform", 3, "continuous", mine).alpha(F(1)) == F(1, 300)
    own = Schedule("own", function=lambda u, T=1000: 1 - u * F(T - 1, T))
    assert Process("uniform", 3, "continuous", own).alpha(F(1)) == F(1, 1000)
    assert Process("uniform", 3, "discrete", own, T=2).alpha(2) == F(1, 2)
    fixed = Schedule("fixed", function=partial(lambda u, T: 1 - u * F(1, T), T=7))
    assert Process("uniform", 3, "discrete", fixed, T=2).alpha(2) == F(6, 7)
    # The first is the time, whatever it is called.
    assert Schedule("late", function=lambda T: 1 - T).alpha(F(1, 4)) == F(3, 4)
    table = Schedule("table", function=lambda u, T: (1, F(1, 2), F(1, 3))[int(u * T)])
    assert Process("uniform", 3, "discrete", table, T=2).alphas == (1, 0.5, 1 / 3)
    assert {p.alpha(4) for p in drawn(processes("uniform", schedules=mine, K=3, T=4))} == {F(1, 12)}


# ---------------------------------------------------------------------------------------------- ranges


def test_one_number_is_a_range() -> None:
    space = processes("absorbing", K=3, T=1000)
    assert (space.K, space.T) == ((3, 3), (1000, 1000))
    assert {(p.K, p.T) for p in drawn(space)} == {(3, 1000)}
    assert all(p.K <= 3 for p in drawn(processes("uniform", "masked-nearest-neighbor", K=(2, 3))))


def test_of_many_steps_most_draws_take_few() -> None:
    space = processes("absorbing", "band", T=(2, 1000))
    lengths = [p.T or 0 for p in drawn(space)]
    assert find(space.strategy(), lambda p: p.T is not None and p.T > 8).T == 1000
    assert sum(T <= 8 for T in lengths) > len(lengths) / 2
    assert {p.schedule.name for p in drawn(processes("band", T=(17, 1000)))} == {"linear-beta"}
    assert all(len(p.schedule.betas) <= FEW_STEPS for p in drawn(processes("band", T=(1, 1000))))
    smallest = find(processes("absorbing", T=(1, 1000)).strategy(), lambda p: True)
    assert (smallest.T, smallest.K) == (3, 3)


def test_laws_that_enumerate_are_asked_of_few_steps() -> None:
    space = processes("uniform", T=(1, 1000))
    few, many = space.restricted(), space.restricted(most_T=None)
    assert few is not None
    assert (few.T, many) == ((1, 16), space)
    assert processes("uniform", T=1000).restricted() is None
    mixed = both("uniform", T=1000).restricted()
    assert mixed is not None
    assert mixed.clocks == ("continuous",)


ON_STEPS = [name for name, kind in FAMILIES.items() if "discrete" in kind.clocks and kind.schedules != ()]


@pytest.mark.parametrize("name", ON_STEPS)
def test_a_thousand_steps_are_built_and_asked(name: str) -> None:
    for p in drawn(processes(name, T=1000, K=3), 3):
        for t in (1, 500, 1000):
            assert p.truth.transition(t - 1, t).shape == (3, 3)
            assert abs(p.truth.marginal(t).sum(1) - 1).max() < 1e-14
        if name in REDRAWING:
            assert p.alphas == tuple(float(p.exact.alpha(t)) for t in range(1001))


def test_short_and_long_processes_are_the_same_mathematics() -> None:
    for name in REDRAWING:
        long = drawn(processes(name, T=FEW_STEPS + 1, schedules="linear-beta"), 1)[0]
        matrix = corruption.interpolating
        steps = tuple(matrix(1 - beta, long.exact.prior) for beta in long.exact_betas)
        product = corruption.DiscreteTime(steps, long.exact.prior)
        assert (product.marginal(long.T) == long.exact.marginal(long.T)).all()  # type: ignore[arg-type]


class Steps:
    """The schedule of as many steps as there are."""

    def __init__(self, p: Process) -> None:
        self.alphas = torch.tensor(p.alphas, dtype=p.dtype)

    def alpha(self, t: torch.Tensor) -> torch.Tensor:
        return self.alphas[t]


def test_a_method_of_a_thousand_steps_is_asked() -> None:
    mine = Subject(Steps, processes("absorbing", T=1000))
    law = LAWBOOK["alpha_is_the_schedule"]
    assert examine(law, mine, Run(budget="quick", derandomize=True)).status == "holds"
    wrong = mutated(mine, "late", alpha=lambda right, p, t: right.alpha(p, (t + 1).clamp(max=1000)))
    record = examine(law, wrong, Run(budget="quick", derandomize=True))
    assert record.status == "broken"
    assert "T=1000" in record.replay


# ---------------------------------------------------------------------------------------------- families


@pytest.mark.parametrize("clock", ["discrete", "continuous"])
def test_a_family_without_roundings_has_some(clock: Any) -> None:
    def build(p: Process) -> Any:
        flat = uniform_prior(p.K)
        if p.T is None:
            return corruption.RateTime(p.schedule.alpha, uniform_rate(p.K), flat)
        return corruption.DiscreteTime(tuple(corruption.uniform(b, p.K) for b in p.exact_betas), flat)

    mine = Family(f"mine-on-the-{clock}-clock", build=build)

    class Redrawing:
        def __init__(self, p: Process) -> None:
            self.p = p

        def marginal(self, x0: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
            p = self.p
            kept = torch.tensor([float(p.alpha(F(float(u)) if p.T is None else int(u))) for u in t], dtype=p.dtype)
            kept = kept[:, None, None]
            return kept * torch.nn.functional.one_hot(x0, p.K) + (1 - kept) / p.K

    try:
        method = Subject(Redrawing, processes(mine, clock=clock))
        for name in ("marginal_is_a_distribution", "marginal_starts_at_the_data"):
            assert examine(LAWBOOK[name], method, Run(budget="quick", derandomize=True)).status == "holds"
        assert all(p.depth > 8 for p in drawn(method.processes))
    finally:
        FAMILIES.pop(mine.name)


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda p: [[1, 0], [0, 1]], "build of family 'odd' must return a process of the reference, got"),
        (
            lambda p: corruption.ContinuousTime(lambda u: 1 - u, uniform_prior(2)),
            "'odd' must return .* got one of K = 2",
        ),
    ],
)
def test_a_family_that_builds_something_else_is_named(build: Any, says: str) -> None:
    odd = Family("odd", build=build)
    try:
        space = processes(odd, K=3, clock="continuous")
        p = find(space.strategy(), lambda p: True)
        with pytest.raises((TypeError, ValueError), match=says):
            p.exact  # noqa: B018
    finally:
        FAMILIES.pop(odd.name)


def test_parameters_of_every_step_may_be_many() -> None:
    p = drawn(processes("drifting-prior", T=1000), 1)[0]
    assert hash(p) == hash(replace(p))
    assert len(p["priors"]) == 1000
