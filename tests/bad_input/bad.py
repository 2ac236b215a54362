"""Bad calls: to what, how, and what the error must be and say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any


@dataclass(frozen=True)
class Bad:
    """One bad call. ``target`` is the name by which the list of public functions knows what is called."""

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


@dataclass(frozen=True)
class Wrong:
    """A wrong argument, and what the error must be and say."""

    name: str
    value: Any
    error: type[Exception]
    says: str


@dataclass(frozen=True)
class Asked:
    """One function, arguments that it takes, and wrong ones to put in their place, one at a time."""

    target: str
    call: Callable[..., object]
    good: dict[str, Any]
    wrong: tuple[Wrong, ...]

    def __str__(self) -> str:
        return self.target

    def well(self) -> object:
        return self.call(**self.good)

    def badly(self) -> list[Bad]:
        asked = [(partial(self.call, **{**self.good, wrong.name: wrong.value}), wrong) for wrong in self.wrong]
        return [Bad(self.target, call, wrong.error, wrong.says) for call, wrong in asked]
