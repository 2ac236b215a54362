"""What Gaussian diffusion, its schedules and its samplers refuse."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tests.bad_input.bad import Bad, Wrong
from tests.bad_input.implementations.given import at, fast, rng
from tests.bad_input.implementations.samplers import GENERATOR, NETWORK, asked, kind, value

X = torch.tensor([[0.5, -0.5]])
POINTS = torch.tensor([[0.5, -0.5], [1.0, 0.0]])
HALF, QUARTER = at(0.5), at(0.25)
DEVICE = kind("device", "cpu", "device must be .*device, got str 'cpu'")


def network(xt: Tensor, t: Tensor) -> Tensor:
    return torch.zeros_like(xt)


def floats(name: str) -> tuple[Wrong, ...]:
    """What is wrong with data or an output of the shape of ``X``."""
    return (
        kind(name, [[0.5, -0.5]], f"{name} .*Tensor.*list"),
        kind(name, torch.tensor([[1, 2]]), f"{name} must have dtype.*int64"),
        value(name, X * math.nan, f"{name} must be finite, got nan"),
        value(name, X / 0, f"{name} must be finite, got inf"),
    )


def shaped(name: str) -> Wrong:
    return value(name, X[:, :1], rf"{name} must have shape \[1, 2\], got \[1, 1\]")


T = (
    value("t", at(1.5), r"t must be a time in \[0, 1\], got 1\.5"),
    value("t", at(math.nan), r"t .*got nan"),
    kind("t", torch.tensor([1]), "t must have dtype.*int64"),
)
LONG = value("t", at(0.5, 0.5), r"[st] must have shape \[[12]\], got \[[12]\]")
S = (
    value("s", HALF, r"s must be earlier than t, got s = 0\.5, t = 0\.5"),
    value("s", at(-0.25), r"s must be a time in \[0, 1\], got -0\.25"),
    value("s", at(0.1, 0.2), r"s must have shape \[1\], got \[2\]"),
)
X0, XT, OUTPUT = floats("x0"), floats("xt"), (*floats("output"), shaped("output"))


def bad_log_snrs() -> list[Bad]:
    linear = fast.LinearLogSNR()
    ends = (
        value("first", math.inf, r"first must be in .*got inf"),
        kind("first", "6", "first must be a number, got str '6'"),
        value("last", 6.0, r"last must be in .*got 6\.0"),
        value("last", math.nan, r"last .*got nan"),
    )
    between = {"first": 6.0, "last": -4.0}
    scheduled = [
        bad
        for name in ("LinearLogSNR", "CosineLogSNR", "LinearVarianceLogSNR")
        for bad in asked(name, *ends, **between)
    ]
    return [
        *scheduled,
        *asked("PolynomialLogSNR", *ends, value("n", 0, "n must be in .*got 0"), **between, n=2.0),
        *asked("LinearBetaLogSNR", value("first", -1.0, r"first .*got -1\.0"),
               value("last", math.inf, "last .*got inf"),
               value("last", 0.0, r"last must be positive when first is 0, got last = 0\.0"),
               value("start", -1.0, r"start .*got -1\.0"), first=0.0, last=20.0, start=0.0),
        *asked("LogSNRGrid", kind("values", 3, "values must be a sequence of numbers, got int 3"),
               value("values", [1.0], r"values must hold at least two numbers, got \[1\.0\]"),
               value("values", [1.0, 1.0], r"values must fall strictly, got 1\.0 and then 1\.0"),
               value("values", [1.0, -math.inf], r"values\[1\] .*got -inf"),
               kind("values", [1.0, "low"], r"values\[1\] must be a number, got str 'low'"), values=[1.0, 0.0]),
        *asked("LogSNRSteps", kind("schedule", 3, "schedule must be LogSNR, got int 3"),
               value("schedule", fast.LogSNRGrid([1.0, 0.0]), r"continuous clock \[0, 1\], got T = 1"),
               value("T", 0, "T must be at least 1, got 0"), schedule=linear, T=2),
        *asked("LogSNR.log_snr", *T, self=linear, t=HALF),
        *asked("LogSNR.gap", *T, *S, self=linear, s=QUARTER, t=HALF),
        *asked("LogSNR.rate", *T, self=linear, t=HALF),
        *asked("LogSNR.rate", value("t", torch.tensor([0]), r"t must be a time in \[1, 1\], got 0"),
               self=fast.LogSNRGrid([1.0, 0.0]), t=torch.tensor([1])),
        *asked("LogSNR.check_time", *T, self=linear, name="t", t=HALF),
        *asked("LogSNR.check_pair", *T, *S, self=linear, s=QUARTER, t=HALF),
    ]  # fmt: skip


def bad_processes() -> list[Bad]:
    p = fast.GaussianDiffusion(fast.LinearLogSNR())
    own = {"self": p, "x0": X, "t": HALF}
    return [
        *asked("GaussianDiffusion", kind("schedule", fast.LogLinear(), "schedule must be LogSNR, got LogLinear"),
               value("kind", "preserving", "kind must be one of .*got 'preserving'"),
               schedule=fast.LinearLogSNR(), kind="straight"),
        *asked("GaussianDiffusion.alpha", *T, self=p, t=HALF),
        *asked("GaussianDiffusion.sigma", *T, self=p, t=HALF),
        *asked("GaussianDiffusion.transition", *T, *S, self=p, s=QUARTER, t=HALF),
        *asked("GaussianDiffusion.bridge", *T, *S, self=p, s=QUARTER, t=HALF),
        *asked("GaussianDiffusion.prior_variance", *T, self=p, t=HALF),
        *asked("GaussianDiffusion.last", DEVICE, self=p, device=None),
        *asked("GaussianDiffusion.marginal", *X0, *T, LONG, **own),
        *asked("GaussianDiffusion.posterior", *X0, *XT, shaped("xt"), *T, LONG, *S, **own, xt=X, s=QUARTER),
        *asked("GaussianDiffusion.sample", *X0, *T, LONG, GENERATOR, **own, generator=rng()),
        *asked("GaussianDiffusion.noised", *X0, *floats("noise"), shaped("noise"), *T, LONG, **own, noise=X),
        *asked("GaussianDiffusion.prior_kl", *X0, self=p, x0=X),
        *asked("GaussianDiffusion.prior_kl",
               value("x0", torch.tensor(0.5), r"x0 must have shape \[N, \.\.\.\], got \[\]"),
               self=p, x0=X),
        *asked("GaussianDiffusion.check", *X0, *XT, *T, *S, **own, xt=X, s=QUARTER),
    ]  # fmt: skip


def bad_vdms() -> list[Bad]:
    p = fast.GaussianDiffusion(fast.LinearLogSNR())
    model = fast.VDM(p)
    said = {"self": model, "output": X, "xt": X, "t": HALF}
    at_t = (*OUTPUT, *XT, *T, LONG)
    drawn = {"self": model, "network": network, "generator": rng()}
    times = (
        value("times", at(1.0), r"times must hold at least two times, got \[1\.0\]"),
        value("times", at(0.5, 1.0), r"s must be earlier than t, got s = 1\.0, t = 0\.5"),
        value("times", at(2.0, 0.0), r"times must be a time in \[0, 1\], got 2\.0"),
        value("times", at(1.0, 0.0)[None], r"times must have shape \[M\], got \[1, 2\]"),
        kind("times", [1.0, 0.0], "times .*Tensor.*list"),
    )
    shapes = (
        kind("shape", 3, "shape must be a tuple of ints, got int 3"),
        value("shape", (), r"shape must begin with the number of samples, got \(\)"),
        value("shape", (-1, 2), r"shape\[0\] must be at least 0, got -1"),
    )
    return [
        *asked("VDM", kind("process", None, "process must be GaussianDiffusion, got NoneType"),
               value("prediction", "eps", "prediction must be one of .*got 'eps'"), process=p, prediction="noise"),
        *[bad for name in ("denoise", "noise", "score", "velocity") for bad in asked(f"VDM.{name}", *at_t, **said)],
        *asked("VDM.loss", *at_t, *X0, shaped("xt"), **said, x0=X),
        *asked("VDM.term", *at_t, *X0, *S, **said, x0=X, s=QUARTER),
        *asked("VDM.training_loss", NETWORK, *X0, *T, LONG, GENERATOR,
               value("network", lambda xt, t: xt[:, :1], "output must have shape"), **drawn, x0=X, t=HALF),
        *asked("VDM.reverse", *at_t, *S, **said, s=QUARTER),
        *asked("VDM.step", *at_t, *S, GENERATOR, **said, s=QUARTER, generator=rng()),
        *asked("VDM.deterministic_step", *at_t, *S, **said, s=QUARTER),
        *asked("VDM.generate", NETWORK, *shapes, *times, GENERATOR,
               kind("dtype", torch.int64, "dtype must be one of.*int64"),
               **drawn, shape=(1, 2), times=at(1.0, 0.0), dtype=torch.float32),
    ]  # fmt: skip


def bad_mixtures() -> list[Bad]:
    p = fast.GaussianDiffusion(fast.LinearLogSNR())
    mixture = fast.GaussianMixture(p, POINTS)
    points = (
        kind("points", [[0.5, -0.5]], "points .*Tensor.*list"),
        value("points", POINTS[:0], "points must hold at least one point, got none"),
        value("points", POINTS * math.nan, "points must be finite, got nan"),
    )
    asks = {"self": mixture, "xt": X, "t": HALF}
    rows = value("xt", X[:, :1], r"points must have shape \[M, 1\], got \[2, 2\]")
    clean = value("self", fast.GaussianMixture(fast.GaussianDiffusion(fast.LinearBetaLogSNR()), POINTS),
                  r"t must be a time with noise, got 0\.0")  # fmt: skip
    other = fast.VDM(fast.GaussianDiffusion(fast.LinearLogSNR()))
    names = ("log_density", "log_posterior", "posterior_mean", "posterior_covariance", "score")
    moments = [bad for name in names for bad in asked(f"GaussianMixture.{name}", *XT, *T, LONG, rows, **asks)]
    return [
        *moments,
        *asked("GaussianMixture.score", clean, **{**asks, "t": at(0.0)}),
        *asked("GaussianMixture", *points, kind("process", None, "process must be GaussianDiffusion, got NoneType"),
               value("weights", at(0.5, 0.6), "weights must sum to 1"),
               value("weights", at(1.0), r"weights .*shape \[2\]"),
               value("weights", at(1.0, 0.0), r"weights must be positive, got 0\.0"), process=p, points=POINTS,
               weights=at(0.5, 0.5)),
        *asked("GaussianMixture.best_output", *XT, *T, LONG, kind("method", None, "method must be VDM, got NoneType"),
               value("method", other, "method must be of this mixture's process"), **asks, method=fast.VDM(p)),
        *asked("decode", *points, value("points", X[:, :1], r"points must have shape \[M, 2\], got \[1, 1\]"),
               *XT, *T, LONG, kind("process", None, "process must be GaussianDiffusion"),
               process=p, points=POINTS, xt=X, t=HALF),
    ]  # fmt: skip


def bad_arg_maxes() -> list[Bad]:
    log_snr = (
        kind("log_snr", 0.5, "log_snr .*Tensor.*float"),
        kind("log_snr", torch.tensor([1]), "log_snr must have dtype.*int64"),
        value("log_snr", at(0.0, math.nan), "log_snr must not be NaN, got nan"),
    )
    classes = (value("K", 1, "K must be .*at least 2, got 1"), kind("K", 2.5, "K must be an int.*float 2.5"))
    functions = {"arg_max_alpha": fast.arg_max_alpha, "arg_max_noised": fast.arg_max_noised,
                 "arg_max_slope": fast.arg_max_slope}  # fmt: skip
    found = [bad for name in functions for bad in asked(name, *log_snr, *classes, log_snr=HALF, K=3)]
    steps = fast.LogSNRGrid([1.0, 0.0])
    schedule = (kind("log_snr", fast.Cosine(), "log_snr must be LogSNR, got Cosine"),
                value("log_snr", steps, r"log_snr must be on the continuous clock \[0, 1\], got T = 1"))  # fmt: skip
    return [*found, *asked("ArgMax", *schedule, *classes, log_snr=fast.CosineLogSNR(), K=3)]


def bad_gaussians() -> list[Bad]:
    return [*bad_arg_maxes(), *bad_log_snrs(), *bad_processes(), *bad_vdms(), *bad_mixtures()]
