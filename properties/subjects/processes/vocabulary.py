"""Vocabularies: the processes of subjects without noise, or whose noise has no parameters, and of networks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from hypothesis import strategies as st

from unmask.properties.subjects.processes.sizes import FIRST_K, sizes, stated_range


@dataclass(frozen=True)
class Vocabulary:
    """A number of classes, one of which may be a mask, and the precision in which a law computes.

    Everything that may be asked of ``p``:

    * ``K``: number of classes, the mask included where there is one.
    * ``mask``: id of the mask class; ``None`` where there is none.
    * ``clean``: ids of the classes that clean data may hold: all but the mask.
    * ``precision``, ``device``, ``dtype``: what to compute in and on; not part of the mathematics.
    * ``clock``, ``T``: always ``"discrete"`` and ``None``: times, where there are any, are integers, and the last one
      depends on the sequence.
    * ``numbers``: how the reference computes, ``"float64"`` or ``"exact"``; for laws.
    * ``description()``, ``noise_summary(times)``: words for a report.
    """

    K: int
    mask: int | None = None
    precision: str = "float64"
    device: str = "cpu"
    numbers: Literal["float64", "exact"] = "float64"

    clock: ClassVar[str] = "discrete"
    T: ClassVar[None] = None

    @property
    def dtype(self) -> torch.dtype:
        """Floating-point type of the subject."""
        dtype = getattr(torch, self.precision)
        assert isinstance(dtype, torch.dtype)
        return dtype

    @property
    def clean(self) -> tuple[int, ...]:
        """Classes that clean data may hold: all but the mask."""
        return tuple(k for k in range(self.K) if k != self.mask)

    def description(self) -> str:
        """One line for a report."""
        return f"{self.K} classes" + (f", mask = {self.mask}" if self.mask is not None else "")

    def noise_summary(self, times: Iterable[Any]) -> str:
        """Nothing: a vocabulary has no noise of its own."""
        del times
        return ""

    def __post_init__(self) -> None:
        given: dict[str, Any] = {"K": self.K, "mask": self.mask}
        for name, value in given.items():
            if (name == "K" or value is not None) and (not isinstance(value, int) or isinstance(value, bool)):
                raise TypeError(f"{name} must be an int, got {value!r}")
        if self.K < 2:
            raise ValueError(f"K must be at least 2, got {self.K}")
        if self.mask is not None and not 0 <= self.mask < self.K:
            raise ValueError(f"mask must be a class id below K = {self.K}, got {self.mask}")
        if not isinstance(getattr(torch, str(self.precision), None), torch.dtype):
            raise ValueError(f"precision must be the name of a torch dtype, got {self.precision!r}")

    def __repr__(self) -> str:
        return f"Vocabulary({self.K}{f', mask={self.mask}' if self.mask is not None else ''})"


@dataclass(frozen=True)
class Vocabularies:
    """A set of vocabularies; see :func:`autoregression` and :func:`embeddings`."""

    kind: str
    K: tuple[int, int]
    mask: Literal["none", "last", "first", "any"]

    clocks: ClassVar[tuple[str, ...]] = ()
    families: ClassVar[tuple[str, ...]] = ()
    schedules: ClassVar[None] = None

    def restricted(
        self,
        families: Iterable[str] | Callable[[Any], bool] | None = None,
        clock: str | None = None,
        schedules: Iterable[str] | None = None,
        most_T: int | None = None,
    ) -> Vocabularies | None:
        """All of it: a vocabulary has neither family nor clock nor schedule."""
        return self if families is None and clock is None and schedules is None else None

    def exclusion_reason(self, p: Vocabulary) -> str:
        """Always empty: laws use drawn vocabularies only."""
        del p
        return ""

    def strategy(self, steps: int = 1, reaches_prior: bool = False) -> st.SearchStrategy[Vocabulary]:
        """Vocabularies of this space."""
        del steps, reaches_prior
        return st.builds(self._one, sizes(*self.K, FIRST_K), st.integers(0, 15))

    def simplest(self) -> list[Vocabulary]:
        """The smallest."""
        return [self._one(self.K[0], 0)]

    def _one(self, K: int, place: int) -> Vocabulary:
        return Vocabulary(K, {"none": None, "last": K - 1, "first": 0, "any": place % K}[self.mask])


@dataclass(frozen=True, repr=False)
class Sequences(Vocabulary):
    """What a network is made for: a vocabulary, and sequences up to a length.

    Everything that may be asked of ``p`` is what may be asked of a :class:`Vocabulary`, and:

    * ``L``: the longest sequence that the network is shown, padding included;
    * ``clock``: always ``"continuous"``: the time that a network is shown, if it is, lies between 0 and 1.
    """

    L: int = 12

    clock: ClassVar[str] = "continuous"

    def description(self) -> str:
        """One line for a report."""
        return f"{super().description()}, up to {self.L} positions"

    def __post_init__(self) -> None:
        super().__post_init__()
        if type(self.L) is not int:
            raise TypeError(f"L must be an int, got {self.L!r}")
        if self.L < 1:
            raise ValueError(f"L must be at least 1, got {self.L}")

    def __repr__(self) -> str:
        return f"Sequences({self.K}{f', mask={self.mask}' if self.mask is not None else ''}, L={self.L})"


@dataclass(frozen=True)
class SequenceSpace(Vocabularies):
    """A set of vocabularies with lengths of sequences; see :func:`networks`."""

    L: tuple[int, int]

    def _one(self, K: int, place: int) -> Sequences:
        mask = super()._one(K, place).mask
        return Sequences(K, mask, L=self.L[1])


def networks(
    *,
    K: int | tuple[int, int] = (5, 9),
    mask: Literal["last", "first", "any", "none"] = "last",
    L: int | tuple[int, int] = (4, 12),
) -> SequenceSpace:
    """What a network is made for: vocabularies, and lengths of sequences.

    Parameters
    ----------
    K : smallest and largest number of classes, the mask included, or a single value.
    mask : which class id is the mask: the last, the first, any (drawn), or none.
    L : smallest and largest number of positions, padding included, or a single value.  A network is built for ``p.L``,
        the largest.

    Raises
    ------
    TypeError, ValueError : for a range that is none, or an unknown mask.
    """
    if mask not in ("last", "first", "any", "none"):
        raise ValueError(f"mask must be 'last', 'first', 'any' or 'none', got {mask!r}")
    return SequenceSpace("networks", stated_range("K", K, 2, None), mask, stated_range("L", L, 1, None))


def autoregression(
    *, K: int | tuple[int, int] = (2, 5), mask: Literal["last", "first", "any"] = "last"
) -> Vocabularies:
    """The vocabularies over which a subject reveals one token a step, from the left.

    Parameters
    ----------
    K : smallest and largest number of classes, the mask included, or a single value.
    mask : which class id is the mask: the last, the first, or any (drawn).

    Raises
    ------
    TypeError, ValueError : for a range that is none, or an unknown mask.
    """
    if mask not in ("last", "first", "any"):
        raise ValueError(f"mask must be 'last', 'first' or 'any', got {mask!r}")
    return Vocabularies("autoregression", stated_range("K", K, 2, None), mask)


def embeddings(*, K: int | tuple[int, int] = (2, 5)) -> Vocabularies:
    """The vocabularies for which a subject interpolates functions of token embeddings.

    ``K`` is the smallest and the largest number of classes, or a single value.

    Raises
    ------
    TypeError, ValueError : for a range that is none.
    """
    return Vocabularies("embeddings", stated_range("K", K, 2, None), "none")


__all__ = ["SequenceSpace", "Sequences", "Vocabularies", "Vocabulary", "autoregression", "embeddings", "networks"]
