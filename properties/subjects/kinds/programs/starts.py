"""What samplers start from: sequences masked where they count, as many positions as their plan can reveal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from unmask.properties.subjects.inputs import Unanswerable
from unmask.properties.subjects.kinds.programs.counted import behind_a_prompt
from unmask.properties.subjects.kinds.programs.plan import Ancestral, Plan

Array: TypeAlias = Any

#: Most masks of a block that are tried where a plan says no number of steps, and most with one.
FEW, MOST = 7, 48
#: Masks of a longer sequence.
LONG = 20


@dataclass(frozen=True)
class Start:
    """What a sampler is given: sequences ``x [N, L]``, masked where they count, bool ``counted [N, L]``."""

    x: Array
    counted: Array

    def row(self, r: int) -> Start:
        """Row ``r`` as a batch of one."""
        return Start(self.x[r : r + 1], self.counted[r : r + 1])


def masks_of_a_block(plan: Plan | Ancestral | None, blocks: int, most: int = 0) -> list[int]:
    """The numbers of masks that the plan can reveal in one of its blocks, in rising order."""
    if not isinstance(plan, Plan):
        return list(range(1, (most or FEW) + 1))
    share = (plan.steps or 0) // blocks
    exact = isinstance(plan.counts, Sequence) and not isinstance(plan.counts, str)
    last = most or (sum(plan.counts) if exact else min(max(FEW, 2 * share + 1), MOST))  # type: ignore[arg-type]
    found = []
    for n in range(1, last + 1):
        try:
            plan.revealed(n, blocks)
        except ValueError:
            continue
        found.append(n)
    return found


def blocks_of(plan: Plan | Ancestral | None, most: int = 0) -> tuple[int, list[int]]:
    """How many blocks a sequence is given, and the numbers of masks that each may have.

    Raises
    ------
    Unanswerable : if the plan reveals no number of masks of at most ``most``.
    """
    if not isinstance(plan, Plan) or (plan.blocks == 1 and plan.block_length is None):
        blocks, sizes = 1, masks_of_a_block(plan, 1, most)
    elif plan.block_length is None:
        blocks, sizes = plan.blocks, masks_of_a_block(plan, plan.blocks, most and most // plan.blocks)
    else:
        length = plan.block_length
        several = [b for b in (2, 3, 1) if not most or b * length <= most]
        fits = [b for b in several if length in masks_of_a_block(plan, b, length)]
        blocks, sizes = (fits or [1])[0], [length] if fits else []
    if not sizes:
        up_to = f" and at most {most}" if most else ""
        raise Unanswerable(f"the plan fits no sequence of a few masks{up_to}")
    return blocks, sizes


def telling(plan: Plan | Ancestral | None, blocks: int, sizes: list[int]) -> list[int]:
    """Of these numbers of masks those that do not divide evenly, and leave no step without a reveal."""
    if not isinstance(plan, Plan) or plan.threshold is not None:
        return sizes[-3:]
    uneven = [n for n in sizes if len({*plan.revealed(n, blocks)} - {0}) > 1 and 0 not in plan.revealed(n, blocks)]
    return uneven or sizes[-3:]


def starts(plan: Plan | Ancestral | None, rng: Any, clean: Sequence[int], mask: int, N: int, where: str) -> Start:
    """``N`` rows with other numbers of masks, which stand ``where`` the subject declares that positions count."""
    # Now and then sequences that are longer than a few positions.
    blocks, sizes = blocks_of(plan, LONG if rng.random() < 1 / 4 else 0)
    pool = telling(plan, blocks, sizes)
    if blocks > 1 or (isinstance(plan, Plan) and plan.block_length is not None):
        region = blocks * int(rng.choice(pool))
        counted = np.ones((N, region), dtype=bool)
        if where == "anywhere":
            counted[N // 2 : N // 2 + 1] = N == 1
        counted = behind_a_prompt(counted, where, 2)
    elif where in ("everywhere", "after one prompt"):
        counted = behind_a_prompt(np.ones((N, int(rng.choice(pool))), dtype=bool), where, 2)
    else:
        longest = max(pool)
        L, counted = longest + 2, np.zeros((N, longest + 2), dtype=bool)
        for r in range(N):
            n = longest if r == 0 else int(rng.choice(sizes if r % 2 else pool))
            first = {"after prompts": L - n, "before padding": 0}.get(where, int(rng.integers(L - n + 1)))
            scattered = where == "anywhere" and r % 4 == 3
            places = rng.permutation(L)[:n] if scattered else np.arange(first, first + n)
            counted[r, places] = where != "anywhere" or r != 2
    return _filled(rng, clean, mask, counted)


def equal_starts(
    plan: Plan | Ancestral | None, rng: Any, clean: Sequence[int], mask: int, N: int, where: str, most: int
) -> Start:
    """``N`` equal rows of at most ``most`` masks, with a prompt before them where there may be one."""
    blocks, sizes = blocks_of(plan, most)
    pool = telling(plan, blocks, sizes)
    counted = behind_a_prompt(np.ones((1, blocks * pool[-1]), dtype=bool), where, 1)
    one = _filled(rng, clean, mask, counted)
    return Start(np.repeat(one.x, N, axis=0), np.repeat(one.counted, N, axis=0))


def _filled(rng: Any, clean: Sequence[int], mask: int, counted: Array) -> Start:
    x = rng.choice(np.array(clean), counted.shape)
    return Start(np.where(counted, mask, x), counted)


__all__ = ["Start", "blocks_of", "equal_starts", "masks_of_a_block", "starts", "telling"]
