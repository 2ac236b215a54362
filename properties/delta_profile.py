"""How far noise lets the data be told apart, over time: one call on a corruption process of your own.

``Delta_t(i, j)`` is Hilbert's projective distance of two noisy states (see the reference's ``projective_distance``).
Whatever the data, posteriors over the clean class differ by ``tanh(Delta/4)`` at most between the two, and for some
data they do: 1 says that noise does not smooth the target between them at all, 0 that nothing is left to be told.
"""

# Matplotlib is an extra, and need not be installed where this file is checked.
# pyright: reportMissingImports=false

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.subject import Subject

Floats: TypeAlias = npt.NDArray[np.float64]
#: How many numbers a block of columns that are compared may hold.
_BLOCK = 1 << 22
#: Colors that are told apart by everybody (Okabe and Ito), in the order in which they are used.
COLORS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000")
#: The three lines of a process, and how they are drawn.
LINES = {"neighbors": "-", "median": "--", "largest": ":"}


@dataclass(frozen=True)
class DeltaProfile:
    """``Delta_t`` at some times: made by :func:`delta_profile`.

    Attributes
    ----------
    name : what the picture calls the process.
    times : ``[n]``.
    neighbors, median, largest : ``[n]`` each, nats, maybe ``inf``: the median over pairs of adjacent ids
        ``(i, i+1)``, and the median and the largest over all pairs.  Pairs with the mask, and with states that nobody
        becomes, do not count; NaN where no pair is left.
    """

    name: str
    times: Floats
    neighbors: Floats
    median: Floats
    largest: Floats

    def __post_init__(self) -> None:
        shapes = {np.shape(getattr(self, line)) for line in ("times", *LINES)}
        if len(shapes) > 1 or len(next(iter(shapes))) != 1:
            raise ValueError(f"times, neighbors, median and largest must be [n] each, got shapes {sorted(shapes)}")

    def difference(self, line: str) -> Floats:
        """``tanh(Delta/4)`` of ``"neighbors"``, ``"median"`` or ``"largest"``: the largest total variation, ``[n]``.

        Raises
        ------
        ValueError : another line.
        """
        if line not in LINES:
            raise ValueError(f"line must be one of {tuple(LINES)}, got {line!r}")
        found: Floats = np.tanh(np.asarray(getattr(self, line)) / 4)
        return found


def delta_profile(
    process: Subject | Callable[[Any], Any],
    times: Sequence[Any],
    *,
    p: Process | None = None,
    mask: int | None = None,
    logs: bool = False,
    name: str = "",
) -> DeltaProfile:
    """The profile of a corruption process over ``times``.

    Parameters
    ----------
    process : a :class:`~unmask.properties.Subject` that offers ``transition`` or
        ``projective_distance``, or a function that takes a time and returns ``q(x_t = j|x_0 = i)`` as ``[K, K]``: an
        array or a tensor, sources before targets.
    times : at least one, in the process's own units.
    p : for a ``Subject``: which of its processes.
    mask : for a function: the id of the mask, which clean data does not hold; ``None`` where there is none.
    logs : the function returns logarithms, so that probabilities out of the range of floats still count.
    name : what the picture calls it.

    Raises
    ------
    TypeError, ValueError : what is not so; and a matrix that is not square, has NaN, or a row that does not sum to 1.

    >>> half = lambda t: [[1 - t / 2, t / 2], [t / 2, 1 - t / 2]]
    >>> delta_profile(half, [0.5, 1.0]).largest.round(3)
    array([2.197, 0.   ])
    """
    many: Any = times
    if not isinstance(many, (Sequence, np.ndarray, torch.Tensor)) or isinstance(many, str):
        raise TypeError(f"times must be a sequence of times, got {type(times).__name__} {times!r}")
    given: list[Any] = list(many)
    if not given:
        raise ValueError("times must hold at least one time, got []")
    if isinstance(process, Subject):
        if not isinstance(p, Process):
            raise TypeError(f"p must be the Process that the subject is asked about, got {p!r}")
        if not (process.can("transition") or process.can("projective_distance")):
            raise ValueError(f"process must offer transition or projective_distance, but {process.name!r} does not")
        mask, name = p.mask, name or process.name
        found = [_of_subject(process, p, t) for t in given]
    elif callable(process):
        found = [_of_kernel(_log_kernel(process(t), logs, t), mask) for t in given]
    else:
        raise TypeError(f"process must be a Subject or a function of time, got {type(process).__name__} {process!r}")
    rows = np.array([_summary(distance, mask) for distance in found])
    return DeltaProfile(name or "corruption", np.array([float(t) for t in given]), *rows.T)


def _of_subject(subject: Subject, p: Process, t: Time) -> Floats:
    dtype = torch.int64 if p.T is not None else p.dtype
    start, when = torch.zeros((), dtype=dtype), torch.as_tensor(t if p.T is not None else float(t), dtype=dtype)
    exact = subject.arrays == "exact"
    distance = subject.capability(p, "projective_distance")
    if distance is not None:
        return _numbers(distance(t=t if exact else when))
    transition = subject.capability(p, "transition")
    assert transition is not None
    kernel = transition(s=0, t=t) if exact else transition(s=start, t=when)
    return _of_kernel(_log_kernel(kernel, False, t), p.mask)


