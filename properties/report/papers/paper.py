"""What a paper is made of: facts, one a line, each with its place and what checks it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fact:
    """One statement of a paper.

    Attributes
    ----------
    where : its places, as a law cites them: ``"thm 3.6 and eq. 9"``, ``"eq. 24-25"``, ``"sec. 3.3 (sparsity)"``.
    gist : what it says.
    tests : node ids of tests that check it, or show what ``finding`` says, beside the laws that cite it.
    finding : an error in print, or a condition that it needs and the paper does not state.
    unchecked : why nothing checks it, where nothing does.
    no_fact : why there is nothing to check.
    law : of several laws that cite it, the one that says just this.
    """

    where: str
    gist: str
    tests: tuple[str, ...] = ()
    finding: str = ""
    unchecked: str = ""
    no_fact: str = ""
    law: str = ""


@dataclass(frozen=True)
class Paper:
    """A paper: how laws cite it, what everybody calls it, its arXiv number with version, and its facts in order."""

    cited: str
    name: str
    arxiv: str
    facts: tuple[Fact, ...]


def of_reference(about: str, *names: str) -> tuple[str, ...]:
    """Tests of the reference, in ``about``: a chapter and what it is about there."""
    chapter, _, subject = about.partition("/")
    return tuple(f"tests/{chapter}/test_exact_{subject}.py::test_{name}" for name in names)


def of_implementation(about: str, *names: str) -> tuple[str, ...]:
    """Tests of an implementation against its definition."""
    chapter, _, subject = about.partition("/")
    return tuple(f"tests/{chapter}/test_{subject}.py::test_{name}" for name in names)


NAMING = "fixes notation: nothing in it can be false"
PROOF = "an intermediate line of a proof, contained in what it proves"
UNREAD = "a result of experiments"

__all__ = ["NAMING", "PROOF", "UNREAD", "Fact", "Paper", "of_implementation", "of_reference"]
