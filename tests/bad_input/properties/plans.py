"""What plans of samplers refuse."""

from __future__ import annotations

from functools import partial
from typing import Any

import unmask.properties as laws
from tests.bad_input.bad import Bad
from tests.bad_input.properties.given import Case, named
from unmask.properties.subjects.kinds.programs.plan import checked_plan

# Wrong on purpose: no type checker is to read the calls below.
plan: Any = laws.Plan
ancestral: Any = laws.Ancestral
declared: Any = checked_plan


def of_plan() -> list[Case]:
    return [
        (partial(plan, order="confidense"), ValueError, "order must be .*got 'confidense'; did you mean 'confidence'"),
        (partial(plan, steps=0), ValueError, "steps must be at least 1, got 0"),
        (partial(plan, steps=2.5), TypeError, "steps must be an int, got 2.5"),
        (partial(plan, counts="odd"), ValueError, "counts must be 'even', .* got 'odd'"),
        (partial(plan, counts=[1, -1]), ValueError, "counts must be at least 0, got -1"),
        (partial(plan, counts=[0]), ValueError, "counts must reveal something"),
        (partial(plan, counts=[1.5]), TypeError, "counts must be ints, got 1.5"),
        (partial(plan, counts=0), ValueError, "counts must be at least 1, got 0"),
        (partial(plan, temperature=-1), ValueError, "temperature must be at least 0, got -1"),
        (partial(plan, temperature="hot"), TypeError, "temperature must be a number, got 'hot'"),
        (partial(plan, top_k=0), ValueError, "top_k must be at least 1, got 0"),
        (partial(plan, top_p=0), ValueError, "top_p must be above 0 and at most 1, got 0"),
        (partial(plan, blocks=0), ValueError, "blocks must be at least 1, got 0"),
        (partial(plan, blocks=2, block_length=2), ValueError, "blocks must not be given together with block_length"),
        (partial(plan, blocks=2, steps=3), ValueError, "steps must be a multiple of blocks = 2, got 3"),
        (partial(plan, confidence_of="both"), ValueError, "confidence_of must be 'untempered' or 'tempered'"),
        (partial(plan, guidance="strong"), TypeError, "guidance must be a number, got 'strong'"),
        (partial(plan, order="confidence", remasking="again"), TypeError, "remasking must be a number, got 'again'"),
        (partial(plan, order="confidence", remasking=-1), ValueError, "remasking must be at least 0, got -1"),
        (partial(plan, order="margin", remasking=1), ValueError, "remasking must go with order='confidence', got 'mar"),
        (partial(plan, order="confidence", remasking=1, blocks=2), ValueError, "remasking must not be given together"),
        (partial(plan, shows="half"), ValueError, "shows must be 'everything' or 'blocks so far', got 'half'"),
        (partial(plan, threshold=0.5), ValueError, "threshold must go with confidence, .* got 'random'"),
        (partial(plan, order="margin", threshold="high"), TypeError, "threshold must be a number, got 'high'"),
        (partial(plan, order="margin", threshold=0.5, steps=2), ValueError, "threshold must not be given together"),
    ]


def of_revealed() -> list[Case]:
    return [
        (partial(plan(counts=[2, 1]).revealed, 4), ValueError, r"counts must add up .* 4, got \[2, 1\]"),
        (partial(plan(steps=3).revealed, 4, 2), ValueError, "steps must be a multiple of the number of blocks, 2"),
    ]


def of_ancestral() -> list[Case]:
    return [
        (ancestral, ValueError, "either times or steps must be given"),
        (partial(ancestral, times=[1, 0], steps=1), ValueError, "either times or steps must be given"),
        (partial(ancestral, times=1), TypeError, "times must be a list of numbers, got 1"),
        (partial(ancestral, times=["a", 0]), TypeError, "times must be a number, got 'a'"),
        (partial(ancestral, times=[2, 0]), ValueError, "times must be from 0 to 1, got 2"),
        (partial(ancestral, times=[1, 0.5]), ValueError, "times must fall from 1 to 0"),
        (partial(ancestral, steps=0), ValueError, "steps must be at least 1, got 0"),
        (partial(ancestral, steps=2, remasking=0.5), TypeError, "remasking must be a function of two times s < t, got 0.5"),
        (partial(ancestral, steps=2, last="best"), ValueError, "last must be 'drawn' or 'arg max', got 'best'"),
    ]


def bad_plans() -> list[Bad]:
    return [
        *named("Plan", of_plan()),
        *named("Plan.revealed", of_revealed()),
        *named("Ancestral", of_ancestral()),
        *named("checked_plan", [(partial(declared, "greedy"), TypeError, "plan must be a Plan.*got 'greedy'")]),
    ]
