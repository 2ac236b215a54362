"""What turns a network's output into a model: the logistic head, autoregression, and squared errors of scores."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor

import unmask.implementations as fast
from unmask.implementations import (
    D3PM,
    SEDD,
    Autoregression,
    Cosine,
    Grid,
    Interpolating,
    LogLinear,
    MutualInformation,
    ancestral,
    concrete_score_loss,
    truncated_logistic,
)
from unmask.properties.claims import at_most, close, exact, sampled
from unmask.reference import MP

EPS = 2.0**-52
F64: dict[str, Any] = {"dtype": torch.float64}


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def one(*values: float, **options: Any) -> Tensor:
    return torch.tensor([values], **{**F64, **options})


# ---------------------------------------------------------------------- the logistic head
def definition(location: float, log_scale: float, K: int) -> list[Any]:
    """Log-probabilities by the definition, in 200 digits."""
    with MP.workdps(200):
        centre, scale = MP.mpf(location), MP.exp(MP.mpf(log_scale))

        def below(n: int) -> Any:
            """The logistic distribution function at the n-th edge."""
            edge = MP.mpf(2 * n - K) / (K - 1)
            return 1 / (1 + MP.exp(-(edge - centre) / scale))

        bins = [below(k + 1) - below(k) for k in range(K)]
        total = sum(bins)
        return [MP.log(b / total) for b in bins]


LOCATIONS = [0.0, 0.25, -1.0, 1.5, -4.0]
SCALES = [-3.5, -1.0, 0.0, 2.0, 12.0]


@pytest.mark.parametrize("K", [2, 3, 8, 33])
def test_logistic_head_is_its_definition(K: int) -> None:
    location, log_scale = (v.reshape(1, -1) for v in torch.meshgrid(one(*LOCATIONS)[0], one(*SCALES)[0], indexing="ij"))
    found = truncated_logistic(location, log_scale, K)[0]
    want = [definition(float(m), float(s), K) for m, s in zip(location[0], log_scale[0], strict=True)]
    wanted = torch.tensor([[float(v) for v in row] for row in want], **F64)
    # Exponents are as large as the largest logarithm; each rounding costs that much.
    scale = 1 + wanted.abs().amax(-1, keepdim=True)
    assert close(found.numpy(), wanted.numpy(), ops=16 + K, scale=scale.numpy()).judge(EPS).holds


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("log_scale", [-1e30, -1000.0, -80.0, -3.0, 0.0, 80.0, 1000.0, 1e30])
@pytest.mark.parametrize("location", [-1e30, -7.0, -1.0, 0.0, 0.3, 1.0, 1e30])
@pytest.mark.parametrize("K", [2, 5, 256])
def test_logistic_head_at_the_extremes(K: int, location: float, log_scale: float, dtype: torch.dtype) -> None:
    m = one(location, dtype=dtype).requires_grad_()
    s = one(log_scale, dtype=dtype).requires_grad_()
    log_p = truncated_logistic(m, s, K)
    assert log_p.dtype == dtype
    assert not log_p.isnan().any()
    assert (log_p <= 0).all()
    eps = torch.finfo(dtype).eps
    # Rounding log p by an ulp of its size moves p by at most eps |p log p|, and sum |p log p| is the entropy.
    budget = K + 8 if dtype != torch.bfloat16 else 1
    total = log_p.double().exp().sum(-1)
    assert close(total.detach().numpy(), 1.0, ops=budget, scale=1 + math.log(K)).judge(eps).holds
    likely = log_p[0, 0, int(log_p[0, 0].argmax())]
    likely.backward()
    assert m.grad is not None
    assert s.grad is not None
    assert m.grad.isfinite().all()
    assert s.grad.isfinite().all()


def test_logistic_head_in_its_limits() -> None:
    K = 5
    assert torch.allclose(truncated_logistic(one(0.3), one(50.0), K).exp(), one(*[0.2] * K).unsqueeze(1))
    for location, level in ((-9.0, 0), (-0.6, 1), (0.1, 2), (0.3, 3), (1.0, 4), (9.0, 4)):
        sharp = truncated_logistic(one(location), one(-2000.0), K).exp()[0, 0]
        assert exact(sharp.numpy(), torch.eye(K)[level].double().numpy()).judge(EPS).holds


def test_logistic_head_has_one_mode_and_falls_off() -> None:
    log_p = truncated_logistic(one(0.3), one(-1.0), 32)[0, 0]
    mode = int(log_p.argmax())
    assert mode == round((0.3 + 1) / 2 * 31)
    assert (log_p[: mode + 1].diff() > 0).all()
    assert (log_p[mode:].diff() < 0).all()


def test_logistic_head_gradients() -> None:
    """Also where the location is on a bin's edge, and where the scale is so small that bins are nearly certain."""
    K = 4
    m = one(0.0, 2 / 3, 4 / 3, -4 / 3, 0.1, 3.0).requires_grad_()
    s = one(0.0, -1.0, 0.5, -2.0, -1.5, 0.2).requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: truncated_logistic(a, b, K), (m, s))


