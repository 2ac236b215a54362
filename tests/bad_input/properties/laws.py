"""What the statement of a law refuses."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.bad_input.bad import Bad
from tests.bad_input.properties.given import BAYES, Case, about, book, drawn, law, named


def of_law() -> list[Case]:
    enter = law(chapter="none", cites="nobody")
    reals = law(about=about(kind="gaussian"))
    return [
        (partial(enter, undocumented), TypeError, "law undocumented needs a docstring"),
        (partial(enter, greedy), TypeError, "law greedy asks for 'everything', which subjects of kind 'classes' do not"),
        (partial(enter, misspelt), TypeError, "asks for 'posteriour'.*did you mean 'posterior'"),
        (partial(enter, of_reals), TypeError, r"belongs to the kind 'gaussian': about=About\(kind='gaussian'\)"),
        (partial(reals, misspelt), TypeError, "subjects of kind 'gaussian' do not offer"),
        (partial(law(about=about(kind="reals")), of_reals), ValueError, "kind must be one of .*got 'reals'"),
        (partial(law(about=about(outputs=("noise",))), one), ValueError, "outputs must be .*of kind 'classes'.*'noise'"),
        (partial(law, mutants="transposed"), TypeError, "mutants must be a sequence of names, got 'transposed'"),
        (partial(law, about="gaussian"), TypeError, "about must be an About, got 'gaussian'"),
        (partial(law, drawn=3), TypeError, "drawn must be a Drawn, got 3"),
    ]


def of_about() -> list[Case]:
    return [
        (partial(about, kind=3), TypeError, "kind must be a name, got 3"),
        (partial(about, families="uniform"), TypeError, "families must be a tuple of names.*got 'uniform'"),
        (partial(about, schedules="linear"), TypeError, "schedules must be a tuple of names.*got 'linear'"),
        (partial(about, outputs="subs"), TypeError, "outputs must be a tuple of names.*got 'subs'"),
        (partial(about, schedules_too=("cosine", 3)), TypeError, "schedules_too must be a tuple of names.*3"),
        (partial(about, clock="sun"), ValueError, "clock must be .*got 'sun'"),
        (partial(about, processes="uniform"), TypeError, "processes must be a condition or None, got 'uniform'"),
        (partial(about, capabilities=("loss",)), TypeError, "capabilities must be a condition or None, got"),
    ]


def of_drawn() -> list[Case]:
    return [
        (partial(drawn, K=2.0), TypeError, "K must be an int, got 2.0"),
        (partial(drawn, K=0), ValueError, "K must be at least 1, got 0"),
        (partial(drawn, L=4), ValueError, "L must be at most 3, got 4"),
        (partial(drawn, T=0), ValueError, "T must be at least 1, got 0"),
        (partial(drawn, most_T=2.5), TypeError, "most_T must be an int or None, got 2.5"),
        (partial(drawn, T=3, most_T=2), ValueError, "most_T must be at least T = 3, got 2"),
        (partial(drawn, cost=0), ValueError, "cost must be positive, got 0"),
        (partial(drawn, cost="dear"), TypeError, "cost must be a number, got 'dear'"),
    ]


def undocumented(p: Any) -> Any:
    return p


def greedy(p: Any, everything: Any) -> Any:
    """All = all."""
    return p, everything


def misspelt(posteriour: Any) -> Any:
    """One letter more."""
    return posteriour


def of_reals(bridge_mean: Any) -> Any:
    """A capability of another kind."""
    return bridge_mean


def one(p: Any) -> Any:
    """One is one."""
    return p


def bad_laws() -> list[Bad]:
    return [
        *named("law", of_law()),
        *named("About", of_about()),
        *named("Drawn", of_drawn()),
        *named("Lawbook", [(lambda: type(book)([]), TypeError, "takes 1 positional argument but 2 were given")]),
        *named("Lawbook.add", [(lambda: book.add(book[BAYES]), ValueError, f"a law named '{BAYES}' is in the book")]),
    ]
