"""Records of laws and methods: what survives JSON, and how they are laid in a grid."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.runs import METHODS, STEPS, a_run, record
from unmask.properties.report import (
    Record,
    write_json,
)
from unmask.properties.report.grid import arrange


@given(
    st.builds(
        Record,
        status=st.sampled_from(["holds", "broken", "known", "absent"]),
        mutants=st.lists(st.text(), max_size=3).map(tuple),
        worst_ulps=st.none() | st.floats(allow_nan=False),
        examples=st.integers(0, 10**6),
        seconds=st.floats(0, 1e6),
    )
)
def test_a_record_survives_json(one):
    assert Record.from_json(json.loads(json.dumps(one.to_json(), allow_nan=False))) == one


def test_a_gap_that_is_not_a_number_survives_json():
    one = Record.from_json(record(STEPS, "m", "broken", worst_ulps=math.nan).to_json())
    assert one.worst_ulps is not None
    assert math.isnan(one.worst_ulps)


def test_a_record_refuses_what_it_does_not_know():
    with pytest.raises(ValueError, match=r"status: got 'passed'"):
        record(STEPS, "m", "passed")
    with pytest.raises(ValueError, match=r"unknown fields color"):
        Record.from_json({**record(STEPS, "m").to_json(), "color": "red"})
    incomplete = record(STEPS, "m").to_json()
    del incomplete["cites"]
    with pytest.raises(ValueError, match=r"missing fields cites"):
        Record.from_json(incomplete)


def test_laws_and_methods_keep_the_order_given():
    grid = arrange(a_run())
    assert list(grid.chapters) == ["Forward marginals", "Posteriors", "ELBO"]
    assert list(grid.laws) == ["steps_compose", "bayes", "nelbo_is_a_bound"]
    assert grid.methods == METHODS
    # A law that arrives late joins its chapter, not the end.
    late = arrange([*a_run(), replace(STEPS, law="starts_at_the_data", method="mdlm")])
    assert late.chapters["Forward marginals"] == ("steps_compose", "starts_at_the_data")


def test_a_pair_run_twice_shows_its_worst_outcome():
    twice = [record(STEPS, "m"), record(STEPS, "m", "broken"), record(STEPS, "m", "absent")]
    assert arrange(twice).cells["steps_compose", "m"].status == "broken"
    assert arrange(twice[::-1]).cells["steps_compose", "m"].status == "broken"


def test_laws_json_is_strict_and_complete(tmp_path):
    path = tmp_path / "laws.json"
    odd = record(STEPS, "odd", failure="a lone surrogate \ud800")
    write_json([*a_run(), odd], path)

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    values = json.loads(path.read_bytes().decode("utf-8"), parse_constant=refuse)
    assert len(values) == 10
    for value in values:
        assert value.keys() == {field.name for field in fields(Record)}
        assert value["status"] in {"holds", "broken", "known", "absent"}
        assert isinstance(value["examples"], int)
        assert isinstance(value["seconds"], float)
        assert isinstance(value["mutants"], list)
        assert value["worst_ulps"] in (None, 1.25, "Infinity")
    assert [Record.from_json(value) for value in values] == [*a_run(), odd]
