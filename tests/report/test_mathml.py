"""Equations of the report: from LaTeX to MathML, or the statement to fall back on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.runs import Page
from unmask.properties.report.mathml import mathml


def test_latex_becomes_mathml():
    element = mathml(r"-\log p_\theta(x_0)")
    assert element is not None
    assert element.startswith("<math")
    assert "<msub><mi>p</mi><mi>θ</mi></msub>" in element
    assert '<mo form="prefix" lspace="0" rspace="0">−</mo>' in element


def test_relations_are_spaced_as_relations():
    element = mathml(r"x\sim q\implies y")
    assert element is not None
    assert '<mo lspace="0.28em" rspace="0.28em">∼</mo>' in element
    assert '<mo lspace="0.28em" rspace="0.28em">⟹</mo>' in element


@pytest.mark.parametrize(
    "tex",
    [
        "",
        "  ",
        r"\frac{a}{",
        r"\left( a",
        r"\no_such_command x",
        r"\text{<script>alert(1)</script>}",
        "a & b",
    ],
)
def test_what_cannot_be_converted_falls_back_to_the_statement(tex):
    assert mathml(tex) is None


@given(st.text(alphabet=r"\{}_^&<>\"'abx =script/" + "∑θ", max_size=30))
def test_only_mathml_comes_out(tex):
    element = mathml(tex)
    if element is not None:
        parsed = Page(element)
        assert all(tag[0] == "m" or tag == "none" for tag in parsed.tags)
