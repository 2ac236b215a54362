"""The two clocks of diffusion: real times in ``[0, 1]``, or the integers ``0..T``."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from unmask.implementations.numbers import checks


class Clock:
    """Base of classes with a clock: ``T`` is the last of the integers ``0..T``, or ``None`` for ``[0, 1]``.

    ``validate`` says whether values of times are checked: always, never, or (``None``) on the CPU.
    """

    T: int | None = None
    validate: bool | None = None

    @property
    def end(self) -> float:
        """The last time."""
        return 1.0 if self.T is None else float(self.T)

    def check_time(self, name: str, t: Tensor, low: float = 0.0) -> None:
        """Raise unless ``t`` is a tensor of times in ``[low, end]``; ``low`` itself is allowed.

        ``TypeError`` for another dtype than floats, or integers on ``0..T``; ``ValueError`` for other times.
        """
        checks.tensor(name, t, checks.FLOATS if self.T is None else checks.IDS)
        if checks.reads(self.validate, t):
            checks.times_in_range(name, t, low, self.end)

    def check_pair(self, s: Tensor, t: Tensor) -> None:
        """Raise unless ``0 <= s < t <= end``, of one shape; as :meth:`check_time`."""
        self.check_time("s", s)
        self.check_time("t", t)
        checks.shape("s", s, list(t.shape))
        if checks.reads(self.validate, t):
            checks.earlier(s, t)


def shared(values: list[float]) -> Iterator[tuple[float, slice | list[int]]]:
    """Each different value, and which examples have it: what is laid out for a time is laid out once."""
    places: dict[float, list[int]] = {}
    for place, value in enumerate(values):
        places.setdefault(value, []).append(place)
    for value, some in places.items():
        yield value, together(some)


def together(places: list[int]) -> slice | list[int]:
    """Ascending places, as a slice where none between them is left out: a list would be copied to a device."""
    if not places:
        return slice(0, 0)
    first, last = places[0], places[-1]
    return slice(first, last + 1) if last - first + 1 == len(places) else places
