"""What the command says of laws, subjects and kinds."""

from __future__ import annotations

import re
from typing import Any

import pytest

from unmask.cli.descriptions import law_page, sentences
from unmask.properties import LAWBOOK
from unmask.properties.subjects.kinds import kinds

BAYES = "posterior_is_bayes_rule"


def test_laws_are_listed_with_what_they_say(unmask: Any) -> None:
    every = unmask("laws").out
    lines = every.splitlines()
    assert sum(line.startswith("    ") for line in lines) == len(LAWBOOK)
    headings = [line.partition(":")[0] for line in lines if line and not line.startswith(" ")]
    assert sorted(headings) == sorted({*kinds(), "any"}), "each kind once"
    some = unmask("laws", "--chapter", "posteriors").out
    assert some.splitlines()[:2] == ["classes: Diffusion over classes", "  Posteriors"]
    assert re.search(rf"^    {BAYES} +q\(x_s\|x_t,x_0\) is Bayes' rule", some, re.M)
    assert len(some) < len(every) / 4
    cold = unmask("laws", "--kind", "degradation").out.splitlines()
    own = [law.name for law in LAWBOOK if law.about.kind == "degradation"]
    assert [line.split()[0] for line in cold if line.startswith("    ")] == own


def test_a_law_is_told_whole(unmask: Any) -> None:
    told = unmask("law", BAYES).out
    law = LAWBOOK[BAYES]
    for part in (law.told.statement, law.told.chapter, law.told.cites, *law.told.mutants):
        assert part in told
    assert re.search(r"written in +unmask\.properties\.laws\.\S+, line \d+", told)


SAID = [
    (BAYES, "It is about subjects of the kind classes (Diffusion over classes) that offer posterior."),
    (BAYES, "It draws times s < t and a process."),
    ("gradient_is_the_gradient_of_the_nelbo", "It takes gradient, the derivative of loss with respect to output."),
    ("nelbo_converges_as_steps_shrink", "on the discrete clock"),
    ("positions_may_be_permuted", "not asked of the kind autoregression, which treats positions by their order."),
    ("rows_do_not_see_each_other", "It is about subjects of every kind. It asks whatever is offered of what is listed"),
    ("rows_do_not_see_each_other", "degradation: degrade, shift, restore, restore_naively"),
    ("steps_draw_rare_classes", "It waits for rare events, and the brief and the quick budget leave it out."),
    ("a_mask_is_lifted_in_proportion", "It is asked about processes of the family absorbing."),
    ("nelbo_converges_as_steps_shrink", "the families uniform, absorbing, mask-and-uniform, state-dependent-masking,"),
    ("calls_do_not_remember_each_other", "Of its budget, an example counts as"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "said"), SAID)
def test_what_a_law_is_about_is_told_in_sentences(unmask: Any, name: str, said: str) -> None:
    assert said in " ".join(unmask("law", name).out.split())


def test_every_law_can_be_told() -> None:
    for law in LAWBOOK:
        lines = law_page(law).splitlines()
        assert lines[0] == law.name
        about = " ".join(sentences(law))
        assert about.startswith("It is about subjects of ")
        assert about.endswith(".")
        assert not re.search(r"\bNone\b|  |<|\(\)| ,|\.\.", re.sub("(r < )?s < t", "s", about)), about


def test_methods_are_listed_with_what_they_offer(unmask: Any) -> None:
    told = unmask("methods", "right").out
    assert told.startswith("Mine  (right:TestMine)\n")
    assert re.search(r"kind +classes: Diffusion over classes\n", told)
    assert re.search(r"offers +posterior, loss\n", told)
    about = sum(law.about.kind in ("classes", "any") for law in LAWBOOK)
    asked = re.search(rf"laws +(\d+) of {about} can be asked\n", told)
    assert asked is not None
    heading = unmask("verify", "right.py:TestMine", "--budget", "quick", "--seed", "1").out.splitlines()[0]
    assert heading.startswith(f"Mine under {asked[1]} of {about} laws:"), "the same numbers as in a run"


def test_what_objects_may_offer_is_told_kind_by_kind(unmask: Any) -> None:
    told = unmask("capabilities", "classes").out
    assert told.startswith("classes: Diffusion over classes\n")
    signature = "    posterior(x0: ids [N, L], xt: ids [N, L], s: times [N], t: times [N]) -> reals [N, L, K]\n"
    assert f"{signature}        `q(x_s^i | x_t^i, x_0^i)`.\n" in told
    assert "    time runs from the data" in told.replace("* ", "  "), "the conventions"
    assert re.search(r"^        subs +logits; MDLM's", told, re.M)
    assert "times: grid" in told
    assert re.search(r"`times` is a list of floats \(continuous clock\) or ints that fall", told)
    assert re.search(r"^    grid +a list of falling times, Python numbers$", told, re.M)
    assert "Only on the continuous clock." in told
    assert "N: int, L: int" in told
    assert "blocks: list[int]" in told


def test_every_capability_of_every_kind_is_told(unmask: Any) -> None:
    told = unmask("capabilities").out
    for kind in kinds().values():
        assert f"{kind.name}: {kind.title}\n" in told
        for name in kind.capabilities:
            assert f"\n    {name}(" in told
    assert max(map(len, told.splitlines())) <= 125
    assert "``" not in told
