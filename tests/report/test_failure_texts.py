"""What a failure says is so: of the place that it tells, of the inputs that matter, of the capability that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from tests.mutants.registry import BASES
from unmask.properties import LAWBOOK, Law, Process, Schedule, Subject, close, converges, exact, law, mutated, sampled
from unmask.properties.claims.hints import hint
from unmask.properties.engine.failures.story import tell
from unmask.properties.engine.trial import Trial
from unmask.properties.subjects.inputs import Inputs

EPS = float(np.finfo(np.float64).eps)
P = Process("uniform", 3, "discrete", Schedule("free", betas=(Fraction(1, 16), Fraction(1, 4), Fraction(5, 8))), T=3)
CONTINUOUS = Process("absorbing", 3, "continuous", Schedule("log-linear", params=(("eps", Fraction(1, 1024)),)), mask=0)
RIGHT = BASES["d3pm_uniform"]


def stated(function: Callable[..., Any]) -> Law:
    """A law for this file alone: it is not left in the book."""
    law(chapter="Told", cites="nobody", mutants=("none",))(function)
    entry = LAWBOOK[function.__name__]
    LAWBOOK.remove(entry.name)
    return entry


def story(of: Law, subject: Subject = RIGHT, p: Any = P, **given: Any) -> list[str]:
    trial = Trial(of, subject, Inputs(p, **given))
    outcome = trial.run()
    assert not outcome.holds
    return tell(trial, outcome).splitlines()


def line(told: list[str], label: str) -> str:
    """What stands beside a label; empty where it is not told."""
    found = [text[14:] for text in told if text.startswith(f"    {label} ")]
    return found[0] if found else ""


def rows(told: list[str]) -> list[list[str]]:
    """The table of the story, cell by cell, without its head."""
    first = next((k for k, text in enumerate(told) if text.startswith("    nearby")), len(told))
    found = []
    for text in told[first + 1 :]:
        if not text.startswith("     "):
            break
        found.append([cell.strip() for cell in text.split("  ") if cell.strip()])
    return found


# --- the table ----------------------------------------------------------------------------------------------


@stated
def numbers_are_equal(p, seed):
    """The first entry that is wrong is not the one that is most wrong"""
    return exact([1, 2 + seed, 30 + seed], [1, 1, 1], names=("entry",))


def test_the_row_here_is_the_entry_that_is_told() -> None:
    told = story(numbers_are_equal)
    assert (line(told, "where"), line(told, "found")) == ("entry 1", "2")
    assert rows(told)[0] == ["here", "2", "1", "2", "+1"]
    assert rows(told)[1][:2] == ["seed = 1", "3"]


@stated
def draws_are_even(p, seed):
    """Cumulated counts are told as frequencies, and so is the row of them"""
    return sampled([[5300 + seed, 5300, 4700, 4700]], [[0.25] * 4], names=("all", "x_s"))


def test_the_row_here_counts_what_is_told() -> None:
    told = story(draws_are_even)
    n, total = (int(word) for word in line(told, "found").split()[:3:2])
    assert float(rows(told)[0][1]) == n / total


@stated
def steps_are_drawn(p, s, t, seed):
    """A law that looks at a step to 0 beside the one that was drawn; which alone is wrong"""
    texts = [f"x_t = 0, t = {t} to {s}", f"x_t = 0, t = {t} to 0"]
    names = (("x_t", texts), "x_s")
    return sampled([[500, 500], [1000 - p.K, p.K]], [[0.5, 0.5]] * 2, names=names, label="each position")


def test_another_time_than_the_drawn_one_is_told_apart() -> None:
    told = story(steps_are_drawn, s=1, t=2)
    assert line(told, "inputs") == "s = 1, t = 2; the law looks at other times as well, and fails at t = 2 to 0"
    table = rows(told)
    assert ["t = 2 to 1", "holds"] in table
    assert ["s = 2, t = 3", "holds"] in table, "of other steps, what it says of these alone"


def test_a_claim_about_another_time_is_told_with_the_inputs() -> None:
    @stated
    def holds_near_the_end(p, t):
        """It holds at the drawn time"""
        return [close(0, 0, ops=1, label=f"at t = {t}"), close(1.0, 0, ops=1, label="at t = 3")]

    assert line(story(holds_near_the_end, t=2), "inputs").endswith("and fails at t = 3")


def test_numbers_that_differ_are_told_with_the_digits_in_which_they_do() -> None:
    @stated
    def is_near(p, seed):
        """Six digits would show the same twice, and at each time the place is that time"""
        found = [0.0, 0.25 + 1e-7, 0.5 + seed]
        return close(found, [0.0, 0.25, 0.5 + seed], ops=1, names=(("t", [0, 1, 2]),))

    told = rows(story(is_near))
    assert told[0] == ["here", "0.2500001", "0.25", "1.0000004", "+1e-07"]
    assert [cells[0] for cells in told[1:]] == ["t = 0", "t = 2"]


def test_a_time_is_no_beginning_of_another() -> None:
    @stated
    def samples_are_drawn(p, seed):
        """t = 1/256 is another time than t = 1"""
        texts = ["x0 = 0, t = 1/256", "x0 = 0, t = 1"]
        return sampled([[700, 300], [1000, 0]], [[0.5, 0.5]] * 2, names=(("x0", texts), "x_t"))

    told = story(samples_are_drawn)
    assert line(told, "where") == "x0 = 0, t = 1, x_t = 0"
    assert [cells[:3] for cells in rows(told)] == [["here", "1", "0.5"], ["t = 1/256", "0.3", "0.5"]]


# --- inputs -------------------------------------------------------------------------------------------------


def test_no_input_is_told_that_the_law_does_not_look_at() -> None:
    """A law of one position draws a table for several, and uses one."""
    wrong = mutated(RIGHT, "wrong", loss=lambda right, p, *given: 1 + right.loss(p, *given))
    whole = Process("uniform", 3, "discrete", Schedule("free", betas=(Fraction(1, 4), Fraction(1))), T=2)
    assert line(story(LAWBOOK["the_bound_is_tight_at_the_truth"], wrong, whole, L=2), "inputs") == ""
    of_two = story(LAWBOOK["loss_is_its_term_of_the_nelbo"], wrong, t=2, L=2)
    assert line(of_two, "inputs") == "t = 2, L = 2"


def test_a_limit_tells_the_sizes_at_which_it_was_taken() -> None:
    @stated
    def shrinks(p, model):
        """An error of one size"""
        return converges([1.0] * 5, [8, 16, 32, 64, 128], rate=1, size_name="T", label="errors")

    told = story(shrinks)
    assert line(told, "inputs") == "the law takes T = 8, 16, 32, 64, 128 of its own"
    assert line(told, "where") == "T = 16 and 32"


# --- places and sentences -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "where"),
    [
        (("x0", "x_s"), "x0 = 0, x_s from 0 to 1"),
        (("row", "part of the clock"), "row 0, parts of the clock 0 to 1 together"),
        (("all", "category"), "categories 0 to 1 together"),
        (("all", ("x", np.array([[0, 0], [0, 1], [1, 0], [1, 1]]))), "x from (0, 0) to (0, 1)"),
        (("all", ("pair", ["first", "second", "third", "fourth"])), "first to second"),
    ],
)
def test_places_are_named_as_one_would(names: Any, where: str) -> None:
    @stated
    def counts(p):
        """Two cells of four are drawn too often, each by a little"""
        return sampled([[5300, 5300, 4700, 4700]], [[0.25] * 4], names=names)

    assert line(story(counts), "where") == where


def test_a_sentence_that_is_false_is_told_as_one() -> None:
    @stated
    def is_asked_in_order(p):
        """The network is asked in order"""
        return [exact([True, False], [True, True], names=("call",), label="asked where a step begins")] * 2

    told = story(is_asked_in_order)
    assert line(told, "claim") == "asked where a step begins"
    assert line(told, "found") == "this is not so here: False, where True is expected"
    assert [line(told, label) for label in ("expected", "gap", "allowed", "nearby")] == [""] * 4
    assert line(told, "also") == "asked where a step begins: not so here (call 1)"


def test_a_derivative_on_the_wrong_side_of_0_is_not_called_negative() -> None:
    @stated
    def vanishes(p):
        """A derivative"""
        return close(-0.5, 0, ops=1)

    assert line(story(vanishes), "found") == "-0.5"


# --- who is wrong -------------------------------------------------------------------------------------------


def test_of_several_capabilities_each_side_tells_whose_it_is() -> None:
    def wrong(right, p, output, xt, s, t):
        return right.denoise(p, output, xt, t)

    told = story(
        LAWBOOK["integrating_out_a_step_keeps_the_mean"], mutated(RIGHT, "denoiser", reverse=wrong), s=None, t=2, L=2
    )
    assert line(told, "found").endswith(" (from loss)")
    assert line(told, "expected").endswith(" (from posterior and reverse)")
    first, *others = line(told, "suspects").split("; ")
    assert first.startswith("reverse, of which reverse_")
    assert first.endswith(" is broken here")
    assert [text.split(",")[0] for text in others] == ["loss", "posterior"]
    assert all(text.endswith(" holds here") for text in others)


def test_of_one_capability_nobody_else_is_a_suspect() -> None:
    wrong = mutated(RIGHT, "wrong", posterior=lambda right, p, *given: right.posterior(p, *given) ** 1.5)
    told = story(LAWBOOK["posterior_is_bayes_rule"], wrong, s=1, t=2, L=2)
    assert not line(told, "suspects")
    assert "from" not in line(told, "found")


# --- hints --------------------------------------------------------------------------------------------------


def test_an_axis_of_size_one_is_no_axis_of_positions() -> None:
    """Summed over positions, both would fit."""
    right = BASES["mdlm"]
    kept = mutated(right, "kept", loss=lambda right, p, *given: right.loss(p, *given)[:, None])
    told = story(LAWBOOK["loss_is_its_term_of_the_nelbo"], kept, CONTINUOUS, t=Fraction(5, 8), L=2)
    assert line(told, "hint") == "loss has an axis of size 1 too many ([N, 1] for [N]): without it the law holds"

    def spread(right: Any, p: Any, output: Any, x0: Any, xt: Any, t: Any) -> Any:
        return right.loss(p, output, x0, xt, t)[:, None].expand(-1, x0.shape[1]) / x0.shape[1]

    told = story(
        LAWBOOK["loss_is_its_term_of_the_nelbo"], mutated(right, "s", loss=spread), CONTINUOUS, t=Fraction(5, 8), L=2
    )
    assert line(told, "hint") == "loss returns a number for each position: summed over positions the law holds"


RNG = np.random.default_rng(3)
LOGITS = RNG.normal(size=(40, 5))
LOGITS[::8, 0] = -200.0


def softmax(logits: Any) -> Any:
    weights = np.exp(logits - logits.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def test_float32_inside_is_told_from_a_clamp() -> None:
    right = softmax(LOGITS)
    single = softmax(LOGITS.astype(np.float32)).astype(float)
    assert "a number inside is float32" in hint(close(single, right, ops=60), EPS)
    for least in (-20, -30):
        clamped = hint(close(softmax(np.maximum(LOGITS, least)), right, ops=60), EPS)
        assert "a large logit" in clamped
        assert "is float32" not in clamped
    assert "next to nothing are found a little larger" in hint(close(np.maximum(right, 1e-10), right, ops=60), EPS)
    cut = softmax(np.where(LOGITS < -100, -25, LOGITS))
    assert "cut off" in hint(close(np.where(cut < 1e-9, 0, cut), cut, ops=60), EPS)
