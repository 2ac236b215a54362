"""Gaussian diffusion, smoothness, and degradations of real data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, get_args

import torch
from torch import Tensor

from benchmarks.synchronizations.call import Call
from benchmarks.synchronizations.chains import waits_for
from benchmarks.synchronizations.inputs import PROCESSES, K, N
from unmask.implementations import (
    VDM,
    Blur,
    Chain,
    GaussianDiffusion,
    GaussianMixture,
    Interpolating,
    LinearLogSNR,
    LogSNRGrid,
    Shift,
    arg_max_alpha,
    arg_max_noised,
    arg_max_slope,
    decode,
    directional_derivative,
    distances_of_columns,
    error_by_frequency,
    interpolant,
    least_lipschitz,
    local_lipschitz,
    log_kernel,
    mutual_information,
    projective_distance,
    projective_distances,
    restore,
    restore_naively,
)
from unmask.implementations.gaussian.vdm import Prediction
from unmask.implementations.smoothness.diagnostics import Basis

#: Numbers in an example.
D = 4


def _network(xt: Tensor, t: Tensor) -> Tensor:
    return 0.5 * xt


def _reals(steps: bool) -> dict[str, Tensor]:
    source = torch.Generator().manual_seed(0)
    data = {name: torch.randn(N, D, generator=source) for name in ("x0", "xt", "noise", "output")}
    if steps:
        return {**data, "s": torch.tensor([0, 1, 2]), "t": torch.tensor([1, 2, 3]), "times": torch.tensor([4, 2, 1])}
    times = {"s": [0.125, 0.25, 0.5], "t": [0.25, 0.5, 0.75], "times": [1.0, 0.5, 0.25]}
    return {**data, **{name: torch.tensor(values, dtype=torch.float64) for name, values in times.items()}}


def gaussian() -> Iterator[Call]:
    """The process, the methods of each prediction, and the exact law of a mixture."""
    for of, schedule in {"": LinearLogSNR(5.0, -3.0), "steps": LogSNRGrid([4.0, 2.0, 1.0, 0.0, -3.0])}.items():
        given, process = _reals(schedule.T is not None), GaussianDiffusion(schedule)
        yield from _diffusion(of, given, process)
        for prediction in get_args(Prediction):
            yield from _vdm(", ".join(filter(None, (of, prediction))), given, VDM(process, prediction))
        yield from _mixture(of, given, process)


def arg_maxes() -> Iterator[Call]:
    """The alpha of the arg max, and what belongs to it."""
    given = {"log_snr": torch.tensor([-3.0, 0.0, 5.0])}
    for function in (arg_max_alpha, arg_max_noised, arg_max_slope):
        yield Call(function.__name__, "", given, _at_log_snr(function))


def _at_log_snr(function: Callable[[Tensor, int], Tensor]) -> Callable[[Any], Any]:
    return lambda a: function(a.log_snr, 6)


def _diffusion(of: str, given: dict[str, Tensor], p: GaussianDiffusion) -> Iterator[Call]:
    runs: dict[str, Callable[[Any], Any]] = {
        "alpha": lambda a: p.alpha(a.t),
        "sigma": lambda a: p.sigma(a.t),
        "transition": lambda a: p.transition(a.s, a.t),
        "bridge": lambda a: p.bridge(a.s, a.t),
        "prior_variance": lambda a: p.prior_variance(a.t),
        "last": lambda a: p.last(a.t.device),
        "marginal": lambda a: p.marginal(a.x0, a.t),
        "posterior": lambda a: p.posterior(a.x0, a.xt, a.s, a.t),
        "sample": lambda a: p.sample(a.x0, a.t, a.generator),
        "noised": lambda a: p.noised(a.x0, a.noise, a.t),
        "prior_kl": lambda a: p.prior_kl(a.x0),
        "check": lambda a: p.check(x0=a.x0, xt=a.xt, s=a.s, t=a.t),
    }
    for name, run in runs.items():
        yield Call(f"GaussianDiffusion.{name}", of, given, run)


def _vdm(of: str, given: dict[str, Tensor], m: VDM) -> Iterator[Call]:
    losses: dict[str, Callable[[Any], Any]] = {
        "loss": lambda a: m.loss(a.output, a.x0, a.xt, a.t),
        "term": lambda a: m.term(a.output, a.x0, a.xt, a.s, a.t),
    }
    for name, run in losses.items():
        yield Call(f"VDM.{name}", of, given, run, wrt="output")
    runs: dict[str, Callable[[Any], Any]] = {
        "training_loss": lambda a: m.training_loss(_network, a.x0, a.t, a.generator),
        "denoise": lambda a: m.denoise(a.output, a.xt, a.t),
        "noise": lambda a: m.noise(a.output, a.xt, a.t),
        "score": lambda a: m.score(a.output, a.xt, a.t),
        "velocity": lambda a: m.velocity(a.output, a.xt, a.t),
        "reverse": lambda a: m.reverse(a.output, a.xt, a.s, a.t),
        "step": lambda a: m.step(a.output, a.xt, a.s, a.t, a.generator),
        "deterministic_step": lambda a: m.deterministic_step(a.output, a.xt, a.s, a.t),
        "generate": lambda a: m.generate(_network, (N, D), a.times, a.generator),
    }
    for name, run in runs.items():
        yield Call(f"VDM.{name}", of, given, run)


def _mixture(of: str, given: dict[str, Tensor], p: GaussianDiffusion) -> Iterator[Call]:
    method = VDM(p)
    yield Call("decode", of, given, lambda a: decode(p, a.noise, a.xt, a.t))
    runs: dict[str, Callable[[GaussianMixture, Any], Any]] = {
        "log_density": lambda m, a: m.log_density(a.xt, a.t),
        "log_posterior": lambda m, a: m.log_posterior(a.xt, a.t),
        "posterior_mean": lambda m, a: m.posterior_mean(a.xt, a.t),
        "posterior_covariance": lambda m, a: m.posterior_covariance(a.xt, a.t),
        "score": lambda m, a: m.score(a.xt, a.t),
        "best_output": lambda m, a: m.best_output(method, a.xt, a.t),
    }
    for name, run in runs.items():
        yield Call(f"GaussianMixture.{name}", of, given, _of_mixture(p, run))


def _of_mixture(p: GaussianDiffusion, run: Callable[[GaussianMixture, Any], Any]) -> Callable[[Any], Any]:
    """A mixture is made once, of points where they are: that may wait."""
    made: dict[torch.device, GaussianMixture] = {}

    def asked(a: Any) -> Any:
        if a.noise.device not in made:
            made[a.noise.device] = GaussianMixture(p, a.noise)
        return run(made[a.noise.device], a)

    return asked


def smoothness() -> Iterator[Call]:
    """Diagnostics of networks, functions of tokens, and distances of noisy states."""
    source = torch.Generator().manual_seed(0)
    x = torch.randn(4, 8, generator=source)
    given = {"x": x, "y": x.flip(0), "table": torch.randn(8, 3, generator=source), "law": x.softmax(-1)}
    yield Call("directional_derivative", "", given, lambda a: directional_derivative(torch.sin, a.x, a.y))
    yield Call("local_lipschitz", "", given, lambda a: local_lipschitz(torch.sin, a.x, a.generator, 2))
    for basis in get_args(Basis):
        yield Call("error_by_frequency", basis, given, _frequencies(basis))
    yield Call("least_lipschitz", "", given, lambda a: least_lipschitz(a.x, a.table))
    yield Call("interpolant", "", given, lambda a: interpolant(a.x, a.table, a.table[:2]))
    yield Call("distances_of_columns", "", given, lambda a: distances_of_columns(a.x))
    square = {"matrix": torch.eye(4).double(), "data": torch.full((4,), 0.25).double()}
    yield Call("mutual_information", "", square, lambda a: mutual_information(a.matrix, a.data))
    for of, process in PROCESSES.items():
        yield from _distances(of, process)


def _frequencies(basis: Any) -> Callable[[Any], Any]:
    return lambda a: error_by_frequency(a.x, a.y, basis)


def _distances(of: str, process: Interpolating | Chain) -> Iterator[Call]:
    time = torch.tensor(2) if process.T is not None else torch.tensor(0.5, dtype=torch.float64)
    given = {"t": time, "i": torch.tensor([0, 1]), "j": torch.tensor([2, 1])}
    looks = int(of == "discretized Gaussian")
    own = looks, "whether a probability is out of range"
    runs: dict[str, Callable[[Any], Any]] = {
        "log_kernel": lambda a: log_kernel(process, a.t),
        "projective_distance": lambda a: projective_distance(process, a.t, a.i, a.j),
        "projective_distances": lambda a: projective_distances(process, a.t),
    }
    for name, run in runs.items():
        # Some have closed forms, which ask for no row.
        closed = name != "log_kernel" and of.startswith("Ehrenfest")
        waits, why = (0, "") if closed else waits_for(of, name, *own)
        yield Call(name, of, given, run, waits, 0, why)


def degradation() -> Iterator[Call]:
    """Blurs, shifts, and their undoing."""
    source = torch.Generator().manual_seed(0)
    for of in ("uniform", "birth-death", "neighbors"):
        process = PROCESSES[of]
        given = {"x": torch.randn(N, K, generator=source), "t": torch.tensor([0.25, 0.5, 0.75]).double()}
        waits, why = waits_for(of, "Blur")
        yield Call("Blur", of, given, _blurred(process), waits, 0, why)
    given = {"x": torch.randn(N, K, generator=source), "t": torch.tensor([0.25, 0.5, 0.75]).double()}
    given["times"] = torch.tensor([1.0, 0.5, 0.0]).double()
    yield Call("Shift", "", given, lambda a: Shift(a.x, lambda t: t)(a.x, a.t))
    for undo in (restore_naively, restore):
        yield Call(undo.__name__, "", given, _restored(undo, "times"))
        yield Call(undo.__name__, "times of Python", given, _restored(undo, ""), 0, 1, "the times are copied once")


def _blurred(process: Interpolating | Chain) -> Callable[[Any], Any]:
    blur = Blur(process)
    return lambda a: blur(a.x, a.t)


def _restored(undo: Callable[..., Tensor], times: str) -> Callable[[Any], Any]:
    def run(a: Any) -> Tensor:
        shift = Shift(a.x, lambda t: t)
        return undo(shift, lambda x, t: 0.5 * x, a.x, getattr(a, times) if times else [1.0, 0.5, 0.0])

    return run


__all__ = ["degradation", "gaussian", "smoothness"]
