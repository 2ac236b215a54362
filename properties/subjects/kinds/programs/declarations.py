"""What programs say of themselves: how they reduce, weigh and draw."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from unmask.properties.subjects.kind import Declaration
from unmask.properties.subjects.kinds.programs.counted import COUNTED
from unmask.properties.subjects.kinds.programs.otherwise import other_plans
from unmask.properties.subjects.kinds.programs.plan import checked_plan
from unmask.properties.subjects.spelling import did_you_mean

#: What the sum over positions is divided by.
REDUCTIONS = {
    "sum": "by nothing",
    "per row": "by the number of rows",
    "per token": "by the number of rows times positions",
    "per counted token": "by the number of positions that count, in the whole batch",
    "per row and counted token": "in each row by the number of its positions that count, and by the number of rows",
    "per masked token": "by the number of masked positions, in the whole batch",
    "rows": "by nothing, and each row has a number of its own",
}
WEIGHTINGS = {
    "nelbo": "that of the bound, 1/t where the schedule is linear (over the density of the times)",
    "plain": "one",
}
MASKS = {
    "by time": "each position by itself, with the probability of a time that is drawn for the row",
    "by count": "a number of positions, uniform on 1..n, and then which ones",
}
COPIES = {"after": "behind the noised row", "before": "before it"}
ESTIMATES = {
    "by time": "samples each draw a time, uniform on [0, 1] or of the density, and mask each position by itself",
    "by count": "samples each draw a number of positions, uniform on 1..n, and mask so many",
    "on a grid": "samples mask each position with the probabilities of a grid, as many with each",
    "exact": "every set of positions is masked, with its own weight",
}


def _one_of(name: str, valid: dict[str, str], *, or_function: str = "") -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if or_function and callable(value):
            return value
        if value not in valid:
            own = f", or a function {or_function}" if or_function else ""
            raise ValueError(
                f"{name} must be one of {', '.join(map(repr, valid))}{own}, got {value!r}{did_you_mean(value, valid)}"
            )
        return value

    return check


def _flag(name: str) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if not isinstance(value, bool):
            raise TypeError(f"{name} must be True or False, got {value!r}")
        return value

    return check


def _function(name: str, signature: str, *, or_flag: bool = False) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if callable(value) or (or_flag and isinstance(value, bool)):
            return value
        flag = "True, False or " if or_flag else ""
        raise TypeError(f"{name} must be {flag}a function {signature}, got {value!r}")

    return check


def _grid(value: Any) -> Any:
    if not isinstance(value, dict) or not value:
        raise TypeError(f"grid must map probabilities of the mask to shares of the integral, got {value!r}")
    numbers = [*value, *value.values()]
    if not all(isinstance(v, (int, float)) and 0 < v <= 1 for v in numbers) or abs(sum(value.values()) - 1) > 1e-6:
        raise ValueError(f"grid must map probabilities in (0, 1] to positive shares that sum to one, got {value!r}")
    return value


def _count(name: str) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"{name} must be an int, got {value!r}")
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
        return value

    return check


def _other(name: str, *values: Any) -> Callable[[Any], Iterator[tuple[str, Any]]]:
    """Each of the values but the one that is declared; nothing where none is."""

    def others(value: Any) -> Iterator[tuple[str, Any]]:
        for other in values if value is not None else ():
            if callable(value) or value != other:
                yield f"{name}={other!r}{'' if callable(value) else f' in place of {value!r}'}", other

    return others


DECLARATIONS = {
    "reduction": Declaration(
        "what its sum over positions is divided by",
        _one_of("reduction", REDUCTIONS, or_function="(counted, masked) -> divisors [N]"),
        others=_other("reduction", *REDUCTIONS),
    ),
    "weighting": Declaration(
        "how it weighs a row at time t",
        _one_of("weighting", WEIGHTINGS, or_function="of t"),
        others=_other("weighting", *WEIGHTINGS),
    ),
    "masks": Declaration(
        "how it draws masked positions", _one_of("masks", MASKS), default="by time", others=_other("masks", *MASKS)
    ),
    "density": Declaration(
        "the density of its times on [0, 1]; uniform where nothing is said",
        _function("density", "of t"),
    ),
    "one_time": Declaration(
        "whether one time is drawn for the whole batch",
        _flag("one_time"),
        default=False,
        others=_other("one_time", True, False),
    ),
    "sees_time": Declaration(
        "whether its network is shown the time; a function that makes it of what is shown, such as -log alpha",
        _function("sees_time", "shown -> t", or_flag=True),
        False,
    ),
    "time_block": Declaration(
        "how many positions, from the start of a row, share a time, and have a weight of their own (block diffusion; "
        "1: diffusion forcing); where nothing is said, all of a row",
        _count("time_block"),
    ),
    "clean_copy": Declaration(
        "where its network is shown the clean row as well, in one sequence of twice the length",
        _one_of("clean_copy", COPIES),
    ),
    "counted": Declaration("which positions may count", _one_of("counted", COUNTED), "anywhere"),
    "estimate": Declaration(
        "how it estimates the bound",
        _one_of("estimate", ESTIMATES),
        others=_other("estimate", *ESTIMATES),
    ),
    "grid": Declaration(
        "at which probabilities of the mask its grid lies, and the share of the integral that each has", _grid
    ),
    "samples": Declaration(
        "how many masked sequences its bound draws for each row; where nothing is said, as many as are shown",
        _count("samples"),
    ),
    "remasking_probability": Declaration(
        "with which probability it masks a visible token again, a function of s and t",
        _function("remasking_probability", "(s, t) -> probability"),
    ),
    "plan": Declaration("what its sampler reveals, where and when", checked_plan, others=other_plans),
}

__all__ = ["COPIES", "DECLARATIONS", "ESTIMATES", "MASKS", "REDUCTIONS", "WEIGHTINGS"]
