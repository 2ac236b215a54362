"""Records of runs that the tests of the report show."""

from __future__ import annotations

import math
from dataclasses import replace
from html.parser import HTMLParser

from unmask.properties.report import (
    Record,
)


def law(name, chapter, statement, tex, cites, *mutants):
    """A record to be completed by ``record``."""
    return Record(name, "", chapter, "holds", statement, tex, cites, mutants, 1.25, 100, 0.5)


STEPS = law(
    "steps_compose",
    "Forward marginals",
    "Q[r,s] Q[s,t] = Q[r,t]",
    r"Q_{r\mid s}\,Q_{s\mid t}=Q_{r\mid t}",
    "Austin et al. 2021, eq. 3",
    "forgets_beta",
)
BAYES = law(
    "bayes",
    "Posteriors",
    "q(x_s|x_t,x_0) q(x_t|x_0) = q(x_s|x_0) q(x_t|x_s)",
    "",
    "Austin et al. 2021, eq. 2",
    "transposed",
    "unnormalized",
)
BOUND = law(
    "nelbo_is_a_bound",
    "ELBO",
    "NELBO(x_0) ≥ −log p_θ(x_0)",
    r"\mathrm{NELBO}(x_0)\ge-\log p_\theta(x_0)",
    "Sahoo et al. 2024, eq. 10",
    "drops_prior",
)
METHODS = ("reference/joint-sum", "d3pm-mask-and-uniform", "mdlm")
HOSTILE = "bayes\n  <script>alert(1)</script> & more"
REPLAYS = ("replay('bayes', 'a:<b>', x0=(0, 1))", "replay('nelbo_is_a_bound', 'c:D')")


def record(of, method, status="holds", **fields):
    if status == "absent":
        fields = {"worst_ulps": None, "examples": 0, "seconds": 0.0, **fields}
    return replace(of, method=method, status=status, **fields)


def a_run():
    return [
        *(record(STEPS, method) for method in METHODS),
        record(BAYES, METHODS[0]),
        record(BAYES, METHODS[1], "broken", failure=HOSTILE, replay=REPLAYS[0]),
        record(BAYES, METHODS[2], "absent", reason="does not offer posterior"),
        record(BOUND, METHODS[0], "broken", worst_ulps=math.inf, failure="bound: ∞ > 1", replay=REPLAYS[1]),
        record(BOUND, METHODS[1], "known", reason="clips its logits", failure="known story"),
        record(BOUND, METHODS[2]),
    ]


def two_kinds():
    """Two methods of classes, one of reals; a law of conduct is about both."""
    real = {"kind": "gaussian", "method": "vdm"}
    return [
        record(STEPS, "mdlm"),
        record(STEPS, "flow", "absent", reason="does not offer transition"),
        replace(STEPS, law="levels", statement="α² + σ² = 1", chapter="Reals", **real),
        *(replace(STEPS, law="rows", chapter="Conduct", method=method) for method in ("mdlm", "flow")),
        replace(STEPS, law="rows", chapter="Conduct", statement="Rows are rows", **real),
    ]


def many(laws=60, methods=14):
    return [
        replace(
            STEPS,
            law=f"a_law_with_quite_a_long_name_{i}",
            chapter=f"Chapter {i // 10}",
            method=f"family/variant-{j}",
        )
        for i in range(laws)
        for j in range(methods)
    ]


RESOURCES = ("src", "href", "srcset", "data", "action")
VOID = {"meta", "link", "br", "hr", "img", "input", "col", "wbr"}


class Page(HTMLParser):
    """Parses strictly: every element is closed in order; remembers what the tests ask about."""

    def __init__(self, text):
        super().__init__()
        self.open: list[str] = []
        self.tags, self.scripts, self.resources, self.ids, self.links = [], [], [], [], []
        self.cells, self.texts, self.chapters = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.tags.append(tag)
        self.resources += [values[name] for name in RESOURCES if name in values]
        self.ids += [values["id"]] if "id" in values else []
        if tag == "a" and "data-law" in values:
            self.cells.append((values["data-law"], values["data-method"], values["class"]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        (self.scripts if self.open[-1:] == ["script"] else self.texts).append(data)
        if self.open[-2:] == ["tr", "th"] and "tbody" in self.open:
            self.chapters.append(data)
