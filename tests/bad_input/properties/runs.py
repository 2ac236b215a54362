"""What holding a subject against the laws refuses, before any work is done."""

from __future__ import annotations

from functools import partial

from tests.bad_input.bad import Bad
from tests.bad_input.properties.given import (
    BAYES,
    CONTINUOUS,
    MINE,
    UNIFORM,
    Case,
    P,
    addressed,
    book,
    conformance,
    examine,
    known,
    named,
    offering,
    power,
    replay,
    run,
    seeded,
    subject,
    tilt,
)


def of_run() -> list[Case]:
    return [
        (partial(run, budget="weekly"), ValueError, r"no budget named 'weekly' \(there are brief, quick, ci, nightly\)"),
        (partial(run, budget="nightlly"), ValueError, "did you mean 'nightly'"),
        (partial(run, precision="float65"), ValueError, "no dtype named 'float65' .*did you mean 'float64'"),
        (partial(run, precision="int64"), ValueError, "no dtype named 'int64'"),
        (partial(run, precision="half"), ValueError, "no dtype named 'half' .*did you mean 'float16'"),
        (partial(run, device="gpu"), ValueError, "no device named 'gpu'; did you mean 'cuda'"),
        (partial(run, device="cuda:99"), ValueError, "device 'cuda:99' is not on this machine"),
        (partial(run, device="meta"), ValueError, "device 'meta' cannot be used on this machine"),
        (partial(run, seed=-1), ValueError, "seed must be an integer of at least 0, got -1"),
    ]


def of_conformance() -> list[Case]:
    empty = subject(offering(), UNIFORM, name="empty")
    return [
        (partial(conformance, "package.module:MINE"), TypeError, "build must be a class or a function .*got 'package"),
        (partial(conformance, abs), TypeError, r"processes must come from processes\(.*got NoneType"),
        (partial(conformance, MINE, UNIFORM), TypeError, "a Subject has its processes and declarations: give it alone"),
        (partial(conformance, MINE, output="subs"), TypeError, "give it alone"),
        (partial(conformance, abs, UNIFORM, meaning="subs"), TypeError, "a subject declares output.*not 'meaning'"),
        (partial(conformance, empty), ValueError, "subject 'empty' offers nothing .*may offer alpha, rate,.* more: unmask cap"),
        (partial(conformance, unheard()), ValueError, "known of mine: no law named 'nobody_wrote_it'"),
    ]


def unheard() -> object:
    """A subject that knows a law which is not in the book."""
    return subject(offering(posterior=print), UNIFORM, name="mine", known={"nobody_wrote_it": "so"})


def of_replay() -> list[Case]:
    held = partial(replay, BAYES, MINE)
    good = partial(held, p=P, s=0)
    real = partial(held, p=CONTINUOUS, s="1/2")
    return [
        (partial(replay, "nobody_wrote_it", MINE, p=P), ValueError, "no law named 'nobody_wrote_it'"),
        (partial(replay, BAYES, 3, p=P), TypeError, "subject must be a Subject or its address.*got int"),
        (partial(replay, BAYES, "tests.methods", p=P), ValueError, r"'tests.methods' is \d+ subjects .*name one"),
        (partial(replay, BAYES, "no.such:M", p=P), ValueError, "'no.such:M': cannot import 'no.such'"),
        (partial(replay, "samples_follow_the_marginal", MINE, p=P), ValueError, "'mine': it does not offer sample"),
        (partial(held, p="uniform"), TypeError, "p must be a Process, got str"),
        (partial(good, t=1, q=3), ValueError, r"unknown inputs \['q'\]; a trial is described by"),
        (partial(good), ValueError, "t is missing: law .* speaks about times t"),
        (partial(good, t=1, r=0), ValueError, "r must be left out: law .* draws no time of that name"),
        (partial(good, t="later"), ValueError, "t must be an integer from 0 to 1, got 'later'"),
        (partial(good, t=2), ValueError, "t must be an integer from 0 to 1, got 2"),
        (partial(good, t=1.0), ValueError, r"t must be an integer from 0 to 1, got 1\.0"),
        (partial(held, p=P, s=1, t=0), ValueError, "s must not be after t, got s = 1 and t = 0"),
        (partial(real, t=1.5), ValueError, r"t must be .* from 0 to 1, got 1\.5"),
        (partial(real, t="1/0"), ValueError, "t must be .* from 0 to 1, got '1/0'"),
        (partial(real, t=float("nan")), ValueError, "t must be .* from 0 to 1, got nan"),
        (partial(real, t="1/4"), ValueError, "s must not be after t, got s = 1/2 and t = 1/4"),
        (partial(good, t=1, L=0), ValueError, "L must be an integer of at least 1, got 0"),
        (partial(good, t=1, seed=-1), ValueError, "seed must be an integer of at least 0, got -1"),
        (partial(good, t=1, style="baroque"), ValueError, "style must be one of .*got 'baroque'"),
        (partial(good, t=1, dtype="int64"), ValueError, "no dtype named 'int64'"),
        (partial(good, t=1, dtype="float65"), ValueError, "no dtype named 'float65'"),
        (partial(good, t=1, device="abacus"), ValueError, "no device named 'abacus'"),
    ]


def of_addresses() -> list[Case]:
    return [
        (partial(addressed, None), TypeError, "subject must be a Subject or its address.*got NoneType"),
    ]


def bad_runs() -> list[Bad]:
    return [
        *named("check_known", [(partial(known, unheard()), ValueError, "known of mine: no law named 'nobody_wrote_it'")]),
        *named("seeded", [(lambda: seeded(3).__enter__(), TypeError, "generator must be .*Generator, got int")]),
        *named("examine", [(partial(examine, "steps_compose", MINE, run()), TypeError, "law must be a Law, got str")]),
        *named("examine", [(partial(examine, book[BAYES], "m", run()), TypeError, "subject must be a Subject, got str")]),
        *named("examine", [(partial(examine, book[BAYES], MINE, "ci"), TypeError, "run must be a Run, got str")]),
        *named("smallest_error", [(partial(power, 0, 0.5, 3), ValueError, "n must be a positive integer, got 0")]),
        *named("smallest_error", [(partial(power, 9, 1.5, 3), ValueError, "p must be from 0 to 1, got 1.5")]),
        *named("smallest_error", [(partial(power, 9, 0.5, 3, 1), ValueError, "probability must be .*got 1")]),
        *named("smallest_tilt", [(partial(tilt, 0, [0.5, 0.5]), ValueError, "n must be a positive integer, got 0")]),
        *named("smallest_tilt", [(partial(tilt, 9, [0.5, 0.6]), ValueError, "law must have rows of probabilities")]),
        *named("smallest_tilt", [(partial(tilt, 9, [0.5, 0.5], 0), ValueError, "probability must be .*got 0")]),
        *named("Run", of_run()),
        *named("conformance", of_conformance()),
        *named("replay", of_replay()),
        *named("load_subjects", of_addresses()),
    ]
