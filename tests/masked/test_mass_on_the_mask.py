"""Probability on the mask: the closed forms against the definitions, and right code that must not be accused."""

from __future__ import annotations

from fractions import Fraction as F
from typing import Any

import numpy as np
import pytest

from tests.masked.networks_and_the_mask import STYLES, FullVocabulary
from unmask.properties import LAWBOOK, Process, Run, Schedule, Subject, examine, processes
from unmask.properties.engine.plan import Absent, Plan, plan
from unmask.properties.subjects.tables.classes import Model
from unmask.reference import ContinuousTime, DiscreteTime
from unmask.reference.likelihood import continuous_elbo, elbo, reverse
from unmask.reference.noise.corruption import absorbing, absorbing_prior
from unmask.reference.noise.schedules import mutual_information
from unmask.reference.numbers.arithmetic import MP
from unmask.reference.numbers.transcendental import log

K, MASK, X0 = 4, 3, 1
#: What a network predicts where it is masked, the mask with probability 2/5.
PREDICTED = [F(1, 5), F(3, 10), F(1, 10), F(2, 5)]
SHARE = PREDICTED[MASK]
TINY = MP.mpf(10) ** -36


def surprise() -> Any:
    return -log(PREDICTED[X0])


def continuous(name: str, xt: int = MASK) -> Any:
    """The integrand at t = 5/8, where alpha = 3/8 and -alpha'/(1 - alpha) = 8/5."""
    p = ContinuousTime(mutual_information, absorbing_prior(K, mask=MASK))
    return continuous_elbo.integrand(p, name, [[PREDICTED]], [[X0]], [[xt]], F(5, 8))[0]


def test_in_continuous_time_what_stays_masked_is_subtracted() -> None:
    weight, half = F(8, 5), MP.mpf(8) / 5
    assert abs(continuous("mixture") - half * (surprise() - MP.mpf(2) / 5)) < TINY
    assert abs(continuous("velocity") - continuous("mixture")) < TINY
    assert continuous("mixture", X0) == 0 < continuous("velocity", X0)
    # SUBS renormalizes: the cross-entropy of the others alone.
    assert abs(continuous("subs") - half * (surprise() + log(1 - SHARE))) < TINY
    # The joint sum weighs the mask by q(m|m) = 1 and the others by q(m|k) = 5/8.
    alone = F(5, 8)
    ratio = ((1 - SHARE) * alone + SHARE) / alone
    joint = surprise() + log(ratio) + MP.mpf(1) * float((1 - SHARE) / ratio - 1)
    assert abs(continuous("joint-sum") - half * joint) < 1e-15
    assert weight * surprise() > continuous("joint-sum") > continuous("mixture") > continuous("subs")


def test_the_full_cross_entropy_bounds_no_joint_sum() -> None:
    """Near the data the joint sum says "mask" almost surely, whatever the others have: its loss may exceed the CE."""
    p = ContinuousTime(mutual_information, absorbing_prior(K, mask=MASK))
    t = F(1, 64)
    loss = continuous_elbo.integrand(p, "joint-sum", [[PREDICTED]], [[X0]], [[MASK]], t)[0]
    assert loss > 64 * surprise()


@pytest.mark.parametrize("t", [1, 2, 3])
def test_on_a_grid_what_stays_masked_shares_its_probability(t: int) -> None:
    steps = (absorbing(F(1, 4), K, MASK), absorbing(F(1, 2), K, MASK), absorbing(F(1, 2), K, MASK))
    p = DiscreteTime(steps, absorbing_prior(K, mask=MASK))
    kernel = reverse.mixture(p, [[PREDICTED]], [[MASK]], t - 1, t)
    lifted = (p.alpha(t - 1) - p.alpha(t)) / (1 - p.alpha(t))
    assert kernel[0, 0].tolist() == [lifted * x for x in PREDICTED[:MASK]] + [1 - lifted * (1 - SHARE)]
    found = elbo.pointwise_term(p, kernel, [[X0]], [[MASK]], t - 1, t)[0]
    stays = 1 - lifted
    gain = log(stays / (stays + lifted * SHARE)) * stays.numerator / stays.denominator if stays else 0
    assert abs(found - (surprise() * lifted.numerator / lifted.denominator + gain)) < TINY
    assert found <= surprise() * lifted.numerator / lifted.denominator


