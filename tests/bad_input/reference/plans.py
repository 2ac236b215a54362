"""What the laws of samplers by plan refuse."""

from __future__ import annotations

from typing import Any

from tests.bad_input.bad import Asked, Wrong
from tests.bad_input.reference.given import asked, count, function, kind, value
from unmask.reference.programs import Rule

WEIGHTS = [[1, 3, 9], [2, 2, 9]]
RULE = Rule(mask=2)
START, BLOCKS, STATES = (2, 2), [((0, 1), [1, 1])], [(2, 2), (2, 0), (1, 0)]


def network(state: Any) -> Any:
    return WEIGHTS


OF_WEIGHTS = (
    kind("weights", 3, "weights = 3; valid: a list of numbers"),
    value("weights", [1, -1, 2], "weights = -1; valid: 0 <= weights"),
    value("weights", [0, 0, 2], r"weights = \[0, 0, 2\]; valid: some class but the mask, 2, has a positive one"),
    kind("weights", ["a", 1, 2], "weights = 'a'"),
)
OF_RULE: tuple[Wrong, ...] = (kind("rule", 3, "rule = 3; valid: a Rule"), kind("rule", None, "rule = None; valid"))
OF_BLOCKS = (
    kind("blocks", 3, "blocks = 3; valid: a list that is not empty"),
    value("blocks", [((0, 1), None)], "blocks = .*valid: numbers of positions, or a rule with a threshold"),
    value("blocks", [((0, 1), [-1])], "blocks = -1; valid: an int >= 0"),
    value("blocks", [((0, 2), [1])], r"positions = \[0, 2\]; valid: positions in 0\.\.1"),
)
OF_START = (
    kind("start", 2, "start = 2; valid: a list that is not empty"),
    kind("start", (), r"start = \(\); valid: a list that is not empty"),
    value("start", (2, -1), "start = -1; valid: an int >= 0"),
)

ASKED: list[Asked] = [
    asked("programs.rules.normalized", OF_WEIGHTS, count("mask", 0), weights=[1, 3, 9], mask=2),
    asked(
        "programs.rules.Rule",
        count("mask", 0),
        value("order", "best", "order = 'best'; valid: 'random', 'confidence'"),
        value("temperature", -1, "temperature = -1; valid: 0 <= temperature"),
        count("top_k", 1),
        value("top_p", 0, "top_p = 0; valid: 0 < top_p"),
        value("top_p", 1.5, r"top_p = 1\.5; valid: 0 <= top_p <= 1"),
        kind("threshold", "high", "threshold = 'high'"),
        kind("remasking", 0.5, "remasking = 0.5"),
        value("remasking", float, "order = 'random'; valid: with remasking, 'confidence'"),
        mask=2,
    ),
    Asked(
        "programs.rules.Rule.acts",
        RULE.acts,
        {"state": START, "positions": (0, 1), "n": 1},
        (
            value("n", -1, "n = -1; valid: an int >= 0"),
            kind("state", 2, "state = 2; valid: a list that is not empty"),
            value("positions", (0, 2), r"positions = \[0, 2\]; valid: positions in 0\.\.1"),
        ),
    ),
    Asked("programs.rules.Rule.token_law", RULE.token_law, {"weights": [1, 3, 9]}, OF_WEIGHTS),
    Asked(
        "programs.rules.Rule.step",
        RULE.step,
        {"weights": WEIGHTS, "state": START, "positions": (0, 1), "n": 1},
        (
            value("n", None, "n = None; valid: a number of positions, or a rule with a threshold"),
            value("n", -1, "n = -1; valid: an int >= 0"),
            kind("state", 2, "state = 2; valid: a list that is not empty"),
            value("positions", (0, 5), r"positions = \[0, 5\]; valid: positions in 0\.\.1"),
            kind("positions", 1, r"positions = 1; valid: positions in 0\.\.1"),
        ),
    ),
    asked(
        "programs.plans.sequence_law",
        function("network"),
        OF_START,
        OF_BLOCKS,
        OF_RULE,
        network=network,
        start=START,
        blocks=BLOCKS,
        rule=RULE,
    ),
    asked(
        "programs.plans.trajectory_probability",
        function("network"),
        kind("states", 3, "states = 3; valid: a list that is not empty"),
        kind("states", [3], "states = 3; valid: a list that is not empty"),
        OF_BLOCKS,
        OF_RULE,
        network=network,
        states=STATES,
        blocks=BLOCKS,
        rule=RULE,
    ),
    asked(
        "programs.plans.ancestral_law",
        function("network"),
        OF_START,
        count("mask", 0),
        value("chances", [2], "chances = 2; valid: 0 <= chances <= 1"),
        network=network,
        start=START,
        mask=2,
        chances=[1],
    ),
    asked(
        "programs.plans.conditionals",
        kind("joint", 3, "joint = 3; valid: a dictionary"),
        kind("joint", {}, "joint = {}; valid: a dictionary"),
        value("joint", {(0, 0): -1}, "joint = -1; valid: 0 <= joint"),
        count("K", 2),
        count("mask", 0),
        joint={(0, 0): 0.25, (0, 1): 0.75},
        K=3,
        mask=2,
    ),
]
