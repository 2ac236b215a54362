"""What networks say of themselves: what they may see, and how they are told what counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unmask.properties.subjects.kind import Declaration
from unmask.properties.subjects.spelling import did_you_mean

#: Where padding may stand.
PADDINGS = {
    "right": "after the positions that count",
    "left": "before them",
    "both": "before or after them, or both",
    "none": "nowhere: every position counts",
}
#: In which forms a module is told what counts.
MASK_FORMS = {
    "bool": "true where a position counts",
    "int": "1 where it counts, 0 elsewhere",
    "additive": "0 where it counts, minus infinity elsewhere, added to the scores of attention",
}


def _padding(value: Any) -> Any:
    if value not in PADDINGS:
        valid = ", ".join(map(repr, PADDINGS))
        raise ValueError(f"padding must be one of {valid}, got {value!r}{did_you_mean(value, PADDINGS)}")
    return value


def _mask_forms(value: Any) -> Any:
    if isinstance(value, str) or not isinstance(value, (tuple, list)):
        raise TypeError(f"mask_forms must be a tuple of names, got {value!r}")
    strange = [form for form in value if form not in MASK_FORMS]
    if strange:
        valid = ", ".join(map(repr, MASK_FORMS))
        raise ValueError(f"mask_forms must be of {valid}, got {strange[0]!r}{did_you_mean(strange[0], MASK_FORMS)}")
    return tuple(value)


def _size(name: str) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if type(value) is not int:
            raise TypeError(f"{name} must be an int, got {value!r}")
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
        return value

    return check


def _padding_id(value: Any) -> Any:
    if callable(value) or (type(value) is int and value >= 0):
        return value
    raise TypeError(f"padding_id must be a class id, or a function p -> id, got {value!r}")


def _flag(name: str) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if not isinstance(value, bool):
            raise TypeError(f"{name} must be True or False, got {value!r}")
        return value

    return check


def _roundings(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"roundings must be a number, got {value!r}")
    if not 0 < value < float("inf"):
        raise ValueError(f"roundings must be positive and finite, got {value}")
    return float(value)


def _listed(valid: dict[str, str]) -> str:
    return "; ".join(f"{name!r}: {meaning}" for name, meaning in valid.items())


def _other(name: str, *values: Any) -> Callable[[Any], list[tuple[str, Any]]]:
    """Each of the values but the one that is declared."""
    return lambda value: [(f"{name}={v!r} in place of {value!r}", v) for v in values if v != value]


DECLARATIONS = {
    "padding": Declaration(
        f"padding=…, where padding may stand ({_listed(PADDINGS)})",
        _padding,
        default="right",
        others=_other("padding", *PADDINGS),
    ),
    "padding_id": Declaration(
        "padding_id=…, the id that stands at padding, or a function p -> id, where the network knows padding by it; "
        "where nothing is said, any id",
        _padding_id,
    ),
    "block_length": Declaration(
        "block_length=…, the length of the blocks of which an answer sees its own and those before it; 1 where it is "
        "causal",
        _size("block_length"),
        others=_other("block_length", 1, None),
    ),
    "mask_forms": Declaration(
        f"mask_forms=…, in which forms it is told what counts ({_listed(MASK_FORMS)})",
        _mask_forms,
        tuple(MASK_FORMS),
        others=lambda forms: _other("mask_forms", *((form,) for form in forms))(forms),
    ),
    "sees_time": Declaration(
        "sees_time=…, whether its answers depend on the time",
        _flag("sees_time"),
        default=True,
        others=_other("sees_time", True, False),
    ),
    "sees_every_position": Declaration(
        "sees_every_position=…, whether its answers depend on every position that counts",
        _flag("sees_every_position"),
        default=True,
        others=_other("sees_every_position", True, False),
    ),
    "equivariant": Declaration(
        "equivariant=…, whether it does not know the order of positions, so that permuting them permutes its answers",
        _flag("equivariant"),
        others=_other("equivariant", None),
    ),
    "roundings": Declaration(
        "roundings=…, how many roundings of the largest logit lie between two ways of asking the same; measured where "
        "nothing is said",
        _roundings,
    ),
}

__all__ = ["DECLARATIONS", "MASK_FORMS", "PADDINGS"]
