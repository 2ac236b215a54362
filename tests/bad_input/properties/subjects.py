"""What subjects, what they are built from, their kinds and their mutants refuse."""

from __future__ import annotations

from functools import partial
from typing import Any, Protocol

from tests.bad_input.bad import Bad
from tests.bad_input.properties.given import (
    MINE,
    UNIFORM,
    Case,
    autoregression,
    degradations,
    embeddings,
    mutated,
    named,
    network_sequences,
    networks,
    subject,
    vocabulary,
)
from unmask.properties.subjects import capability, kind, kinds
from unmask.properties.subjects.shapes import Times

only_on: Any = capability.only_on
up_to: Any = capability.up_to
read: Any = capability.read
enter: Any = kind.enter
KIND: Any = kind.Kind
CLASSES = kinds.kind("classes")


def of_subject() -> list[Case]:
    made = partial(subject, abs, UNIFORM)
    return [
        (partial(subject, 3, UNIFORM), TypeError, "build must be a class or a function of a process, got 3"),
        (partial(subject, abs, "uniform"), TypeError, r"processes must come from processes\(.*got str"),
        (partial(subject, lambda p: p, UNIFORM), TypeError, "name must be given where build is a lambda"),
        (partial(made, name=""), ValueError, "name must not be empty"),
        (partial(made, name=3), TypeError, "name must be a string, got 3"),
        (partial(made, ouput="subs"), TypeError, "a subject declares .*not 'ouput'; did you mean 'output'"),
        (partial(made, output="sub"), ValueError, "output must be one of .*got 'sub'; did you mean 'subs'"),
        (partial(made, scheme="euler"), ValueError, "scheme must be one of None, 'exact', 'first-order', 'corrected', got 'euler'"),
        (partial(made, time_steps="two"), ValueError, "time_steps must be one of 'any', 'unit', got 'two'"),
        (partial(made, times="batch"), ValueError, "times must be one of 'row', 'position', got 'batch'"),
        (partial(made, gradients="no"), TypeError, "gradients must be True or False, got 'no'"),
        (partial(made, mask_ruled_out=1), TypeError, "mask_ruled_out must be True or False, got 1"),
        (partial(made, offers="loss"), TypeError, "offers must be a tuple of names, got 'loss'"),
        (partial(made, offers=("los",)), ValueError, "offers must be names of capabilities, got 'los'; did you mean"),
        (partial(made, known=["x"]), TypeError, "known must map .*"),
        (partial(made, arrays="jax"), ValueError, "arrays must be one of .*got 'jax'"),
        (partial(made, dtypes=()), ValueError, "dtypes must name at least one dtype"),
        (partial(made, dtypes=None), TypeError, "dtypes must be a tuple of names, got None"),
        (partial(made, dtypes="float32"), TypeError, "dtypes must be a tuple of names, got 'float32'"),
        (partial(made, dtypes=("float65",)), ValueError, "dtypes must be .*float65"),
        (partial(subject, Declares, UNIFORM), ValueError, "output must be one of .*got 'sums'"),
    ]


class Declares:
    """A class that declares what there is not."""

    output = "sums"


def of_vocabularies() -> list[Case]:
    return [
        (partial(vocabulary, 2.5), TypeError, "K must be an int, got 2.5"),
        (partial(vocabulary, None), TypeError, "K must be an int, got None"),
        (partial(vocabulary, 1), ValueError, "K must be at least 2, got 1"),
        (partial(vocabulary, 3, mask=3), ValueError, "mask must be a class id below K = 3, got 3"),
        (partial(vocabulary, 3, mask=True), TypeError, "mask must be an int, got True"),
        (partial(vocabulary, 3, precision="float65"), ValueError, "precision must be .*got 'float65'"),
    ]


def of_networks() -> list[Case]:
    return [
        (partial(networks, mask="middle"), ValueError, "mask must be .* or 'none', got 'middle'"),
        (partial(networks, L=0), ValueError, "L must be .* 1 <= smallest <= largest, got 0"),
        (partial(networks, L=(3, 2.0)), TypeError, r"L must be an int or a pair of ints .*got \(3, 2.0\)"),
    ]


def of_sequences() -> list[Case]:
    return [
        (partial(network_sequences, 1), ValueError, "K must be at least 2, got 1"),
        (partial(network_sequences, 3, L=0), ValueError, "L must be at least 1, got 0"),
        (partial(network_sequences, 3, L="8"), TypeError, "L must be an int, got '8'"),
    ]


def of_declared_networks() -> list[Case]:
    made = partial(subject, abs, networks())
    return [
        (partial(made, padding="rigth"), ValueError, "padding must be one of .*got 'rigth'; did you mean 'right'"),
        (partial(made, mask_forms="bool"), TypeError, "mask_forms must be a tuple of names, got 'bool'"),
        (partial(made, mask_forms=("flags",)), ValueError, "mask_forms must be of 'bool', .*got 'flags'"),
        (partial(made, block_length=True), TypeError, "block_length must be an int, got True"),
        (partial(made, block_length=0), ValueError, "block_length must be at least 1, got 0"),
        (partial(made, padding_id=-1), TypeError, "padding_id must be a class id, or a function p -> id, got -1"),
        (partial(made, sees_time="yes"), TypeError, "sees_time must be True or False, got 'yes'"),
        (partial(made, sees_every_position=1), TypeError, "sees_every_position must be True or False, got 1"),
        (partial(made, equivariant="no"), TypeError, "equivariant must be True or False, got 'no'"),
        (partial(made, roundings="few"), TypeError, "roundings must be a number, got 'few'"),
        (partial(made, roundings=0), ValueError, "roundings must be positive and finite, got 0"),
    ]