def test_logistic_head_mirrors() -> None:
    left = truncated_logistic(one(0.3, -2.0), one(-1.0, 0.5), 7)
    right = truncated_logistic(one(-0.3, 2.0), one(-1.0, 0.5), 7)
    # The same terms, added up in another order.
    assert close(left.numpy(), right.flip(-1).numpy(), ops=16, scale=left.abs().amax().numpy()).judge(EPS).holds


def test_logistic_head_is_an_output() -> None:
    process = Interpolating.uniform(Grid([0.25, 0.5]), 4)
    output = truncated_logistic(torch.tensor([[0.0, 50.0]]), torch.tensor([[-100.0, -100.0]]), 4)
    xt, t = torch.tensor([[0, 1]]), torch.tensor([2])
    assert D3PM(process).reverse(output, xt, t - 1, t).isfinite().all()
    assert truncated_logistic(torch.zeros(0, 3), torch.zeros(0, 3), 4).shape == (0, 3, 4)


# ---------------------------------------------------------------------- autoregression
L, K, MASK = 3, 4, 3
CLEAN = torch.tensor(list(product(range(MASK), repeat=L)))


def next_logits(xt: Tensor, t: Tensor) -> Tensor:
    """Some network: logits that depend on everything that is visible."""
    place = torch.arange(1, L + 1, dtype=torch.float64)
    code = ((xt + 1) * place.sqrt()).sum(-1)
    grid = torch.arange(L * K, dtype=torch.float64).reshape(L, K)
    return torch.sin(code[:, None, None] * (1 + grid) + t[:, None, None])


def chain_rule(x0: Tensor) -> Tensor:
    """``-log p(x_0)``, token by token."""
    total = torch.zeros(len(x0), dtype=torch.float64)
    for i in range(L):
        seen = torch.where(torch.arange(L) < i, x0, MASK)
        logits = next_logits(seen, torch.full((len(x0),), L - i))[:, i, :MASK]
        total = total - logits.log_softmax(-1).gather(-1, x0[:, i : i + 1]).squeeze(-1)
    return total


def test_terms_are_the_next_tokens_cross_entropy() -> None:
    method = Autoregression(L, K, MASK, **F64)
    total = torch.zeros(len(CLEAN), dtype=torch.float64)
    for step in range(1, L + 1):
        t = torch.full((len(CLEAN),), step)
        xt = method.sample(CLEAN, t, rng())
        output = next_logits(xt, t)
        term = method.loss(output, CLEAN, xt, t)
        total = total + term
        # The same from the definition: KL between posterior and kernel.
        q, p = method.posterior(CLEAN, xt, t - 1, t), method.reverse(output, xt, t - 1, t)
        kl = torch.where(q > 0, q * (q.clamp(min=1e-9).log() - p.log()), 0.0).sum((-1, -2))
        assert close(term.numpy(), kl.numpy(), ops=16 * K, scale=4).judge(EPS).holds
    total = total + method.prior_kl(CLEAN)
    assert close(total.numpy(), chain_rule(CLEAN).numpy(), ops=16 * K, scale=8).judge(EPS).holds


