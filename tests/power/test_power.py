"""The tool that measures power: what it asks, that it goes on where it was left, and that it says the same twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.power.__main__ import main
from tests.power.errors import ERRORS, planted
from tests.power.reasons import REASONS
from tests.power.table import Case, cases, load, measure, seen, store, table, unseen
from unmask.properties import LAWBOOK
from unmask.properties.subjects.kinds import kinds

BAYES = Case("posterior_is_bayes_rule", "posterior", "1 %")


def test_every_law_of_what_somebody_offers_is_asked() -> None:
    asked = {case.law for case in cases()}
    # Programs and networks are wrong as wholes: tests of their own hold each mistake against the laws that see it.
    whole = ("programs", "networks")
    missing = [law.name for law in LAWBOOK if law.needs and law.name not in asked and law.about.kind not in whole]
    # What no error makes sense for: programs without numbers or ids, and constructors.
    assert missing == []
    assert {case.error for case in cases()} == set(ERRORS)


def test_every_capability_can_be_wrong() -> None:
    for kind in kinds().values():
        for capability in kind.capabilities.values():
            if capability.gives.of in ("ids", "reals", "times"):
                assert any(planted(error, capability) for error in ERRORS), capability.name


@pytest.mark.parametrize("error", ["1 %", "wrong sign", "one time late", "one class", "the mask's share"])
def test_bayes_rule_sees_it(error: str) -> None:
    assert seen(Case(BAYES.law, BAYES.capability, error), "quick")[0] == "broken"


def test_an_error_is_planted_where_it_changes_something() -> None:
    """The prior term of masked diffusion is 0: a factor shows in another method, or nowhere."""
    status, method, _ = seen(Case("prior_term_is_a_divergence", "prior_kl", "1 %"), "quick")
    assert status in ("broken", "holds")
    assert method not in ("mdlm", "mdlm_discrete")
    assert seen(Case("alpha_is_the_schedule", "alpha", "one class"), "quick")[:2] == ("void", "")


def test_it_goes_on_where_it_was_left(tmp_path: Path) -> None:
    path = tmp_path / "power.json"
    found = {BAYES.key: {"law": BAYES.law, "capability": "posterior", "error": "1 %", "says": {"quick": "holds"}}}
    assert measure(found, [BAYES], "quick", 1, 60.0, path)
    assert found[BAYES.key]["says"] == {"quick": "holds"}, "what is known is not asked again"
    store(found, path)
    assert load(path) == found
    assert unseen(found) == [("posterior", "1 %", [BAYES.law])]
    assert "posterior_is_bayes_rule" in table(found)


def test_nothing_begins_after_the_time_is_up(tmp_path: Path) -> None:
    found: dict[str, object] = {}
    assert not measure(found, [BAYES], "quick", 1, 0.0, None)
    assert found == {}


def test_reasons_are_about_errors_that_there_are() -> None:
    every = {(case.capability, case.error) for case in cases()}
    assert set(REASONS) <= every


def test_a_pattern_without_laws_is_a_usage_error(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main(["--law", "nothing_is_called_so", "--into", str(tmp_path / "power.json")])
    assert "no law's name holds 'nothing_is_called_so'" in capsys.readouterr().err