def of_ranges(space: Any) -> list[Case]:
    return [
        (partial(space, K="3"), TypeError, "K must be an int or a pair of ints .*got '3'"),
        (partial(space, K=(2.0, 3)), TypeError, r"K must be an int or a pair of ints .*got \(2.0, 3\)"),
        (partial(space, K=(1, 2)), ValueError, r"K must be .* 2 <= smallest <= largest, got \(1, 2\)"),
        (partial(space, K=(3, 2)), ValueError, r"K must be .* 2 <= smallest <= largest, got \(3, 2\)"),
    ]


def of_degradations() -> list[Case]:
    return [
        (degradations, ValueError, "families must be chosen from .*got none"),
        (partial(degradations, "gauss"), ValueError, "no family named 'gauss'; did you mean 'discretized"),
        (partial(degradations, "uniform", clock="sun"), ValueError, "clock must be 'discrete'.* or 'both', got 'sun'"),
        (partial(degradations, "uniform", T=(0, 2)), ValueError, r"T must be an int or a pair .*got \(0, 2\)"),
    ]


def of_mutants() -> list[Case]:
    wrong = partial(mutated, MINE, "wrong")
    return [
        (partial(mutated, "mine", "wrong", posterior=print), TypeError, "subject must be a Subject, got str"),
        (partial(mutated, MINE, 3, posterior=print), TypeError, "name must be a string, got 3"),
        (partial(wrong, posteriour=print), ValueError, "no capability 'posteriour'; did you mean 'posterior'"),
        (partial(wrong, posterior=3), TypeError, "posterior must be a function of the right subject.*got 3"),
        (partial(wrong, build=3), TypeError, "build must be a function of the right subject.*got 3"),
        (partial(wrong, loss=print), ValueError, "'mine' offers none of what is mistaken: loss"),
        (wrong, ValueError, "'mine' offers none of what is mistaken: nothing"),
    ]


class Silent(Protocol):
    """A vocabulary without meanings."""

    def alpha(self, t: Times) -> Times: ...


class Untyped(Protocol):
    """A vocabulary whose arguments are anything."""

    def alpha(self, t: float) -> Times:
        """Something."""
        ...


def of_kinds() -> list[Case]:
    return [
        (partial(enter, "mine"), TypeError, "kind must be a Kind, got str"),
        (partial(enter, KIND("classes", "Mine", Silent, int)), ValueError, "another kind named 'classes'"),
        (partial(enter, KIND("silent", "Mine", Silent, int)), TypeError, "Silent.alpha needs a docstring"),
        (
            partial(enter, KIND("typed", "Mine", CLASSES.vocabulary, int, derivatives={"slope": ("los", "t")})),
            ValueError,
            r"derivatives\['slope'\] must be of an argument of a capability, got \('los', 't'\)",
        ),
        (
            partial(enter, KIND("typed", "Mine", CLASSES.vocabulary, int, derivatives={"slope": ("loss", "z")})),
            ValueError,
            r"derivatives\['slope'\] must be of an argument of a capability, got \('loss', 'z'\)",
        ),
    ]


def bad_subjects() -> list[Bad]:
    return [
        *named("Subject", of_subject()),
        *named("Subject.but", [(partial(MINE.but, ouput="subs"), TypeError, "a subject declares .*not 'ouput'")]),
        *named("Subject.but", [(partial(MINE.but, build=3), TypeError, "build must be a class or a function.*got 3")]),
        *named("Vocabulary", of_vocabularies()),
        *named("autoregression", of_ranges(autoregression)),
        *named("autoregression", [(partial(autoregression, mask="none"), ValueError, "mask must be .*got 'none'")]),
        *named("embeddings", of_ranges(embeddings)),
        *named("networks", of_ranges(networks)),
        *named("networks", of_networks()),
        *named("Sequences", of_sequences()),
        *named("Subject", of_declared_networks()),
        *named("degradations", of_degradations()),
        *named("mutated", of_mutants()),
        *named("read", [(partial(read, Silent), TypeError, "Silent.alpha needs a docstring: what it means")]),
        *named("read", [(partial(read, Untyped), TypeError, "Untyped.alpha: t must be annotated with a type of shape")]),
        *named("up_to", [(partial(up_to, "dusk"), ValueError, "ends must be 'data' or 'noise', got 'dusk'")]),
        *named("only_on", [(partial(only_on, "sun"), ValueError, "clock must be 'discrete' or 'continuous', got 'sun'")]),
        *named("enter", of_kinds()),
        *named("kind", [(partial(kinds.kind, "reals"), ValueError, "kind must be one of .*got 'reals'")]),
    ]