def test_its_samples_follow_the_chain_rule() -> None:
    method = Autoregression(L, K, MASK, **F64)
    drawn = ancestral(method, next_logits, 20_000, L, list(range(L, -1, -1)), rng(1))
    assert not (drawn == MASK).any()
    codes = (drawn * torch.tensor([9, 3, 1])).sum(-1)
    law = (-chain_rule(CLEAN)).exp()
    assert sampled(torch.bincount(codes, minlength=27).numpy(), law.numpy(), ops=256).judge(EPS).holds


def test_masks_come_from_the_right() -> None:
    method = Autoregression(L, K, MASK)
    x0 = torch.tensor([[0, 1, 2]]).expand(4, L)
    t = torch.arange(4)
    wanted = [[0, 1, 2], [0, 1, MASK], [0, MASK, MASK], [MASK, MASK, MASK]]
    assert method.sample(x0, t, rng()).tolist() == wanted
    assert torch.equal(method.marginal(x0, t).argmax(-1), torch.tensor(wanted))
    assert (method.marginal(x0, t).sum(-1) == 1).all()
    assert torch.equal(method.noise((2, 2), rng(), torch.device("cpu")), torch.full((2, 2), MASK))


def test_autoregressive_posteriors() -> None:
    """Chapman-Kolmogorov, Bayes and the tower are statements about zeros and ones here."""
    method = Autoregression(L, K, MASK, **F64)
    for s in range(L):
        for t in range(s + 1, L + 1):
            times = [torch.full((len(CLEAN),), v) for v in (s, t)]
            xt = method.sample(CLEAN, times[1], rng())
            posterior = method.posterior(CLEAN, xt, *times)
            assert exact(posterior.numpy(), method.marginal(CLEAN, times[0]).numpy()).judge(EPS).holds
    impossible = torch.tensor([[1, 1, 0]])
    found = method.posterior(torch.tensor([[0, 1, 0]]), impossible, torch.tensor([0]), torch.tensor([1]))
    assert found.sum(-1).tolist() == [[0, 1, 0]]


def test_autoregressive_kernel_and_draws() -> None:
    method = Autoregression(L, K, MASK, **F64)
    xt, t = torch.tensor([[1, MASK, MASK]]), torch.tensor([2])
    output = next_logits(xt, t)
    kernel = method.reverse(output, xt, t - 1, t)
    assert exact(kernel[0, [0, 2]].numpy(), torch.eye(K)[[1, MASK]].double().numpy()).judge(EPS).holds
    assert kernel[0, 1, MASK] == 0
    carried = method.denoise(output, xt, t)
    assert exact(carried[0, 1].numpy(), kernel[0, 1].numpy()).judge(EPS).holds
    assert carried[0, :, MASK].abs().max() == 0
    n = 20_000
    drawn = method.step(output.expand(n, L, K), xt.expand(n, L), (t - 1).expand(n), t.expand(n), rng(2))
    assert sampled(torch.bincount(drawn[:, 1], minlength=K).numpy(), kernel[0, 1].numpy()).judge(EPS).holds
    assert (drawn[:, [0, 2]] == xt[0, [0, 2]]).all()


def test_autoregression_conduct() -> None:
    method = Autoregression(L, K, MASK)
    none, times = torch.zeros(0, L, dtype=torch.int64), torch.zeros(0, dtype=torch.int64)
    assert method.loss(torch.zeros(0, L, K), none, none, times).shape == (0,)
    assert method.step(torch.zeros(0, L, K), none, times, times, rng()).shape == (0, L)
    short = Autoregression(1, 2, 1)
    x0, xt, t = torch.tensor([[0]]), torch.tensor([[1]]), torch.tensor([1])
    output = torch.zeros(1, 1, 2, requires_grad=True)
    loss = short.loss(output, x0, xt, t)
    loss.sum().backward()
    assert loss.item() == 0
    assert output.grad is not None
    assert output.grad.abs().sum() == 0, "one clean class: nothing to learn"
    assert short.loss(output, x0, x0, t).item() == 0, "visible already"


