"""What whole samplers, training times and the autoregressive chain refuse."""

from __future__ import annotations

import math
from operator import attrgetter
from typing import Any

import torch

from tests.bad_input.bad import Asked, Bad, Wrong
from tests.bad_input.implementations.given import MASK, K, absorbing, at, discrete, fast, ids, logits, rng


def asked(target: str, *wrong: Wrong, **good: Any) -> list[Bad]:
    return Asked(target, attrgetter(target)(fast), good, wrong).badly()


def value(name: str, bad: Any, says: str) -> Wrong:
    return Wrong(name, bad, ValueError, says)


def kind(name: str, bad: Any, says: str) -> Wrong:
    return Wrong(name, bad, TypeError, says)


def network(xt: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    return torch.zeros(*xt.shape, K)


GENERATOR = kind("generator", 7, "generator .*Generator.*int 7")
NETWORK = kind("network", 3, r"network must be a function of \(xt, t\), got int 3")
DEVICE = kind("device", "cpu", "device must be .*device, got str 'cpu'")
N = (value("N", -1, "N must be at least 0, got -1"), kind("N", 1.5, r"N must be an int, got float 1\.5"))
L = (value("L", 0, "L must be at least 1, got 0"), kind("L", "two", "L must be an int, got str 'two'"))
TIMES = (
    kind("times", 3, "times must be a sequence of numbers or a tensor, got int 3"),
    value("times", [1.0], r"times must hold at least two times, got \[1\.0\]"),
    value("times", [0.5, 1.0], r"times must decrease, got 0\.5 and then 1\.0"),
    value("times", [1.0, 0.5], r"times must end at 0, got 0\.5"),
    value("times", [2.0, 0.0], r"times\[0\] must be in \[0, 1\], got 2\.0"),
    value("times", [math.nan, 0.0], r"times\[0\] .*got nan"),
    kind("times", ["late", 0.0], r"times\[0\] .*'late'"),
    kind("times", torch.tensor([1, 0]), "times must have dtype .*int64"),
)


def bad_samplers() -> list[Bad]:
    mdlm = fast.MDLM(absorbing())
    start = {"method": mdlm, "network": network, "N": 1, "L": 2, "times": [1.0, 0.0], "generator": rng()}
    start["device"] = None
    blocks = {**{key: given for key, given in start.items() if key != "L"}, "blocks": [1, 1]}
    fill = {key: start[key] for key in ("method", "network", "times", "generator")}
    hit = {key: given for key, given in start.items() if key != "times"}
    step = {"method": mdlm, "network_or_output": network, "xt": ids(0, MASK), "s": at(0.25), "t": at(0.5)}
    method = kind("method", None, "method must .*None")
    return [
        *asked("ancestral", method, NETWORK, *N, *L, *TIMES, GENERATOR, DEVICE, **start),
        *asked("cached", method, NETWORK, *N, *L, *TIMES, GENERATOR, DEVICE, **start),
        *asked("semi_autoregressive", method, NETWORK, *N, *TIMES, GENERATOR, DEVICE,
               kind("blocks", 3, "blocks must be a sequence of ints, got int 3"),
               value("blocks", [], r"blocks must hold at least one length, got \[\]"),
               value("blocks", [1, 0], r"blocks\[1\] must be at least 1, got 0"),
               kind("blocks", [1.5], r"blocks\[0\] must be an int, got float 1\.5"), **blocks),
        *asked("first_hitting", method, NETWORK, *N, *L, GENERATOR, DEVICE,
               value("method", fast.MDLM(discrete()), r"method must be on the continuous clock \[0, 1\], got T = 5"),
               **hit),
        *asked("infill", method, NETWORK, *TIMES, GENERATOR, kind("x", [[0]], "x must be .*Tensor, got list"),
               value("x", ids(K, 0), r"x .*0\.\.3.*got 4"), value("x", ids(MASK, 0), "x .*mask id 3"), kind("x",
               ids(0, 1).float(), "x must have dtype.*float32"),
               value("known", torch.tensor([[True]]), r"known must have shape \[1, 2\], got \[1, 1\]"),
               kind("known", ids(0, 1), "known must have dtype.*int64"),
               **fill, x=ids(0, 1), known=torch.tensor([[True, False]])),
        *asked("two_stage_step", method, GENERATOR,
               kind("network_or_output", 3, "network_or_output must be a function"),
               kind("xt", ids(0, 1).float(), "xt must have dtype.*float32"), value("xt", ids(0, K), r"xt .*got 4"),
               value("s", at(0.5), r"s must be earlier.*0\.5"), value("t", at(1.5), r"t .*\[0, 1\].*got 1\.5"),
               **step, generator=rng()),
        *asked("inverse_one_minus_alpha", kind("schedule", None, "schedule must be Schedule, got NoneType"),
               value("schedule", discrete().schedule, r"schedule must be on the continuous clock \[0, 1\], got T = 5"),
               value("noised", at(1.5).double(), r"noised must be in .*got 1\.5"),
               kind("noised", at(0.5), "noised must have dtype.*float32"),
               kind("noised", 0.5, "noised .*Tensor.*float"),
               schedule=fast.LogLinear(), noised=at(0.5).double()),
        *asked("next_hit", kind("schedule", 0.5, r"schedule must be Schedule, got float 0\.5"), GENERATOR,
               value("schedule", discrete().schedule, "continuous clock.*got T = 5"),
               value("n_masked", torch.tensor([-1]), "n_masked must be at least 0, got -1"),
               kind("n_masked", at(1.0), "n_masked must have dtype.*float32"),
               value("t", at(2.0), "t .*got 2"), value("t", at(0.5, 0.5), r"t must have shape \[1\], got \[2\]"),
               schedule=fast.LogLinear(), n_masked=torch.tensor([1]), t=at(0.5), generator=rng()),
    ]


def bad_times() -> list[Bad]:
    T = (value("T", 0, "T must be at least 1, got 0"), kind("T", 2.5, r"T must be an int, got float 2\.5"))
    return [
        bad
        for name in ("uniform_times", "low_discrepancy_times", "antithetic_times")
        for bad in asked(name, *N, GENERATOR, *T, DEVICE, N=2, generator=rng(), T=None, device=None)
    ]


def bad_autoregression() -> list[Bad]:
    p = fast.Autoregression(2, K, MASK)
    time = (
        value("t", torch.tensor([3]), r"t must be a time in \[[01], 2\], got 3"),
        kind("t", at(1.0), "t must have dtype.*float32"),
        value("t", torch.tensor([1, 1]), r"t must have shape \[1\], got \[2\]"),
    )
    earlier = value("s", torch.tensor([2]), "s must be earlier than t, got s = 2, t = 2")
    clean = (
        value("x0", ids(0, MASK), "x0 must be clean data"),
        value("x0", ids(0, K), r"x0 .*0\.\.3.*got 4"),
        value("x0", ids(0, -1), r"x0 .*0\.\.3, got -1"),
        value("x0", ids(0), r"x.+ must have shape .*\[1, [12]\]"),
        kind("x0", at(0.0), "x0 must have dtype.*float32"),
    )
    noisy = (value("xt", ids(0, K), r"xt .*0\.\.3.*got 4"), kind("xt", [[0]], "xt .*Tensor.*list"))
    output = (
        value("output", logits(math.nan), "output .*got nan"),
        value("output", logits(positions=3), r"output .*\[1, 2, 4\], got \[1, 3, 4\]"),
        kind("output", logits().long(), "output .*dtype.*int64"),
    )
    own = {"self": p, "t": torch.tensor([2])}
    both = {**own, "s": torch.tensor([1]), "xt": ids(MASK, MASK)}
    cpu = torch.device("cpu")
    return [
        *asked("Autoregression", *L, value("K", 1, "K must be at least 2, got 1"),
               value("mask", K, r"mask must be in 0\.\.3, got 4"),
               kind("dtype", torch.int64, "dtype must be one of.*int64"), L=2, K=K, mask=MASK, dtype=torch.float32),
        *asked("Autoregression.marginal", *clean, *time, **own, x0=ids(0, 1)),
        *asked("Autoregression.sample", *clean, *time, GENERATOR, **own, x0=ids(0, 1), generator=rng()),
        *asked("Autoregression.noise", GENERATOR, kind("shape", 3, "shape must be a tuple of ints, got int 3"),
               self=p, shape=(2,), generator=rng(), device=cpu),
        *asked("Autoregression.posterior", *clean, *noisy, *time, earlier, **both, x0=ids(0, 1)),
        *asked("Autoregression.denoise", *output, *noisy, *time, **own, xt=ids(MASK, MASK), output=logits()),
        *asked("Autoregression.reverse", *output, *noisy, *time, earlier, **both, output=logits()),
        # A step reads, and checks, the outputs of the positions that it draws.
        *asked("Autoregression.step", *output, *noisy, *time, earlier, GENERATOR, **{**both, "s": torch.tensor([0])},
               output=logits(), generator=rng()),
        *asked("Autoregression.loss", *output, *clean, *noisy, *time,
               value("t", torch.tensor([0]), r"t .*\[1, 2\].*got 0"),
               **own, xt=ids(MASK, MASK), x0=ids(0, 1), output=logits()),
        *asked("Autoregression.prior_kl", *clean, self=p, x0=ids(0, 1)),
    ]


def bad_information() -> list[Bad]:
    law = torch.tensor([0.5, 0.5], dtype=torch.float64)
    eye = torch.eye(2, dtype=torch.float64)
    data = (
        kind("data", [0.5, 0.5], "data .*Tensor.*list"),
        value("data", law * 2, "data .*sum to 1"),
        value("data", eye, r"data .*shape.*\[2, 2\]"),
        value("data", torch.tensor([1.5, -0.5]), r"data .*non-negative.*-0\.5"),
        value("data", torch.tensor([math.nan, 1.0]), "data .*got nan"),
        value("data", law[:1] * 2, "data must have at least 2 classes, got 1"),
    )
    T = (value("T", 0, "T must be at least 1, got 0"), kind("T", 2.5, r"T must be an int, got float 2\.5"))

    def forgets(noise: float) -> torch.Tensor:
        return math.exp(-noise) * eye - math.expm1(-noise) * law.expand(2, 2)

    return [
        *asked("mutual_information", *data,
               value("matrix", 2 * eye, "matrix must have rows that sum to 1, got a sum of 2"),
               value("matrix", eye[:1], r"matrix .*\[2, 2\], got \[1, 2\]"),
               kind("matrix", eye.long(), "matrix .*dtype.*int64"),
               value("matrix", -eye, "matrix must be non-negative and finite, got -1"), matrix=eye, data=law),
        *asked("information_schedule", *data, *T,
               kind("kernel", 3, "kernel must be a function of the noise, got int 3"),
               value("kernel", lambda noise: law.expand(2, 2), r"kernel must be the identity at noise 0, got .*0\.5"),
               value("kernel", lambda noise: 2 * eye, r"kernel\(0\) must have rows that sum to 1"),
               kind("kernel", lambda noise: eye.long(), r"kernel\(0\) must have dtype.*int64"),
               value("data", torch.tensor([1.0, 0.0]), r"data must have at least two classes .*\[1\.0, 0\.0\]"),
               value("most", 0, "most .*got 0"), value("most", math.nan, "most .*got nan"),
               kernel=forgets, data=law, T=2, most=math.inf),
        *asked("betas_from_noise", kind("total_noise", [0.0, 1.0], "total_noise .*Tensor.*list"),
               value("total_noise", at(0.0), r"total_noise must hold at least two numbers, got \[0\.0\]"),
               value("total_noise", at(0.5, 1.0), r"total_noise must start at 0, got 0\.5"),
               value("total_noise", at(0.0, 1.0, 0.5), r"total_noise must not decrease, got 0\.5"),
               value("total_noise", at(0.0, math.nan), "total_noise must not decrease, got nan"),
               total_noise=at(0.0, 1.0)),
        *asked("information_grid", *data, *T, value("mask", 2, r"mask .*got 2"),
               value("mask", 1, r"data must give the mask 1 probability 0, got 0\.5"), data=law, T=2, mask=None),
    ]


def bad_heads_and_rates() -> list[Bad]:
    p = absorbing()
    loss = {"process": p, "score": logits(), "x0": ids(0, 1), "xt": ids(0, MASK), "t": at(0.5)}
    grid = fast.Grid([0.5, 0.25])
    drifting = fast.DriftingPrior(grid, torch.full((2, 3), 1 / 3, dtype=torch.float64))
    early = value("t", torch.tensor([0]), r"t .*\[1, 2\].*got 0")
    walk = fast.BirthDeath(fast.LogLinear(), 3)
    return [
        *asked("truncated_logistic", kind("location", [[0.0]], "location .*Tensor.*list"),
               kind("location", ids(0), "location must have dtype.*int64"),
               kind("log_scale", at(0.0).double(), "log_scale must have dtype.*float64"),
               value("log_scale", at(0.0, 0.0), r"log_scale must have shape \[1\], got \[2\]"),
               value("K", 1, "K must be at least 2, got 1"), kind("K", 4.0, "K must be an int, got float"),
               value("location", at(math.nan), "location must be finite, got nan"),
               value("log_scale", at(math.inf), "log_scale must be finite, got inf"), location=at(0.0),
               log_scale=at(0.0), K=2),
        *asked("concrete_score_loss", kind("process", None, "process must be Interpolating.*None"),
               value("process", discrete(), "process must be on the continuous clock .*got T = 5"),
               value("score", logits(math.inf), "score must be finite, got inf"), value("score",
               logits(positions=3), "score must have shape"),
               kind("score", logits().long(), "score must have dtype.*int64"),
               value("x0", ids(0, MASK), "x0 .*mask id 3"), value("x0", ids(0, K), "x0 .*got 4"),
               value("xt", ids(0, K), "xt .*got 4"), value("t", at(1.5), r"t .*got 1\.5"), **loss),
        *asked("Chain.rate_columns", value("t", at(1.5), r"t .*\[0, 1\].*got 1\.5"), value("xt",
               ids(0, 3), r"xt .*0\.\.2.*got 3"),
               value("self", drifting, r"process must be on the continuous clock \[0, 1\], got T = 2"),
               self=walk, xt=ids(0, 1), t=at(0.5)),
        *asked("DriftingPrior.rate", early, kind("t", at(1.0), "t must have dtype"), self=drifting,
               t=torch.tensor([1])),
        *asked("WithMask.rate", early, self=fast.WithMask(fast.BirthDeath(grid, 3), grid), t=torch.tensor([1])),
    ]


def bad_extras() -> list[Bad]:
    return [*bad_samplers(), *bad_times(), *bad_autoregression(), *bad_information(), *bad_heads_and_rates()]