def _numbers(values: Any) -> Floats:
    plain = values.detach().cpu().double().numpy() if isinstance(values, torch.Tensor) else values
    return np.array(plain, dtype=np.float64)


def _log_kernel(values: Any, logs: bool, t: Any) -> Floats:
    matrix = _numbers(values)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) < 2:
        raise ValueError(f"process at t = {t} must be a matrix [K, K] with K >= 2, got shape {matrix.shape}")
    with np.errstate(invalid="ignore"):
        off = np.abs(np.exp(matrix).sum(-1) - 1) if logs else np.abs(matrix.sum(-1) - 1)
    # As coarse as float32 is: whoever returns columns for rows, or weights, is farther off.
    if not (off < 1e-4).all() or (not logs and not (matrix >= 0).all()):
        raise ValueError(f"process at t = {t} must have rows that are laws, got sums of 1 up to {off.max():.3g}")
    if logs:
        return matrix
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(matrix))


def _of_kernel(log_kernel: Floats, mask: int | None) -> Floats:
    """Distances of all columns, seen from all rows but the mask's: ``[K, K]``."""
    K = len(log_kernel)
    if mask is not None and (isinstance(mask, bool) or not isinstance(mask, int)):
        raise TypeError(f"mask must be an int or None, got {mask!r}")
    if mask is not None and not 0 <= mask < K:
        raise ValueError(f"mask must be in 0..{K - 1}, got {mask}")
    columns = np.delete(log_kernel, [] if mask is None else [mask], axis=0).T
    impossible = columns == -math.inf
    width = max(1, _BLOCK // columns.size)
    found = np.empty((K, K))
    for first in range(0, K, width):
        here = slice(first, first + width)
        silent = impossible[here, None] & impossible[None]
        with np.errstate(invalid="ignore"):
            difference = columns[here, None] - columns[None]
            high = np.where(silent, -math.inf, difference).max(-1)
            low = np.where(silent, math.inf, difference).min(-1)
            found[here] = high - low
    unseen = impossible.all(-1)
    found[unseen] = found[:, unseen] = math.nan
    return found


def _summary(distance: Floats, mask: int | None) -> tuple[float, float, float]:
    kept = np.delete(np.arange(len(distance)), [] if mask is None else [mask])
    pairs = distance[np.ix_(kept, kept)]
    beside, every = pairs.diagonal(1), pairs[np.triu_indices(len(kept), 1)]
    beside, every = beside[~np.isnan(beside)], every[~np.isnan(every)]
    return (_median(beside), _median(every), float(every.max()) if every.size else math.nan)


def _median(values: Floats) -> float:
    """The lower of the middle ones: a number that occurs, even among infinite ones."""
    return float(np.sort(values)[(len(values) - 1) // 2]) if values.size else math.nan


def draw_profiles(profiles: Sequence[DeltaProfile], path: str | Path, *, share: bool = True, title: str = "") -> None:
    """A picture of profiles in one file, SVG or PNG by its ending; the same bytes every time.  Needs matplotlib.

    Parameters
    ----------
    profiles : at least one.
    path : of the file that is written.
    share : times are divided by the last one of each profile, so that clocks of all kinds go from 0 to 1.
    title : stands above the picture.

    Raises
    ------
    TypeError, ValueError : what is not so.  ImportError : there is no matplotlib (the extra ``docs`` brings it).
    """
    listed = list(profiles)
    if not listed or not all(isinstance(profile, DeltaProfile) for profile in listed):
        raise ValueError(f"profiles must be at least one DeltaProfile, got {listed!r}")
    if not isinstance(path, (str, Path)):
        raise TypeError(f"path must be a str or a Path, got {type(path).__name__} {path!r}")
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "unmask", "svg.fonttype": "path", "font.size": 10}):
        figure = Figure(figsize=(7.2, 4.2), layout="constrained")
        axes = figure.add_subplot()
        for profile, color in zip(listed, COLORS * len(listed), strict=False):
            t = profile.times / profile.times.max() if share else profile.times
            lines = {line: profile.difference(line) for line in LINES}
            alike = all(np.array_equal(lines["neighbors"], other, equal_nan=True) for other in lines.values())
            for line, style in LINES.items():
                label = f"{profile.name}, {'all pairs' if alike else line}"
                axes.plot(t, lines[line], style, color=color, label=label, linewidth=1.6)
                if alike:
                    break
        axes.set_xlabel("time, as a share of the last" if share else "time")
        axes.set_ylabel("largest difference of two posteriors,\ntanh(Δ/4)")
        figure.suptitle(title, fontsize=11)
        axes.set_ylim(-0.03, 1.03)
        axes.grid(alpha=0.3)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        figure.legend(loc="outside right center", frameon=False, fontsize=8)
        date: dict[str, Any] = {"Date": None} if str(path).endswith(".svg") else {}
        figure.savefig(path, metadata=date)


__all__ = ["COLORS", "LINES", "DeltaProfile", "delta_profile", "draw_profiles"]
