"""Networks: a module that is given, and what it is shown.

* `vocabulary`: the ways in which a network may be asked, and the conventions;
* `declarations`: what it says of itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from unmask.properties.subjects.capability import Capability
from unmask.properties.subjects.inputs import Inputs, Unanswerable
from unmask.properties.subjects.kind import Kind, enter
from unmask.properties.subjects.kinds.networks.declarations import DECLARATIONS
from unmask.properties.subjects.kinds.networks.vocabulary import Networks
from unmask.properties.subjects.processes.vocabulary import Sequences

Array: TypeAlias = Any

#: Rows of a drawn batch.
ROWS = 6
#: Which share of the positions is masked.
MASKED = 0.4


@dataclass(frozen=True)
class Batch:
    """Sequences ``ids [N, L]``, which positions count ``[N, L]``, and a time for each row ``[N]``."""

    ids: Array
    counted: Array
    t: Array

    def rows(self, which: Any) -> Batch:
        """Some of its rows."""
        return Batch(self.ids[which], self.counted[which], self.t[which])

    def columns(self, which: slice) -> Batch:
        """Some of its positions."""
        return Batch(self.ids[:, which], self.counted[:, which], self.t)

    def filled(self, ids: Array) -> Batch:
        """With these ids at padding."""
        return replace(self, ids=np.where(self.counted, self.ids, ids))

    def wider(self, before: int, after: int, ids: Array) -> Batch:
        """With so much more padding before and after, of these ids, ``[N, before + L + after]``."""
        L = self.ids.shape[1]
        wide = np.array(ids)
        wide[:, before : before + L] = self.ids
        return Batch(wide, np.pad(self.counted, ((0, 0), (before, after))), self.t)

    def arguments(self, call: Any) -> list[Any]:
        """What a capability of :class:`Networks` takes of it."""
        values = {"ids": self.ids, "counted": self.counted, "t": self.t, "mask": self.counted}
        return [values[name] for name in call.capability.arguments]


def lengths(subject: Any) -> list[int]:
    """The lengths that it may be asked about: of its space, in whole blocks.

    Raises
    ------
    Unanswerable : if there are none.
    """
    least, most = subject.processes.L
    step = subject.block_length or 1
    found = [L for L in range(least, most + 1) if L % step == 0]
    if not found:
        raise Unanswerable(f"no length from {least} to {most} is a multiple of its block length {step}")
    return found


def a_length(seed: int, subject: Any, shorter: bool = False) -> int:
    """One of them, for seed 0 the longest; if ``shorter`` and there are several, not the longest."""
    every = lengths(subject)
    every = every[:-1] if shorter and len(every) > 1 else every
    return every[-1] if not seed else int(np.random.default_rng([seed, 89]).choice(every))


def padding_id(p: Sequences, subject: Any) -> int | None:
    """The id that stands at padding; ``None`` where any may."""
    stated: Any = subject.padding_id
    if callable(stated):
        return int(stated(p))  # pyright: ignore[reportArgumentType]
    return None if stated is None else int(stated)


def content(p: Sequences, subject: Any, rng: np.random.Generator, shape: tuple[int, int], masked: float) -> Array:
    """Ids of sequences, a share of them masked."""
    classes = [k for k in p.clean if k != padding_id(p, subject)]
    ids = rng.choice(np.array(classes), shape)
    return ids if p.mask is None else np.where(rng.random(shape) < masked, p.mask, ids)


def padding(p: Sequences, subject: Any, rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Ids that may stand at padding."""
    known = padding_id(p, subject)
    return rng.integers(0, p.K, shape) if known is None else np.full(shape, known)


def most_before(subject: Any, L: int) -> int:
    """How many positions before a sequence may be padding: whole blocks, up to a half of all."""
    step = subject.block_length or 1
    blocks = L // step
    return step * max(blocks // 2, 1) if blocks > 1 and subject.padding in ("left", "both") else 0


def counted(subject: Any, rng: np.random.Generator, N: int, L: int) -> Array:
    """Which positions count: all in the first row, in others all but padding, and some in each."""
    step = subject.block_length or 1
    most = most_before(subject, L)
    places = np.arange(L)
    found = np.ones((N, L), dtype=bool)
    for n in range(N):
        after_too = subject.padding == "right" or (subject.padding == "both" and n % 3 != 1)
        before_too = most > 0 and not (after_too and n % 3 == 2)
        before = step * int(rng.integers(1, most // step + 1)) if before_too and n % 4 else 0
        after = int(rng.integers(1, L - before)) if after_too and n % 4 and L - before > 1 else 0
        found[n] = (places >= before) & (places < L - after)
    return found


def batch(given: Inputs, subject: Any, N: int = ROWS, other: int = 0, L: int | None = None) -> Batch:
    """A batch of the drawn process, with padding where the subject says that there may be some."""
    p = given.p
    rng = np.random.default_rng([given.seed + other, 97])
    shape = (N, a_length(given.seed, subject) if L is None else L)
    which = counted(subject, rng, *shape)
    ids = np.where(which, content(p, subject, rng, shape, MASKED), padding(p, subject, rng, shape))
    return Batch(ids, which, rng.integers(1, 32, N) / 32)


def pieces(subject: Any, rng: np.random.Generator, L: int) -> list[int]:
    """Lengths of up to three pieces of a sequence, in whole blocks, the first longer than what is padding before it."""
    step = subject.block_length or 1
    first = most_before(subject, L) // step + 1
    places = rng.integers(first, L // step, 2) if first < L // step else ()
    cuts = sorted({0, L, *(step * int(k) for k in places)})
    return [int(n) for n in np.diff(cuts)]


def situation(
    given: Inputs, subject: Any, N: int, one_time: bool, other: int, ends: Capability | None = None
) -> dict[str, Any]:
    """A value for every argument that there is."""
    del ends
    p = given.p
    rng = np.random.default_rng([given.seed + other, 101])
    drawn = batch(given, subject, N, other)
    shape = drawn.ids.shape
    return {
        "ids": drawn.ids,
        "counted": drawn.counted,
        "mask": drawn.counted,
        "t": np.full(N, 0.5) if one_time else drawn.t,
        "clean": content(p, subject, rng, shape, 0.0),
        "noisy": content(p, subject, rng, shape, MASKED),
        "pieces": pieces(subject, np.random.default_rng([given.seed, 103]), shape[1]),
    }


NETWORKS = enter(
    Kind(
        name="networks",
        title="Networks",
        vocabulary=Networks,
        process=Sequences,
        situation=situation,
        exempt={
            "rows_do_not_see_each_other": "is asked that by other_rows_do_not_matter, which knows its roundings",
            "positions_may_be_permuted": "may know the order of positions; see order_matters_as_declared",
            "calls_do_not_remember_each_other": "is asked that by the_same_question_has_the_same_answer",
            "memory_layout_does_not_matter": "is asked that by the_same_question_has_the_same_answer",
            "an_empty_batch_gives_an_empty_answer": "is not asked about no rows, which many modules cannot be",
        },
        declares=DECLARATIONS,
        # What networks are trained in; in float64 the same laws see much smaller leaks.
        defaults={"dtypes": ("float32",)},
    )
)

__all__ = [
    "NETWORKS",
    "Batch",
    "Networks",
    "a_length",
    "batch",
    "content",
    "counted",
    "lengths",
    "most_before",
    "padding",
    "padding_id",
    "pieces",
    "situation",
]
