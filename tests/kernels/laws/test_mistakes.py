"""A mistake in one line of a kernel is caught by each law that it names."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tests.kernels.laws.__main__ import unseen
from tests.kernels.laws.interpreter import INSTALLED, UNAVAILABLE, interprets
from tests.kernels.laws.mistakes import Mistake, escapes, made
from tests.kernels.laws.plain_mistakes import PLAIN
from tests.kernels.laws.subjects import few_rows_at_a_time
from tests.kernels.laws.test_laws import in_the_interpreter
from tests.kernels.laws.triton_mistakes import TRITON
from tests.thinned import thinned
from unmask.implementations.kernels import softmax_sums
from unmask.properties import LAWBOOK

#: Into how many processes mistakes are divided, each of which one test waits for.
PARTS = 6


@pytest.mark.parametrize("mistake", PLAIN, ids=lambda mistake: mistake.name)
def test_laws_catch_mistakes_of_plain_kernels(mistake: Mistake) -> None:
    with few_rows_at_a_time():
        assert escapes(mistake) == ""


@pytest.mark.skipif(UNAVAILABLE, reason="Triton has no build for this system")
@pytest.mark.parametrize("part", thinned(range(PARTS), PARTS))
def test_laws_catch_mistakes_in_the_interpreter(part: int) -> None:
    *wrong, launched = in_the_interpreter("mistakes", str(part), str(PARTS))
    assert wrong == [], "\n".join(wrong)
    assert launched != "launched {}"


if torch.cuda.is_available() and INSTALLED and not interprets():

    @pytest.mark.cuda
    def test_laws_catch_mistakes_on_cuda() -> None:
        wrong = list(unseen())
        assert wrong == [], "\n".join(wrong)


@pytest.mark.parametrize("mistake", [*PLAIN, *TRITON], ids=lambda mistake: f"{mistake.module}-{mistake.name}")
def test_mistakes_are_told_and_can_be_made(mistake: Mistake) -> None:
    compile(mistake.text(), mistake.module, "exec")
    assert mistake.laws
    assert all(law in LAWBOOK for law in mistake.laws)
    assert mistake.wrong != mistake.right


def test_there_are_enough_and_none_twice() -> None:
    for table in (PLAIN, TRITON):
        assert len({mistake.name for mistake in table}) == len(table) >= 12


def test_a_kernel_that_was_edited_is_told() -> None:
    for right in ("this stands nowhere", "def "):
        gone = replace(PLAIN[0], right=right)
        with (
            pytest.raises(LookupError, match=rf"replaces one piece of softmax_sums\.py, .* times:\s{right}"),
            made(gone),
        ):
            pass


def test_a_mistake_is_unmade() -> None:
    code = softmax_sums.visit.__code__
    with made(PLAIN[0]):
        assert softmax_sums.visit.__code__ is not code
    assert softmax_sums.visit.__code__ is code
    with pytest.raises(AssertionError, match="changes no function"), made(replace(PLAIN[0], wrong=PLAIN[0].right)):
        pass
