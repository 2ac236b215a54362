"""Independence of draws: correct samplers are never accused, and every way to share noise is seen and named."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from unmask.properties.claims.claim import Verdict, independent
from unmask.properties.claims.judges import judge

EPS = float(np.finfo(np.float64).eps)
Array = Any
Noise = Callable[[np.random.Generator, int, int], Array]


def drawn(law: Array, group: Array, noise: Array) -> Array:
    """Classes by inversion, as samplers draw them: ``[D, N]`` for uniform noise of that shape."""
    ends = law.cumsum(-1)[:, :-1]
    return (noise[..., None] >= ends[group]).sum(-1)


def judged(draws: Array, law: Array, group: Array | None = None, eps: float = EPS) -> Verdict:
    return judge(independent(draws, law, group), eps)


def groups_of(kind: str, G: int, N: int, rng: np.random.Generator) -> Array:
    return {"in turns": np.arange(N) % G, "in blocks": np.arange(N) * G // N, "mixed": rng.integers(0, G, N)}[kind]


# --- correct samplers ---------------------------------------------------------------------------------------

TINY = np.array([[1 - 3e-6, 1e-6, 2e-6], [0.5, 0.5 - 1e-9, 1e-9], [1e-3, 0.0, 0.999], [0.0, 1.0, 0.0]])


@pytest.mark.parametrize(
    ("law", "D", "N"),
    [
        (np.array([[0.5, 0.5]]), 1, 997),
        (np.array([[0.5, 0.5]]), 9, 30),
        (np.array([[0.2, 0.3, 0.5], [0.9, 0.05, 0.05]]), 2, 401),
        (np.array([[0.1, 0.2, 0.3, 0.4], [0.25] * 4, [0.97, 0.01, 0.01, 0.01]]), 3, 350),
        (np.array([[0.2] * 5, [0.6, 0.1, 0.1, 0.1, 0.1]]), 2, 1001),
        (TINY, 2, 503),
        (np.full((1, 40), 1 / 40), 2, 333),
        (np.array([[0.3, 0.7]]), 1, 2),
        (np.array([[0.3, 0.7]]), 5, 1),
    ],
)
@pytest.mark.parametrize("kind", ["in turns", "in blocks", "mixed"])
def test_a_correct_sampler_is_never_accused(law: Array, D: int, N: int, kind: str) -> None:
    for seed in range(100):
        rng = np.random.default_rng([seed, N, len(law)])
        group = groups_of(kind, len(law), N, rng)
        verdict = judged(drawn(law, group, rng.random((D, N))), law, group)
        assert verdict.holds, (seed, verdict)


def test_the_probability_told_is_no_less_than_the_true_one() -> None:
    """What the verdict says of the worst event, it says of 400 correct samplers: at most a tenth are below a tenth."""
    law = np.array([[0.5, 0.3, 0.2]])
    said = [
        float(judged(drawn(law, np.zeros(200, dtype=int), rng.random((2, 200))), law).gap.rsplit(" ", 1)[1])
        for rng in map(np.random.default_rng, range(400))
    ]
    assert all(np.mean(np.array(said) <= level) <= level + 3 * math.sqrt(level / 400) for level in (0.01, 0.1, 0.3))


def test_what_is_certain_tells_nothing() -> None:
    assert judged(np.zeros((3, 100), dtype=int), np.array([[1.0, 0.0]])).holds
    # Every second row is certain, and all certain rows agree.
    law = np.array([[1.0, 0.0, 0.0], [0.25, 0.5, 0.25]])
    group = np.arange(1001) % 2
    assert judged(drawn(law, group, np.random.default_rng(5).random((2, 1001))), law, group).holds
    # A law that is not certain, and that no row follows.
    assert judged(np.zeros((2, 50), dtype=int), law, np.zeros(50, dtype=int)).holds
    assert judged(np.zeros((0, 5), dtype=int), law).holds
    assert judged(np.zeros((5, 0), dtype=int), law).holds
    assert judged(np.zeros((1, 1), dtype=int), law).holds


# --- shared noise -------------------------------------------------------------------------------------------


def repeated(period: int) -> Noise:
    return lambda rng, D, N: np.tile(rng.random((D, period)), -(-N // period))[:, :N]


def mirrored(lag: int) -> Noise:
    """Blocks of ``lag`` rows, each followed by its mirror image."""

    def noise(rng: np.random.Generator, D: int, N: int) -> Array:
        first = rng.random((D, -(-N // (2 * lag)), 1, lag))
        return np.concatenate([first, 1 - first], axis=2).reshape(D, -1)[:, :N]

    return noise


def doubled(lag: int) -> Noise:
    """Blocks of ``lag`` rows, each drawn twice."""
    return lambda rng, D, N: np.repeat(rng.random((D, -(-N // (2 * lag)), 1, lag)), 2, axis=2).reshape(D, -1)[:, :N]


LAWS = {
    "coin": np.array([[0.5, 0.5]]),
    "skewed": np.array([[0.9, 0.1]]),
    "three classes, two laws": np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]]),
    "five classes": np.array([[0.1, 0.3, 0.2, 0.25, 0.15]]),
}


@pytest.mark.parametrize("law", list(LAWS.values()), ids=list(LAWS))
@pytest.mark.parametrize("N", [2000, 2001])
@pytest.mark.parametrize(
    ("noise", "lag"),
    [
        (doubled(1), 1),
        (doubled(1000), 1000),
        (repeated(5), None),
        (repeated(7), 7),
        (repeated(17), 17),
        (repeated(101), 101),
        (repeated(1500), 1500),
        (doubled(7), 7),
        (doubled(256), 256),
    ],
    ids=["neighbors", "half", "period 5", "7", "17", "101", "1500", "pairs 7 apart", "pairs 256 apart"],
)
def test_rows_that_share_noise_are_seen_at_any_distance(law: Array, N: int, noise: Noise, lag: int | None) -> None:
    rng = np.random.default_rng([N, len(law)])
    group = np.arange(N) * len(law) // N
    verdict = judged(drawn(law, group, noise(rng, 2, N)), law, group)
    assert not verdict.holds
    # With so few different noises as five, rows of other distances may agree as well.
    said = "neighboring rows agree" if lag == 1 else f"rows {lag} apart agree" if lag else "more often than chance"
    assert said in verdict.where


@pytest.mark.parametrize("law", [v for k, v in LAWS.items() if k != "skewed"], ids=[k for k in LAWS if k != "skewed"])
@pytest.mark.parametrize("lag", [1, 7, 64, 1000])
def test_antithetic_rows_are_seen(law: Array, lag: int) -> None:
    N = 2000
    group = np.arange(N) * len(law) // N
    verdict = judged(drawn(law, group, mirrored(lag)(np.random.default_rng(lag), 2, N)), law, group)
    assert not verdict.holds
    assert ("neighboring rows differ" if lag == 1 else f"rows {lag} apart differ") in verdict.where


@pytest.mark.parametrize("law", list(LAWS.values()), ids=list(LAWS))
@pytest.mark.parametrize(
    ("shift", "said"),
    [
        (0, "the same rows of calls 0 and 1 agree"),
        (41, "rows of calls 0 and 1, 41 rows later in the second, agree"),
        (-3, "rows of calls 0 and 1, 3 rows earlier in the second, agree"),
        (1000, "apart in"),
    ],
)
def test_calls_that_share_noise_are_seen_at_any_distance(law: Array, shift: int, said: str) -> None:
    N = 2000
    once = np.random.default_rng(shift + 5).random(N)
    group = np.arange(N) % len(law) if shift == 0 else np.arange(N) * len(law) // N
    verdict = judged(drawn(law, group, np.stack([once, np.roll(once, shift)])), law, group)
    assert not verdict.holds
    # Half a batch later and half a batch earlier are one.
    assert said in verdict.where or abs(shift) == 1000


def test_calls_that_are_not_neighbors() -> None:
    law, N = LAWS["five classes"], 2000
    noise = np.random.default_rng(3).random((6, N))
    noise[3:] = noise[:3]
    verdict = judged(drawn(law, np.zeros(N, dtype=int), noise), law)
    assert not verdict.holds
    assert "the same rows of calls 3 apart agree" in verdict.where
    noise[3:] = 1 - noise[:3]
    assert "the same rows of calls 3 apart differ" in judged(drawn(law, np.zeros(N, dtype=int), noise), law).where


def test_noise_that_belongs_to_classes() -> None:
    """Gumbel noise of each class, shared by neighbors whose laws differ."""
    law = np.array([[0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4], [0.3, 0.1, 0.4, 0.2]])
    N = 3000
    gumbel = -np.log(-np.log(np.random.default_rng(8).random((1, N // 2, 4))))
    draws = (np.log(law[np.arange(N) % 3]) + np.repeat(gumbel, 2, axis=1)).argmax(-1)
    verdict = judged(draws, law, np.arange(N) % 3)
    assert not verdict.holds
    assert "neighboring rows agree" in verdict.where


def test_noise_that_decides_whether_to_stay() -> None:
    """Rows at different classes leave them together, for places that are independent."""
    K, N, rng = 5, 4000, np.random.default_rng(9)
    group = np.arange(N) % K
    law = 0.6 * np.eye(K) + 0.4 / K
    leaves = np.repeat(rng.random((2, N // 2)) < 0.4, 2, axis=1)
    draws = np.where(leaves, rng.integers(0, K, (2, N)), group)
    verdict = judged(draws, law, group)
    assert not verdict.holds
    assert "neighboring rows" in verdict.where


# --- stratified noise ---------------------------------------------------------------------------------------


def stratified(rng: np.random.Generator, D: int, N: int) -> Array:
    return (np.arange(N) + rng.random((D, N))) / N


def shuffled(rng: np.random.Generator, D: int, N: int) -> Array:
    return rng.permuted(stratified(rng, D, N), axis=1)


def shuffled_in_chunks(size: int) -> Noise:
    def noise(rng: np.random.Generator, D: int, N: int) -> Array:
        parts = -(-N // size)
        return rng.permuted((np.arange(size) + rng.random((D, parts, size))) / size, axis=2).reshape(D, -1)[:, :N]

    return noise


def golden(rng: np.random.Generator, D: int, N: int) -> Array:
    return (np.arange(N) * (math.sqrt(5) - 1) / 2 + rng.random((D, 1))) % 1


def bits_reversed(rng: np.random.Generator, D: int, N: int) -> Array:
    corput = np.array([int(f"{n:016b}"[::-1], 2) for n in range(N)]) / 2**16
    return (corput + rng.random((D, 1))) % 1


@pytest.mark.parametrize("law", [LAWS["coin"], LAWS["five classes"]], ids=["coin", "five classes"])
@pytest.mark.parametrize("noise", [stratified, golden, bits_reversed, shuffled_in_chunks(8)])
def test_noise_of_low_discrepancy_is_seen(law: Array, noise: Noise) -> None:
    N = 5000
    assert not judged(drawn(law, np.zeros(N, dtype=int), noise(np.random.default_rng(4), 2, N)), law).holds


@pytest.mark.parametrize(
    ("law", "noise", "D", "N"),
    [
        (LAWS["coin"], shuffled, 20, 10_000),
        (LAWS["five classes"], shuffled, 5, 10_000),
        (LAWS["five classes"], shuffled_in_chunks(100), 4, 10_000),
        (LAWS["coin"], shuffled_in_chunks(100), 8, 10_000),
    ],
)
def test_counts_that_are_too_close_to_what_is_expected(law: Array, noise: Noise, D: int, N: int) -> None:
    verdict = judged(drawn(law, np.zeros(N, dtype=int), noise(np.random.default_rng([D, N]), D, N)), law)
    assert not verdict.holds
    assert "too close to what is expected" in verdict.where


def test_noise_stratified_for_each_law() -> None:
    """The rows of a law are shuffled among each other: ten laws are as good as ten calls."""
    rng = np.random.default_rng(2)
    law = rng.dirichlet(np.full(4, 5.0), 10)
    group = np.arange(10_000) % 10
    noise = np.empty((2, 10_000))
    for g in range(10):
        noise[:, group == g] = shuffled(rng, 2, 1000)
    verdict = judged(drawn(law, group, noise), law, group)
    assert not verdict.holds
    assert verdict.where == "counts in all rows of a law are too close to what is expected"


def test_clumps_without_a_distance_make_counts_vary() -> None:
    """Runs of rows share their noise, of random lengths, each in a random place: no two rows at one distance do."""
    rng = np.random.default_rng(12)
    N = 4096
    noise = np.empty((4, N))
    for call in noise:
        for block in call.reshape(-1, 256):
            block[:] = rng.permutation(np.repeat(rng.random(32), 8))
    verdict = judged(drawn(LAWS["coin"], np.zeros(N, dtype=int), noise), LAWS["coin"])
    assert not verdict.holds
    assert "too far from what is expected" in verdict.where


# --- arguments ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("draws", "law", "group", "named"),
    [
        ([0, 1], [[0.5, 0.5]], None, r"draws must be integers of shape \[D, N\]"),
        ([[0.0, 1.0]], [[0.5, 0.5]], None, "draws must be integers"),
        ([[0, 2]], [[0.5, 0.5]], None, "draws must be from 0 to 1"),
        ([[0, -1]], [[0.5, 0.5]], None, "draws must be from 0 to 1"),
        ([[0, 1]], [0.5, 0.5], None, r"probabilities must have shape \[G, K\]"),
        ([[0, 1]], [[0.5, 0.5]], [0], "group must be 2 integers"),
        ([[0, 1]], [[0.5, 0.5]], [0.0, 0.0], "group must be 2 integers"),
        ([[0, 1]], [[0.5, 0.5]], [0, 1], "group must be from 0 to 0"),
    ],
)
def test_bad_arguments_are_named(draws: Any, law: Any, group: Any, named: str) -> None:
    with pytest.raises(ValueError, match=f"^{named}"):
        independent(draws, law, group)


@pytest.mark.parametrize("name", ["ops", "scale"])
@pytest.mark.parametrize("bad", [math.inf, math.nan, -1.0])
def test_a_budget_that_is_none_is_refused(name: str, bad: float) -> None:
    budget: dict[str, Any] = {name: bad}
    with pytest.raises(ValueError, match=f"^{name} must be finite and not negative"):
        independent([[0, 1]], [[0.5, 0.5]], **budget)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("law", [[[0.5, 0.6]], [[1.5, -0.5]], [[math.nan, 1.0]], [[math.inf, 0.0]]])
def test_what_is_no_distribution_is_no_law_of_draws(law: Any) -> None:
    assert not judged(np.array([[0, 1] * 20]), np.array(law)).holds


@pytest.mark.filterwarnings("error")
def test_an_impossible_class_is_left_to_the_claim_about_counts() -> None:
    law = np.array([[0.5, 0.5, 0.0]])
    draws = drawn(law, np.zeros(500, dtype=int), np.random.default_rng(0).random((2, 500)))
    draws[:, ::2] = 2
    assert judged(draws, law).holds


def test_roundings_of_the_probabilities_are_granted() -> None:
    """Draws in single precision from probabilities that are off by its roundings."""
    law, N = np.array([[0.5, 0.25, 0.25 - 1e-5, 1e-5]]), 10_000
    moved = law + 64 * 2.0**-23 * np.array([1, -1, 1, -1]) / 2
    for seed in range(20):
        draws = drawn(moved, np.zeros(N, dtype=int), np.random.default_rng(seed).random((2, N)))
        assert judged(draws, law, eps=2.0**-23).holds
    shared = np.tile(np.random.default_rng(1).random((2, 17)), N)[:, :N]
    assert not judged(drawn(moved, np.zeros(N, dtype=int), shared), law, eps=2.0**-23).holds


def test_a_batch_of_ten_thousand_is_judged_at_once() -> None:
    """Meant to take 30 ms; the limit leaves room for a busy machine, and none for a loop over rows or distances."""
    law = LAWS["five classes"]
    draws = drawn(law, np.zeros(10_000, dtype=int), np.random.default_rng(0).random((2, 10_000)))
    taken = []
    for _ in range(5):
        started = time.perf_counter()
        assert judged(draws, law).holds
        taken.append(time.perf_counter() - started)
    assert min(taken) < 0.3
