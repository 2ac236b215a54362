"""Wrong programs by the names of their mistakes."""

from __future__ import annotations

from collections.abc import Callable

from unmask.properties import Subject, programs


class Mistakes(dict[str, tuple[Subject, frozenset[str]]]):
    """Name of a mistake: what makes it, and the laws that speak of it."""

    def enter(self, name: str, *laws: str) -> Callable[[type], type]:
        """Enter a class as a mistake."""

        def entered(cls: type) -> type:
            assert cls.__doc__, "the docstring says what it imitates"
            assert name not in self, name
            self[name] = Subject(cls, programs("absorbing"), name=name), frozenset(laws)
            return cls

        return entered


__all__ = ["Mistakes"]
