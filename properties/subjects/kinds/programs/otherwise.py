"""Which other plan a sampler may have been written for than the one that it declares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from unmask.properties.subjects.kinds.programs.plan import ORDERS, Ancestral, Plan


def other_plans(plan: Plan | Ancestral | None) -> Iterator[tuple[str, Plan | Ancestral]]:
    """Plans that differ from it in one thing, each with that thing in words; nothing where there is no plan."""
    if plan is None:
        return
    for name, value in _changes(plan):
        told = f"{name}={value!r} (in place of {_written(getattr(plan, name))}) in its plan"
        try:
            other = replace(plan, **{name: value})
        except (TypeError, ValueError):  # contradicts the rest of the plan
            continue
        yield told, other
    tokens = {name: getattr(plan, name) for name in ("temperature", "top_k", "top_p", "guidance")}
    if isinstance(plan, Ancestral) and plan.remasking is None and plan.last == "drawn":
        steps = len(plan.grid) - 1
        yield f"Plan(order='random', steps={steps}) as its plan", Plan("random", steps, **tokens)
    elif isinstance(plan, Plan) and plan.order == "random" and plan.steps and plan.counts == "even":
        yield f"Ancestral(steps={plan.steps}) as its plan", Ancestral(steps=plan.steps, **tokens)


def _changes(plan: Plan | Ancestral) -> Iterator[tuple[str, Any]]:
    for name, values in _USUAL[type(plan)].items():
        for value in values:
            if getattr(plan, name) != value:
                yield name, value
    # (1 + w) c - w u and w c + (1 - w) u are both called guidance by w.
    if plan.guidance is not None:
        yield "guidance", plan.guidance - 1
        yield "guidance", plan.guidance + 1


_TOKENS: dict[str, tuple[Any, ...]] = {
    "temperature": (1.0, 0.0),
    "top_k": (None,),
    "top_p": (None,),
    "guidance": (None,),
    "remasking": (None,),
}
#: What code does that leaves something out, or takes the usual thing.
_USUAL: dict[type, dict[str, tuple[Any, ...]]] = {
    Plan: {
        "order": tuple(ORDERS),
        "confidence_of": ("untempered", "tempered"),
        **_TOKENS,
        "blocks": (1,),
        "block_length": (None,),
        "shows": ("everything", "blocks so far"),
    },
    Ancestral: {"last": ("drawn", "arg max"), **_TOKENS},
}


def _written(value: Any) -> str:
    return getattr(value, "__name__", "a function") if callable(value) else repr(value)


__all__ = ["other_plans"]
