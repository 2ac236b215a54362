"""``python -m tests.kernels.laws laws float64``: asks what :mod:`~tests.kernels.laws.subjects` lists, of Triton's
kernels.

``python -m tests.kernels.laws mistakes`` makes those of :mod:`~tests.kernels.laws.triton_mistakes`.  With ``1 3``
behind, either takes the second of three parts.  Either prints what is wrong, in words, and ends with the number of
kernels that were launched.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice

from tests.kernels.laws.interpreter import DEVICE, launches
from tests.kernels.laws.mistakes import escapes
from tests.kernels.laws.subjects import asked
from tests.kernels.laws.triton_mistakes import TRITON
from unmask.properties import Run, examine


def broken(dtype: str, part: int = 0, parts: int = 1) -> Iterator[str]:
    """What to say of each law of a part that does not hold, or that was asked without a kernel."""
    run = Run(dtype, DEVICE, budget="quick", derandomize=True)
    for law, subject in islice(asked(dtype), part, None, parts):
        with launches() as counted:
            record = examine(law, subject, run)
        if record.status != "holds":
            yield f"{law.name} of {subject.name} in {dtype}: {record.status}\n{record.failure or record.reason}"
        elif not counted:
            yield f"{law.name} of {subject.name} in {dtype} holds, and no kernel was launched"


def unseen(part: int = 0, parts: int = 1) -> Iterator[str]:
    """What to say of each mistake of a part that is not seen, or that was made without a kernel."""
    for mistake in TRITON[part::parts]:
        with launches() as counted:
            said = escapes(mistake)
        if said or not counted:
            yield said or f"{mistake.name}: no kernel was launched"


def main(what: str, *of: str) -> None:
    """Print all of it."""
    with launches() as counted:
        for line in broken(of[0], *map(int, of[1:])) if what == "laws" else unseen(*map(int, of)):
            print(line, flush=True)
    print("launched", dict(sorted(counted.items())))


if __name__ == "__main__":
    main(*sys.argv[1:])
