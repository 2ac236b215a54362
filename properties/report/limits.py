"""The table of limits: everything that becomes something else, the laws that show it, and what they measured."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from unmask.properties.claims.claim import Fit
from unmask.properties.engine.record import UNJUDGED, Record, fit_to_json


@dataclass(frozen=True)
class Row:
    """One limit: its statement, at what rate it is claimed, and the laws about it."""

    limit: str
    statement: str
    rate: str
    laws: tuple[str, ...]


#: All limits, exact ones first.
ROWS: tuple[Row, ...] = (
    Row(
        "masked diffusion → BERT, one step",
        "one step of mask-and-uniform noise: BERT's loss on the selected positions, and the cost of copying the others",
        "exact",
        ("one_step_of_diffusion_is_bert_plus_copying",),
    ),
    Row(
        "masked diffusion → weighted masked language model",
        "mutual-information schedule: the cross-entropies of masked positions, weighted by 1/t",
        "exact",
        ("absorbing_diffusion_is_weighted_masked_language_modeling",),
    ),
    Row(
        "masked diffusion → any-order autoregression",
        "the NELBO is the mean over all orders of the autoregressive negative log-likelihood",
        "exact",
        ("nelbo_does_not_see_the_schedule",),
    ),
    Row(
        "masked diffusion is BERT with extra steps",
        "the true denoiser does not depend on time, given the visible tokens",
        "exact",
        ("the_masked_denoiser_does_not_depend_on_time",),
    ),
    Row(
        "autoregression is a D3PM",
        "masking one token a step, from the right: the NELBO is the next tokens' cross-entropy",
        "exact",
        ("autoregression_is_a_diffusion", "autoregression_reveals_one_token_a_step"),
    ),
    Row(
        "SEDD ↔ MDLM ↔ D3PM, absorbing",
        "one integrand in three formulas; D3PM's sum goes to its integral",
        "exact / O(1/T)",
        ("masked_cross_entropy_is_score_entropy", "nelbo_converges_as_steps_shrink"),
    ),
    Row(
        "discrete → continuous time",
        "NELBO_T goes to its continuous-time limit",
        "O(1/T), or T^(-2λ) for a slow mode",
        ("nelbo_converges_as_steps_shrink", "the_slowest_mode_sets_the_rate"),
    ),
    Row(
        "birth-death → heat equation",
        "on an interval with walls",
        "O(1/K²)",
        ("a_walk_becomes_heat_conduction",),
    ),
    Row(
        "discretized Gaussian → reflected Brownian motion",
        "T steps of variance τ/T, down to a floor in K",
        "O(T^(-3/2)) + O(1/K²)",
        ("small_steps_become_reflected_brownian_motion",),
    ),
    Row(
        "Ehrenfest → Ornstein-Uhlenbeck",
        "mean and variance exactly, the law with a correction by half a level",
        "O(1/S)",
        ("spins_become_an_ornstein_uhlenbeck_process",),
    ),
    Row(
        "score entropy → denoising score matching",
        "γ E|s − ∂ log q|² for scores exp(±h s) between levels",
        "O(1/K²), or O(1/K) for a score that is not zero at the walls",
        ("score_entropy_becomes_denoising_score_matching",),
    ),
    Row(
        "concrete score → score",
        "the log-ratio of neighbors over their distance",
        "O(h²)",
        ("log_ratios_of_neighbors_become_the_score", "a_denoisers_score_becomes_the_score"),
    ),
    Row(
        "ordinal ELBO → Gaussian ELBO",
        "a chain of any T against continuous time, for the same data; between walls as T grows",
        "O(σ² e^(-2π²σ²)) for steps of σ levels; between walls O(T^(-3/2)), or C/T, + O(1/K²)",
        ("the_ordinal_nelbo_becomes_the_gaussian_nelbo",),
    ),
)


def shown(records: Sequence[Record]) -> list[tuple[Row, list[Record]]]:
    """The rows with the records of their laws that were judged."""
    found = []
    for row in ROWS:
        of_row = [record for record in records if record.law in row.laws and record.status not in UNJUDGED]
        found.append((row, of_row))
    return found


class Line(NamedTuple):
    """One fit, or one law that holds without one, as the table of limits tells it."""

    limit: str
    rate: str
    law: str
    method: str
    claim: str
    predicted: str
    measured: str
    constant: str


def measured(records: Sequence[Record]) -> list[Line]:
    """One line a fit."""
    lines = []
    for row, of_row in shown(records):
        for record in of_row:
            for fit in record.fits or (None,):
                lines.append(Line(row.limit, row.rate, record.law, record.method, *_texts(record, fit)))
        if not of_row:
            lines.append(Line(row.limit, row.rate, "", "", "", "–", "not run", ""))
    return lines


def _texts(record: Record, fit: Fit | None) -> tuple[str, str, str, str]:
    """Claim, predicted, measured, constant."""
    if fit is None:
        return "", "exact", record.status, ""
    predicted = f"{fit.size_name}^-{fit.rate:g}" + (" or faster" if fit.at_least else "")
    if record.status == "broken":
        return fit.label, predicted, "BROKEN", ""
    if fit.slope is None or fit.spread is None or fit.constant is None:
        return fit.label, predicted, "attained to rounding", ""
    return fit.label, predicted, f"{fit.slope:.3f} ± {fit.spread:.3f}", f"{fit.constant:.3g}"


def write_limits(records: Sequence[Record], path: str | Path) -> None:
    """Write the rows with all fits, sizes and errors as strict JSON; fits as in ``laws.json``."""
    rows: list[dict[str, Any]] = []
    for row, of_row in shown(records):
        results = [
            {
                "law": record.law,
                "method": record.method,
                "status": record.status,
                "fits": [fit_to_json(fit) for fit in record.fits],
            }
            for record in of_row
        ]
        rows.append(
            {
                "limit": row.limit,
                "statement": row.statement,
                "rate": row.rate,
                "laws": list(row.laws),
                "results": results,
            }
        )
    text = json.dumps(rows, ensure_ascii=False, allow_nan=False, indent=1)
    Path(path).write_text(text + "\n", encoding="utf-8", newline="\n")


def limits_summary(records: Sequence[Record]) -> list[str]:
    """The table for a terminal: a line for each limit, with the range of slopes that all methods measured."""
    lines = []
    for row, of_row in shown(records):
        if not of_row:
            continue
        lines.append(f"{row.limit}: {row.rate}")
        broken = [f"{record.law} · {record.method}" for record in of_row if record.status == "broken"]
        by_claim: dict[tuple[str, str, float], list[Fit]] = {}
        for record in of_row:
            for fit in record.fits:
                by_claim.setdefault((fit.label, fit.size_name, fit.rate), []).append(fit)
        for (label, size_name, rate), fits in by_claim.items():
            slopes = [fit.slope for fit in fits if fit.slope is not None]
            constants = [fit.constant for fit in fits if fit.constant is not None]
            span = f"slope {_span(slopes)}, constant {_span(constants)}" if slopes else "attained to rounding"
            lines.append(f"    {label}: claimed {size_name}^-{rate:g}, {span} ({len(fits)} {_methods(len(fits))})")
        if not by_claim and not broken:
            count = len({record.method for record in of_row})
            lines.append(f"    holds exactly ({count} {_methods(count)})")
        lines += [f"    BROKEN: {name}" for name in broken]
    return lines


def _methods(count: int) -> str:
    return "method" if count == 1 else "methods"


def _span(values: Sequence[float]) -> str:
    low, high = f"{min(values):.3g}", f"{max(values):.3g}"
    return low if low == high else f"{low} to {high}"


__all__ = ["ROWS", "Line", "Row", "limits_summary", "measured", "shown", "write_limits"]
