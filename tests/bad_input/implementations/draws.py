"""What the draws and the score entropy refuse."""

from __future__ import annotations

import math

import torch

from tests.bad_input.bad import Bad, kind, value
from tests.bad_input.implementations.given import at, fast, ids, rng


def bad_draws() -> list[Bad]:
    return [
        kind("categorical", r"probabilities .*dtype.*int64", lambda: fast.categorical(ids(1, 0), rng())),
        kind("categorical", r"probabilities .*Tensor.*list", lambda: fast.categorical([0.5, 0.5], rng())),
        kind("categorical", r"generator .*Generator.*None", lambda: fast.categorical(at(0.5, 0.5), None)),
        value(
            "categorical",
            r"probabilities .*non-negative.*got -0\.5",
            lambda: fast.categorical(at(1.5, -0.5), rng()),
        ),
        value("categorical", r"probabilities .*got nan", lambda: fast.categorical(at(math.nan, 1.0), rng())),
        value("categorical", r"probabilities .*got inf", lambda: fast.categorical(at(math.inf, 1.0), rng())),
        value(
            "categorical",
            r"probabilities .*positive entry.*2 zeros",
            lambda: fast.categorical(at(0.0, 0.0), rng()),
        ),
        value("categorical", r"probabilities .*shape.*\[\]", lambda: fast.categorical(torch.tensor(1.0), rng())),
        value("categorical", r"probabilities .*shape.*\[3, 0\]", lambda: fast.categorical(torch.zeros(3, 0), rng())),
        kind("score_entropy", r"log_score .*dtype.*int64", lambda: fast.score_entropy(ids(0), at(1.0))),
        kind(
            "score_entropy",
            r"ratio .*dtype.*float32.*float64",
            lambda: fast.score_entropy(at(0.0), at(1.0).double()),
        ),
        value("score_entropy", r"ratio .*shape \[1\].*\[2\]", lambda: fast.score_entropy(at(0.0), at(1.0, 1.0))),
        value("score_entropy", r"ratio .*non-negative.*got -1", lambda: fast.score_entropy(at(0.0), at(-1.0))),
        value("score_entropy", r"log_score .*got nan", lambda: fast.score_entropy(at(math.nan), at(1.0))),
        value("score_entropy", r"log_score .*got inf", lambda: fast.score_entropy(at(math.inf), at(1.0))),
    ]