# ---------------------------------------------------------------------- concrete score matching
def noises() -> list[Any]:
    schedule = LogLinear(0.1)
    return [
        Interpolating.uniform(schedule, K, **F64),
        Interpolating.absorbing(schedule, K, MASK, **F64),
        Interpolating.mask_and_uniform(Cosine(), K, MASK, 0.25, **F64),
    ]


def spelled_out(process: Interpolating, score: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The definition, entry by entry, from the marginals."""
    law = process.marginal(x0, t)
    total = torch.zeros(len(x0), dtype=torch.float64)
    for n in range(len(x0)):
        for i in range(x0.shape[1]):
            x = int(xt[n, i])
            rate = float(process.rate(t)[n] * process.prior[x])
            if rate == 0 or law[n, i, x] == 0:
                continue
            for y in range(process.K):
                if y != x:
                    total[n] += rate * (score[n, i, y] - law[n, i, y] / law[n, i, x]) ** 2 / 2
    return total


@pytest.mark.parametrize("process", noises(), ids=repr)
def test_concrete_score_loss_is_its_definition(process: Interpolating) -> None:
    pairs = [(a, b) for a in range(K) for b in range(K) if a != process.mask]
    x0 = torch.tensor([[a for a, _ in pairs]] * 3)
    xt = torch.tensor([[b for _, b in pairs]] * 3)
    t = torch.tensor([0.25, 0.5, 0.9], **F64)
    score = torch.randn(*x0.shape, K, **F64, generator=rng(3))
    found, wanted = concrete_score_loss(process, score, x0, xt, t), spelled_out(process, score, x0, xt, t)
    assert close(found.numpy(), wanted.numpy(), ops=16 * K * len(pairs), scale=wanted.numpy()).judge(EPS).holds


@pytest.mark.parametrize("process", noises(), ids=repr)
def test_best_scores_are_the_true_ones(process: Interpolating) -> None:
    """Averaged over data and noise, the gradient vanishes at ``p_t(y)/p_t(x)``, and nothing does better."""
    data = torch.tensor([0.5, 0.125, 0.375, 0.0], **F64)
    if process.mask is None:
        data = data.flip(0)
    t = torch.full((K * K,), 0.5, **F64)
    clean = [a for a in range(K) if data[a] > 0]
    pairs = torch.tensor([[a, b] for a in clean for b in range(K)])
    x0, xt, t = pairs[:, :1], pairs[:, 1:], t[: len(pairs)]
    q = process.marginal(x0, t)[:, 0]
    weight = data[x0[:, 0]] * q.gather(1, xt).squeeze(1)
    p = data @ process.marginal(torch.arange(K)[:, None].clamp(max=2 if process.mask else 3), t[:K])[:, 0]
    true = (p / p[:, None]).clamp(max=1e6).requires_grad_()  # [x, y]

    def average(score: Tensor) -> Tensor:
        return (weight * concrete_score_loss(process, score[xt], x0, xt, t)).sum()

    best = average(true)
    best.backward()
    assert true.grad is not None
    reachable = process.prior > 0
    assert close(true.grad[reachable].numpy(), 0.0, ops=64 * K * K, scale=16).judge(EPS).holds
    for seed in range(5):
        other = true.detach() + torch.randn(K, K, **F64, generator=rng(seed))
        assert at_most(best.item(), average(other).item(), ops=64 * K * K).judge(EPS).holds


def test_it_is_the_second_order_of_score_entropy() -> None:
    process = Interpolating.uniform(LogLinear(0.1), K, **F64)
    x0, xt, t = torch.tensor([[0]]), torch.tensor([[1]]), torch.tensor([0.5], **F64)
    law = process.marginal(x0, t)[0, 0]
    ratio = law / law[1]
    gaps = []
    for h in (2.0**-8, 2.0**-9):
        step = torch.tensor([h, 0, 0, 0], **F64)
        squared = concrete_score_loss(process, (ratio + step)[None, None], x0, xt, t) / ratio[0]
        entropy = SEDD(process).loss((ratio + step).log()[None, None], x0, xt, t)
        gaps.append(float((squared - entropy).abs()))
    assert 7 < gaps[0] / gaps[1] < 9, "what is left is of third order"


def test_concrete_scores_in_the_corners() -> None:
    absorbing = Interpolating.absorbing(MutualInformation(), K, MASK)
    xt = torch.tensor([[MASK, 0]])
    x0 = torch.tensor([[1, 0]])
    score = torch.zeros(1, 2, K, requires_grad=True)
    early = concrete_score_loss(absorbing, score, x0, xt, torch.tensor([0.0]))
    assert early.item() == 0, "masked before there is noise: impossible"
    end = concrete_score_loss(absorbing, score, x0, xt, torch.tensor([1.0]))
    assert end.item() == 0, "no data is left, and the scores say so"
    wrong = concrete_score_loss(absorbing, score - 1, x0, xt, torch.tensor([1.0]))
    assert wrong.item() == math.inf
    middle = concrete_score_loss(absorbing, score, x0, xt, torch.tensor([0.5]))
    middle.sum().backward()
    assert score.grad is not None
    assert score.grad.isfinite().all()
    assert score.grad[0, 1].abs().sum() == 0, "a visible token cannot move"
    assert score.grad[0, 0, MASK] == 0
    empty = torch.zeros(0, 2, dtype=torch.int64)
    assert concrete_score_loss(absorbing, torch.zeros(0, 2, K), empty, empty, torch.zeros(0)).shape == (0,)


# ---------------------------------------------------------------------- what is refused
Case = tuple[str, Callable[[], object], type[Exception], str]
X0, XT = torch.tensor([[0, 1, 2]]), torch.tensor([[0, MASK, MASK]])
T1, T2 = torch.tensor([1]), torch.tensor([2])
OUT = torch.zeros(1, L, K)


def bad_autoregression() -> list[Case]:
    make: Any = Autoregression
    a: Any = Autoregression(L, K, MASK)
    g = rng()
    calls: dict[str, tuple[Callable[..., object], str]] = {
        "marginal": (lambda x0, t, **_: a.marginal(x0, t), "x0 t"),
        "sample": (lambda x0, t, g, **_: a.sample(x0, t, g), "x0 t g"),
        "posterior": (lambda x0, xt, s, t, **_: a.posterior(x0, xt, s, t), "x0 xt s t"),
        "denoise": (lambda out, xt, t, **_: a.denoise(out, xt, t), "out xt t"),
        "reverse": (lambda out, xt, s, t, **_: a.reverse(out, xt, s, t), "out xt s t"),
        "step": (lambda out, xt, s, t, g, **_: a.step(out, xt, s, t, g), "out xt s t g"),
        "loss": (lambda out, x0, xt, t, **_: a.loss(out, x0, xt, t), "out x0 xt t"),
        "prior_kl": (lambda x0, **_: a.prior_kl(x0), "x0"),
    }
    good = {"out": OUT, "x0": X0, "xt": XT, "s": T1, "t": T2, "g": g}
    wrong: list[tuple[str, object, type[Exception], str]] = [
        ("out", OUT.long(), TypeError, r"output must have dtype"),
        ("out", OUT[:, :2], ValueError, r"output must have shape \[1, 3, 4\]"),
        ("out", OUT * math.nan, ValueError, r"output .*got nan"),
        ("x0", X0.float(), TypeError, r"x0 must have dtype"),
        ("x0", X0 + 1, ValueError, r"x0 must be clean data"),
        ("x0", X0 - 1, ValueError, r"x0 .*0\.\.3, got -1"),
        ("xt", XT + 1, ValueError, r"xt .*0\.\.3, got 4"),
        ("xt", None, TypeError, r"xt must be a torch\.Tensor"),
        ("t", torch.tensor([2.0]), TypeError, r"t must have dtype"),
        ("t", torch.tensor([4]), ValueError, r"t must be a time in \[0, 3\], got 4"),
        ("t", torch.tensor([2, 2]), ValueError, r"t must have shape \[1\]"),
        ("s", T2, ValueError, r"s must be earlier than t, got s = 2, t = 2"),
        ("g", 7, TypeError, r"generator .*int 7"),
    ]
    found: list[Case] = [
        (f"Autoregression.{name}", partial(f, **{**good, k: v}), error, says)
        for name, (f, takes) in calls.items()
        for k, v, error, says in wrong
        if k in takes.split()
    ]
    cpu = torch.device("cpu")
    return [
        *found,
        ("Autoregression.loss", lambda: a.loss(OUT, X0, X0, torch.tensor([0])), ValueError, r"t .*\[1, 3\], got 0"),
        ("Autoregression.marginal", lambda: a.marginal(X0[:, :2], T1), ValueError, r"x0 must have shape \[N, 3\]"),
        ("Autoregression.noise", lambda: a.noise((1, 2), 7, cpu), TypeError, r"generator .*int 7"),
        ("Autoregression.noise", lambda: a.noise(3, g, cpu), TypeError, r"shape must be a tuple of ints, got int 3"),
        ("Autoregression", lambda: make(0, K, MASK), ValueError, r"L must be at least 1, got 0"),
        ("Autoregression", lambda: make(L, 1, 0), ValueError, r"K must be at least 2, got 1"),
        ("Autoregression", lambda: make(L, K, 4), ValueError, r"mask must be in 0\.\.3, got 4"),
        ("Autoregression", lambda: make(L, K, 3, dtype=torch.int64), TypeError, r"dtype must be one of.*int64"),
    ]


def refusals() -> list[Case]:
    head: Any = truncated_logistic
    loss: Any = concrete_score_loss
    m, s = torch.zeros(1, 2), torch.zeros(1, 2)
    p = Interpolating.uniform(LogLinear(), K)
    grid = Interpolating.uniform(Grid([0.5]), K)
    t = torch.tensor([0.5])
    return [
        *bad_autoregression(),
        ("truncated_logistic", lambda: head(None, s, 4), TypeError, r"location must be a torch\.Tensor"),
        ("truncated_logistic", lambda: head(m.long(), s, 4), TypeError, r"location must have dtype"),
        ("truncated_logistic", lambda: head(m, s.double(), 4), TypeError, r"log_scale must have dtype torch\.float32"),
        ("truncated_logistic", lambda: head(m, s[:, :1], 4), ValueError, r"log_scale must have shape \[1, 2\]"),
        ("truncated_logistic", lambda: head(m, s, 1), ValueError, r"K must be at least 2, got 1"),
        ("truncated_logistic", lambda: head(m, s, 4.0), TypeError, r"K must be an int, got float"),
        ("truncated_logistic", lambda: head(m * math.nan, s, 4), ValueError, r"location must be finite, got nan"),
        ("truncated_logistic", lambda: head(m, s - math.inf, 4), ValueError, r"log_scale must be finite, got -inf"),
        ("concrete_score_loss", lambda: loss(None, OUT, X0, X0, t), TypeError, r"process must be Interpolating"),
        ("concrete_score_loss", lambda: loss(grid, OUT, X0, X0, T1), ValueError, r"continuous clock.*T = 1"),
        ("concrete_score_loss", lambda: loss(p, OUT.long(), X0, X0, t), TypeError, r"score must have dtype"),
        (
            "concrete_score_loss",
            lambda: loss(p, OUT[:, :1], X0, X0, t),
            ValueError,
            r"score must have shape \[1, 3, 4\]",
        ),
        (
            "concrete_score_loss",
            lambda: loss(p, OUT - math.inf, X0, X0, t),
            ValueError,
            r"score must be finite, got -inf",
        ),
        ("concrete_score_loss", lambda: loss(p, OUT, X0 + 9, X0, t), ValueError, r"x0 .*got 9"),
        ("concrete_score_loss", lambda: loss(p, OUT, X0, X0 + 9, t), ValueError, r"xt .*got 9"),
        ("concrete_score_loss", lambda: loss(p, OUT, X0, X0, t + 1), ValueError, r"t must be a time.*got 1\.5"),
    ]


CASES = refusals()


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c[0]}: {c[3]}")
def test_refused(case: Case) -> None:
    target, call, error, says = case
    assert target.split(".")[0] in fast.__all__
    with pytest.raises(error) as caught:
        call()
    assert type(caught.value) is error
    assert re.search(says, str(caught.value)), f"the message is: {caught.value}"
