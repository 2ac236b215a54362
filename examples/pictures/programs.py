"""What samplers with different plans write, all with a network that knows the data."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from matplotlib.figure import Figure

from examples.style import COLORS, rounded
from examples.two_tokens import DATA, MASK, K, ids
from unmask.reference.programs.plans import conditionals, sequence_law
from unmask.reference.programs.rules import Rule

WRITTEN = ("aa", "ab", "ba", "bb")
ONE, BOTH = [((0, 1), [1, 1])], [((0, 1), [2])]
#: Name, blocks and rule, from the data's law to what is farthest from it.
PLANS: Any = (
    ("one by one", ONE, Rule(MASK)),
    ("confidence first", ONE, Rule(MASK, order="confidence")),
    ("both at once", BOTH, Rule(MASK)),
    ("temperature 1/2", ONE, Rule(MASK, temperature=Fraction(1, 2))),
)


def draw() -> Any:
    """Bars: the law of the sequence for each plan."""
    figure = Figure(figsize=(7, 2.8), layout="constrained")
    axes = figure.subplots()
    network = conditionals({tuple(ids(x)): p for x, p in DATA.items()}, K, MASK)
    width = 0.19
    for number, ((name, blocks, rule), color) in enumerate(zip(PLANS, COLORS, strict=True)):
        law = sequence_law(network, (MASK, MASK), blocks, rule)
        heights = rounded([law.get(tuple(ids(x)), 0) for x in WRITTEN])
        places = [place + (number - 1.5) * width for place in range(len(WRITTEN))]
        axes.bar(places, heights, width * 0.92, color=color, label=name)
    for place, x in enumerate(WRITTEN):
        axes.hlines(rounded([DATA.get(x, 0)]), place - 0.45, place + 0.45, color="black", linestyle="--", linewidth=1)
    axes.set(title="what is written (dashed: the data)", ylabel="probability")
    axes.set_xticks(range(len(WRITTEN)), WRITTEN)
    axes.grid(visible=False, axis="x")
    axes.legend()
    return figure
