"""What checks of values cost: one look at what a call reads, and none where nobody asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from unmask.implementations import (
    D3PM,
    MDLM,
    SEDD,
    Autoregression,
    FlowMatching,
    Grid,
    Interpolating,
    LogLinear,
    concrete_score_loss,
    score_entropy,
)
from unmask.implementations.kernels.rows import BLOCK
from unmask.implementations.numbers import checks

#: So many classes that whatever is done with ids and times does not count.
N, L, K = 2, 4, 4096
MASK = K - 1


class Reading(TorchDispatchMode):
    """How many numbers operators read, in all and at most at once: views, and what only takes a shape, read none."""

    def __init__(self) -> None:
        super().__init__()
        self.total = self.most = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name, returned = func._schema.name.removeprefix("aten::"), func._schema.returns
        views = returned and all(r.alias_info is not None and not r.alias_info.is_write for r in returned)
        if not (views or name.startswith("new_") or name.endswith("_like")):
            given = sum(value.numel() for value in args if isinstance(value, Tensor))
            self.total, self.most = self.total + given, max(self.most, given)
        return func(*args, **(kwargs or {}))


def read(call: Callable[[], object]) -> int:
    with Reading() as reading:
        call()
    return reading.total


@pytest.mark.parametrize("device", ["cpu", "meta"])
@pytest.mark.parametrize("validate", [True, False, None])
def test_values_are_read_on_the_cpu_unless_told_otherwise(validate: bool | None, device: str) -> None:
    value = torch.empty(1, device=device)
    assert checks.reads(validate, value) is (device == "cpu" if validate is None else validate)


def test_not_under_a_compiler() -> None:
    def asked(x: Tensor) -> Tensor:
        return x + checks.reads(None, x)

    torch.compiler.reset()
    assert torch.compile(asked, fullgraph=True, backend="eager")(torch.zeros(1)).item() == 0
    assert asked(torch.zeros(1)).item() == 1


def given(masked: bool, discrete: bool) -> dict[str, Tensor]:
    source = torch.Generator().manual_seed(0)
    x0 = torch.randint(MASK, (N, L), generator=source)
    noisy = torch.full_like(x0, MASK) if masked else (x0 + 1) % K
    return {
        "output": torch.randn(N, L, K, generator=source),
        "x0": x0,
        "xt": torch.where(torch.rand(N, L, generator=source) < 0.5, noisy, x0),
        "s": torch.tensor([0, 1]) if discrete else torch.tensor([0.25, 0.5]).double(),
        "t": torch.tensor([1, 2]) if discrete else torch.tensor([0.5, 0.75]).double(),
    }


def losses(validate: bool | None) -> dict[str, Callable[[], object]]:
    line, grid = LogLinear(validate=validate), Grid([0.25] * 4, validate=validate)
    masked, steps = given(masked=True, discrete=False), given(masked=True, discrete=True)
    moved, moved_steps = given(masked=False, discrete=False), given(masked=False, discrete=True)

    def asked(loss: Callable[..., object], a: dict[str, Tensor]) -> Callable[[], object]:
        return lambda: loss(a["output"], a["x0"], a["xt"], a["t"])

    absorbing = [Interpolating.absorbing(noise, K, MASK, validate=validate) for noise in (line, grid)]
    uniform = [Interpolating.uniform(noise, K, validate=validate) for noise in (line, grid)]
    mdlm, sedd, p = MDLM(absorbing[0]), SEDD(uniform[0]), uniform[0]
    ratio = moved["output"].exp()
    return {
        "mdlm": asked(mdlm.loss, masked),
        "mdlm, steps": asked(MDLM(absorbing[1]).loss, steps),
        "d3pm": asked(D3PM(uniform[0]).loss, moved),
        "d3pm, steps": asked(D3PM(uniform[1]).loss, moved_steps),
        "d3pm, absorbing": asked(D3PM(absorbing[1]).loss, steps),
        "sedd": asked(sedd.loss, moved),
        "sedd, absorbing": asked(SEDD(absorbing[0]).loss, masked),
        "flow": asked(FlowMatching(p).loss, moved),
        "squares": lambda: concrete_score_loss(p, moved["output"], moved["x0"], moved["xt"], moved["t"]),
        "reverse": lambda: D3PM(p).reverse(moved["output"], moved["xt"], moved["s"], moved["t"]),
        "score": lambda: sedd.score(moved["output"], moved["xt"], moved["t"]),
        # Of two tensors, each is read once.
        "score entropy": lambda: score_entropy(moved["output"][:, ::2], ratio[:, ::2], validate),
    }


@pytest.mark.parametrize("name", losses(None))
def test_an_output_is_checked_in_one_pass(name: str) -> None:
    more = read(losses(None)[name]) - read(losses(False)[name])
    # Ids and times are compared with their bounds, a few dozen times for each position.
    assert N * L * K <= more <= N * L * (K + 100)


@pytest.mark.parametrize("name", ["mdlm", "autoregression"])
def test_a_step_checks_the_rows_that_it_reads(name: str) -> None:
    costs, revealed = {}, 0
    for validate in (None, False):
        a = given(masked=True, discrete=name == "autoregression")
        xt = torch.full_like(a["xt"], MASK)
        method: Any = Autoregression(L, K, MASK, validate=validate)
        if name == "mdlm":
            process = Interpolating.absorbing(LogLinear(validate=validate), K, MASK, validate=validate)
            method = MDLM(process)
        else:
            a["t"], a["s"] = torch.tensor([L, L]), torch.tensor([L - 1, L - 2])
        with Reading() as reading:
            drawn = method.step(a["output"], xt, a["s"], a["t"], torch.Generator().manual_seed(1))
        costs[validate], revealed = reading.total, int((drawn != MASK).sum())
    assert 0 < revealed < N * L
    assert revealed * K - 100 * N * L <= costs[None] - costs[False] <= revealed * K + 100 * N * L


def test_weights_are_looked_at_twice_while_they_are_in_cache() -> None:
    with Reading() as reading:
        checks.weights("weights", torch.ones(5, BLOCK // 2))
    assert reading.most == BLOCK


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf"), -1.0])
def test_bad_numbers_are_found_wherever_they_are(bad: float) -> None:
    """In the first row and the last, of one block and of several."""
    for shape in ((3, 5), (5, BLOCK // 2)):
        for place in ((0, 0), (-1, -1), (1, 2)):
            value = torch.ones(shape)
            value[place] = bad
            for check in (checks.weights, checks.ratios):
                with pytest.raises(ValueError, match=r"value must be non-negative and finite"):
                    check("value", value)
            if bad != -1.0:
                with pytest.raises(ValueError, match=r"value must be finite"):
                    checks.finite("value", value)
            if bad == bad and bad < 0:
                checks.log_scores("value", value)
            else:
                with pytest.raises(ValueError, match=r"value must be finite or -inf"):
                    checks.log_scores("value", value)


def test_nothing_is_nothing_bad() -> None:
    empty = torch.empty(0, 3)
    for check in (checks.weights, checks.ratios, checks.finite, checks.log_scores):
        check("value", empty)
