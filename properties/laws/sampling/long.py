"""Long sequences of a network that looks at each position by itself, whose law is that of each position."""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, independent, sampled
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats, until_one_fails
from unmask.properties.laws.sampling.grids import FEW_STEPS, KINDS, MANY_STEPS, Alone, as_fractions, drawn_times
from unmask.properties.laws.sampling.samplers import informative
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.tables.classes import Data, Model
from unmask.reference.sampling import samplers

CHAPTER = "Samplers"
#: Sequences, how many more of the sampler that takes many steps, and their positions: more than a buffer of 32.
ROWS, MORE, POSITIONS = 100, 3, 37
#: Samplers that such a sequence is asked of.
SAMPLERS = ("generate", "generate_cached", "generate_in_blocks", "generate_one_by_one", "infill")


@law(
    chapter=CHAPTER,
    tex=r"p_\theta(x_s|x_t) = \prod_i p_\theta(x_s^i|x_t^i) \implies p_\theta(x_0) = \prod_i \left(\pi P_n \cdots P_1\right)^i",
    cites="Austin et al. 2021, sec. 2; Sahoo et al. 2024, sec. 4.1 (ancestral sampling); Lou et al. 2024, alg. 2",
    mutants=(
        "generate-steps-to-the-time-before",
        "generate-stops-counting-steps",
        "generate-copies-far-positions",
        "cache-asks-for-two-rows-or-more",
    ),
    about=About(
        drawn_exactly=True,
        tensors=True,
        capabilities=lambda capability: capability.name in SAMPLERS,
    ),
    drawn=Drawn(floating=True, K=2, cost=8, most_T=None),
)
def long_sequences_follow_the_law_of_each_position(
    offers: Any, p: Process, model: Model, data: Data, seed: int
) -> list[Claim]:
    """Of a network that looks at each position by itself, long samples on any grid of times have independent positions, each of its exact law"""
    model = informative(model)
    rng = np.random.default_rng([seed, 89])
    kinds = np.arange(POSITIONS) % KINDS
    claims: list[Claim] = []
    laws: dict[Any, Array] = {}
    # On a clock of steps the simplest example skips some, on the other one it takes as many as can be.
    turn = seed + (p.T is not None)
    for name, sampler in offers.items():
        if name == "generate_one_by_one" and (not p.ends_in_its_prior or p.schedule.function is not None):
            continue
        timeless = name in ("generate_cached", "generate_one_by_one")
        network = Alone(model.frozen() if timeless else model)
        times = drawn_times(p, model, turn, sampler, MANY_STEPS if name == "generate" else FEW_STEPS)
        asked = name == "generate_one_by_one", timeless, len(times)
        if asked not in laws:
            laws[asked] = np.stack([_law(part, p, times, name) for part in network.parts])
        truth = laws[asked]
        if abs(truth.sum(-1) - 1).max() > 1e-9:
            continue
        rows = ROWS * MORE if name == "generate" else ROWS
        known = np.arange(ROWS)[:, None] % 2 + np.arange(POSITIONS) % 5 == 3
        given = {
            "network": network,
            "L": POSITIONS,
            "times": times,
            "x0": rng.choice(np.array(p.clean), (ROWS, POSITIONS)),
            "known": known,
            "blocks": [5, 11, POSITIONS - 16],
        }
        # One sequence by itself, and the others as a batch.
        parts = []
        for number, some in enumerate((slice(0, 1), slice(1, rows))):
            given |= {"N": some.stop - some.start, "generator": seed + number}
            own = {key: given[key][some] for key in ("x0", "known")}
            parts.append(sampler(p, *((given | own)[argument] for argument in sampler.capability.arguments)))
        found = np.concatenate(parts)
        claims += _claims_of_positions(
            name, found, truth, kinds, known if name == "infill" else np.zeros((1, POSITIONS), dtype=bool), p
        )
    if not claims:
        raise Unanswerable
    return claims


def _law(part: Any, p: Process, times: list[Any], name: str) -> Array:
    """The law of one position, ``[K]``."""
    if name == "generate_one_by_one":
        # Revealed once, whenever that is: drawn from what is said of a mask.
        return floats(part.predicted_table(0))[p.mask, 0]
    return floats(samplers.ancestral_law(p.truth, part.kernel, as_fractions(p, times), 1))


def _claims_of_positions(name: str, found: Array, truth: Array, kinds: Array, known: Array, p: Process) -> list[Claim]:
    """Claims about ``found [N, L]``, whose positions have the laws ``truth [KINDS, K]``, but for those that are known."""
    shown = np.where(known, -1, found)[..., None] == np.arange(p.K)
    by_kind = np.stack([shown[:, kinds == kind].sum((0, 1)) for kind in range(KINDS)])
    near: Any = {"ops": 64 * p.depth * p.K, "scale": p.K}
    texts = "position", [f"{name}: position {i}" for i in range(POSITIONS)]
    every = "kind", [f"{name}: positions {kind}, {kind + KINDS}, …" for kind in range(KINDS)]
    counted = [
        sampled(by_kind, truth, names=(every, "class"), label=f"{name}: all positions of a kind", **near),
        sampled(shown.sum(0), truth[kinds], names=(texts, "class"), label=f"{name}: each position", **near),
    ]
    if known.any():
        return counted
    label = f"{name}: positions and rows are independent"
    return until_one_fails(
        p, independent(found, truth, kinds, places=("positions", "rows"), label=label, **near), *counted
    )