@pytest.mark.parametrize("style", ["moderate", "flat", "peaked"])
@pytest.mark.parametrize("numbers", ["exact", "float64"])
def test_tables_put_a_share_on_the_mask_that_shows(style: str, numbers: str) -> None:
    p = Process("absorbing", 3, "discrete", Schedule("mutual-information"), T=4, mask=0, numbers=numbers)  # type: ignore[arg-type]
    for meaning in ("mixture", "joint-sum", "joint-sum-direct", "velocity", "subs"):
        model = Model(p, 2, meaning, 7, style)  # type: ignore[arg-type]
        share = model.counting_the_mask().output_table(2)[..., 0]
        if meaning != "subs":
            assert (model.predicted_table(2)[..., 0] == 0).all()
            share = model.counting_the_mask().predicted_table(2)[..., 0]
            assert (share.astype(float) > 1 / 32).all()
            assert (share.astype(float) < 31 / 32).all()
        assert len(np.unique(share.astype(float))) > 1
    ruled_out = Model(p, 2, "subs", 7, style, mask_ruled_out=True)  # type: ignore[arg-type]
    assert ruled_out.counting_the_mask() is ruled_out
    assert (ruled_out.output_table(2)[..., 0] == (0 if numbers == "exact" else -1e4)).all()
    score = Model(p, 2, "score", 7, style)  # type: ignore[arg-type]
    assert score.counting_the_mask() is score.barring() is score


@pytest.mark.parametrize("family", ["uniform", "absorbing"])
def test_tables_rule_a_class_out_over_a_block(family: str) -> None:
    p = Process(family, 3, "discrete", Schedule("mutual-information"), T=4, mask=2 if family == "absorbing" else None)
    model = Model(p, 2, "mixture", 7).barring()
    assert Model(p, 2, "mixture", 8).barring() == Model(p, 2, "mixture", 8)
    law = model.predicted_table(2)[..., list(p.clean)]
    own = model.sequences[..., None] == np.array(p.clean)
    barred = (law == 0) & ~own
    assert barred.any((1, 2)).sum() <= 5, "half of nine sequences"
    assert barred.any()
    assert (law[own] > 0).all()
    assert (law.sum(-1) > 0).all()


CHAPTERS = ("likelihood", "masked", "sedd")
LAWS = [law for law in LAWBOOK if law.check.__module__.split(".")[-2] in CHAPTERS and law.about.kind == "classes"]
#: Laws that hand over networks which predict the mask, and nothing else.
ABOUT_THE_MASK = [law for law in LAWS if law.about.mask_counts]
RUN = Run(budget="quick", derandomize=True)
SINGLE = Run(precision="float32", budget="quick", derandomize=True)


@pytest.mark.parametrize("subject", STYLES, ids=lambda subject: subject.name)
def test_right_code_is_not_accused(subject: Subject) -> None:
    cases = [(law, run) for run, laws in ((RUN, LAWS), (SINGLE, ABOUT_THE_MASK)) for law in laws]
    found = [examine(law, subject, run) for law, run in cases if isinstance(plan(law, subject), Plan)]
    assert [record.failure for record in found if record.status not in ("holds", "absent")] == []
    assert len(found) >= 8


LINEAR = processes("absorbing", clock="continuous", schedules="linear")


def test_who_counts_on_the_mask_being_ruled_out_says_so() -> None:
    """The cross-entropy of the whole vocabulary is not the loss of a network that predicts the mask: one cause."""
    silent = Subject(FullVocabulary, LINEAR, mask_ruled_out=False)
    broken = [r for law in LAWS if isinstance(plan(law, silent), Plan) and (r := examine(law, silent, RUN)).failure]
    assert {record.law for record in broken} == {
        "mass_on_the_mask_is_in_the_loss",
        "mass_on_the_mask_is_in_the_gradient",
    }
    assert "mask_ruled_out=True" in broken[0].failure
    told = plan(LAWBOOK["mass_on_the_mask_is_in_the_loss"], STYLES[4])
    assert told == Absent("says that its network rules out the mask (mask_ruled_out=True)")


def test_it_may_be_called_subs_as_well() -> None:
    subject = Subject(FullVocabulary, LINEAR, output="subs")
    asked = [*LAWS, LAWBOOK["a_large_vocabulary_has_the_loss_of_a_few_classes"]]
    found = [examine(law, subject, RUN) for law in asked if isinstance(plan(law, subject), Plan)]
    assert [record.law for record in found if record.status not in ("holds", "absent")] == []


def test_the_laws_about_the_mask_have_networks_that_predict_it() -> None:
    assert len(ABOUT_THE_MASK) == 5
