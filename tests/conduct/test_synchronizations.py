"""No call waits for a device, or copies to it, but as often as it says: on a device that is not there, and counts."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

import unmask.implementations as fast
from benchmarks.synchronizations.call import Call, measure
from benchmarks.synchronizations.device import Generator, put, watched
from benchmarks.synchronizations.every import CHAPTERS, PLANS
from benchmarks.synchronizations.graphs import breaks
from benchmarks.synchronizations.page import Figure, kept, rows
from tests.bad_input.public import implementations
from tests.thinned import thinned

#: Kernels are Triton's where that is installed; without it fewer operations are started, and some look at values.
TRITON = importlib.util.find_spec("triton") is not None
#: What has choices by values where Triton does not do it.
PLAIN = ("rate_loss", "SEDD.loss", "D3PM.loss", "MDLM.loss", "D3PM.hybrid_loss", "FlowMatching.loss")
EVERY = [call for chapter in CHAPTERS for call in chapter()]


@pytest.mark.parametrize("chapter", thinned(CHAPTERS, 6), ids=lambda chapter: chapter.__name__)
def test_calls_wait_as_often_as_they_say(chapter: Callable[[], Iterator[Call]]) -> None:
    wrong = []
    for call in chapter():
        if not TRITON and call.name in PLAIN:
            continue
        found = measure(call, triton=TRITON)
        if (found.waits, found.copies) != (call.waits, call.copies):
            wrong.append(f"{call.title}: says {call.waits} and {call.copies} copies, took {found}")
    assert not wrong, "\n".join(wrong)


def test_who_waits_says_why() -> None:
    assert [call.title for call in EVERY if (call.waits + call.copies > 0) != bool(call.reason)] == []


def test_titles_are_told_apart() -> None:
    assert len({call.title for call in EVERY}) == len(EVERY)


def test_every_public_function_is_called() -> None:
    called = {call.name for call in EVERY}
    missing = [name for name in implementations() if name not in called and name not in PLANS and not makes(name)]
    assert missing == []
    assert called.isdisjoint(PLANS)


def makes(name: str) -> bool:
    """Whether it makes an object, once: a class, or a class method."""
    owner, _, method = name.partition(".")
    made = getattr(fast, owner)
    return inspect.isclass(made) and (not method or isinstance(inspect.getattr_static(made, method), classmethod))


def test_the_table_is_of_these_calls() -> None:
    """Written by ``python -m benchmarks.synchronizations --graphs none``, which is quick."""
    figures = kept()
    assert list(figures) == [call.title for call in EVERY]
    for call in EVERY:
        figure = figures[call.title]
        assert (figure.waits, figure.copies, figure.reason) == (call.waits, call.copies, call.reason)


def test_calls_alike_share_a_line() -> None:
    one = Figure("f", "a", 1, 1, 0, 10, 5, 0, 0, "why")
    other = Figure("f", "b", 1, 1, 0, 20, 5, 0, 0, "why")
    plain = Figure("f", "c", 1, 3, 0, 20, None, 0, None, "why")
    assert list(rows([one, plain, other])) == [
        ("`f`", "a; b", "1", "0", "10-20 / 5", "0", "why"),
        ("`f`", "c", "1; 3 without Triton", "0", "20", "?", "why"),
    ]


# ---------------------------------------------------------------------- the device that is not there
WAITING: dict[str, Callable[[Tensor], object]] = {
    "item": lambda x: x.sum().item(),
    "bool": lambda x: bool((x > 0).any()),
    "float": lambda x: float(x[0]),
    "if": lambda x: 1 if x[0] > 0 else 0,
    "tolist": lambda x: x.tolist(),
    "cpu": lambda x: x.cpu(),
    "nonzero": lambda x: (x > 0).nonzero(),
    "mask": lambda x: x[x > 0],
    "mask of rows": lambda x: x.clone().index_put_((x > 0,), torch.zeros_like(x)[:2]),
    "masked_select": lambda x: x.masked_select(x > 0),
    "equal": lambda x: torch.equal(x, x + 1),
    "unique": lambda x: x.unique(),
    "index by a tensor of one number": lambda x: x[x.argmax()],
    "bincount": lambda x: x.long().abs().bincount(),
    "repeat_interleave": lambda x: x.repeat_interleave(x.long().abs()),
    "solve": lambda x: torch.linalg.solve(torch.diag(x), x),
}
COPYING: dict[str, Callable[[Tensor], object]] = {
    "tensor": lambda x: torch.tensor([1.0, 2.0], device=x.device),
    "as_tensor": lambda x: torch.as_tensor([1.0, 2.0], device=x.device),
    "to": lambda x: torch.ones(3).to(x),
    "copy_": lambda x: x.clone().copy_(torch.ones(3)),
    "index of the host": lambda x: x[torch.tensor([0, 1])],
    "index by a list": lambda x: x[[0, 2]],
    "numbers into places of a list": lambda x: x.clone().__setitem__([0, 2], x[:2]),
    "one number into one place": lambda x: x.clone().__setitem__(0, 1.0),
}
FREE: dict[str, Callable[[Tensor], object]] = {
    "arithmetic": lambda x: x * 2 + 1,
    "a number of the host": lambda x: x * torch.tensor(2.0),
    "where": lambda x: torch.where(x > 0, x, 0.0),
    "masked_fill": lambda x: x.clone().__setitem__(x > 0, 0.0),
    "one number into a slice": lambda x: x.clone().__setitem__(slice(0, 2), 0.0),
    "masked_scatter": lambda x: x.masked_scatter(x > 0, torch.zeros_like(x)),
    "index": lambda x: x[torch.arange(2, device=x.device)],
    "full": lambda x: torch.full((2,), 3.0, device=x.device),
    "draw": lambda x: torch.rand(3, generator=Generator(), device=x.device),
}


@pytest.mark.parametrize("kind", ["waiting", "copying", "free"])
def test_what_makes_the_host_wait_is_known(kind: str) -> None:
    asked = {"waiting": WAITING, "copying": COPYING, "free": FREE}[kind]
    found = {}
    with watched(triton=False) as counts:
        for name, call in asked.items():
            x = put(torch.tensor([1.0, -2.0, 3.0]))
            counts.clear()
            call(x)
            found[name] = counts.synchronizations, counts.copies
    assert found == dict.fromkeys(asked, {"waiting": (1, 0), "copying": (0, 1), "free": (0, 0)}[kind])


class Odd(torch.autograd.Function):
    """What a backward pass does that looks at values."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x * 2

    @staticmethod
    def backward(ctx: Any, up: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        up = up * torch.tensor([2.0, 3.0, 4.0], device=up.device) * max(up.tolist())
        up[0] = 1.0
        return up


def test_backward_passes_are_watched() -> None:
    with watched(triton=False) as counts:
        x = put(torch.ones(3, requires_grad=True))
        y: Tensor = Odd.apply(x)
        counts.clear()
        slope: Any = torch.autograd.grad(y, x, torch.ones_like(y))[0]
    assert slope.held.tolist() == [1.0, 3.0, 4.0]
    assert (counts.synchronizations, counts.copies) == (1, 2)


def test_operations_are_counted() -> None:
    with watched(triton=False) as counts:
        x = put(torch.ones(2, 3))
        counts.clear()
        y = (x.T.reshape(-1)[None] + 1).exp()
        assert y.shape == (1, 6)
        # A transposed matrix is copied to become flat; the rest are views.
        assert (counts.launches, counts.host) == (3, 0)
        torch.ones(3).add(1)
        assert (counts.launches, counts.host) == (3, 2)


def test_two_devices_are_refused() -> None:
    with watched(triton=False), pytest.raises(RuntimeError, match="two devices"):
        torch.add(put(torch.ones(3)), torch.ones(3))


def test_outside_of_a_watch_nothing_is_computed() -> None:
    with pytest.raises(RuntimeError, match=r"outside of watched"):
        torch.add(put(torch.ones(3)), 1)


def test_a_list_chooses_the_same_places() -> None:
    with watched(triton=False):
        x = put(torch.arange(12.0).reshape(4, 3))
        some: Any = x[[3, 1]]
        x[[0, 2]] = some
        part: Any = x[:, [0, 2]]
    assert some.held.tolist() == [[9, 10, 11], [3, 4, 5]]
    assert part.held.tolist() == [[9, 11], [3, 5], [3, 5], [9, 11]]


def test_values_and_gradients_are_those_of_the_cpu() -> None:
    method = fast.MDLM(fast.Interpolating.absorbing(fast.LogLinear(), 5, 4))
    output, x0 = torch.randn(2, 3, 5, requires_grad=True), torch.tensor([[0, 1, 2], [3, 2, 1]])
    xt, t = torch.tensor([[4, 1, 4], [4, 4, 1]]), torch.tensor([0.25, 0.5], dtype=torch.float64)
    want = method.loss(output, x0, xt, t)
    (slope,) = torch.autograd.grad(want.sum(), output)
    with watched(triton=False):
        there = put(output)
        got: Any = method.loss(there, put(x0), put(xt), put(t))
        steep: Any = torch.autograd.grad(got, there, torch.ones_like(got))[0]
    assert got.held.equal(want)
    assert steep.held.equal(slope)


@pytest.mark.parametrize("validate", [True, False, None])
def test_values_on_a_device_are_checked_when_asked_for(validate: bool | None) -> None:
    process = fast.Interpolating.uniform(fast.LogLinear(validate=validate), 5, validate=validate)
    with watched(triton=False) as counts:
        x0, t = put(torch.tensor([[0, 5]])), put(torch.tensor([0.5]))
        counts.clear()
        if validate:
            with pytest.raises(ValueError, match=r"x0 must hold class ids in 0\.\.4, got 5"):
                process.sample(x0, t, Generator())
        else:
            process.sample(x0, t, Generator())
            assert counts.synchronizations == 0
    with pytest.raises(ValueError, match="x0 must hold") if validate is not False else watched(triton=False):
        process.sample(torch.tensor([[0, 5]]), torch.tensor([0.5]), torch.Generator())


def test_breaks_of_graphs_are_counted() -> None:
    given = {"x": torch.tensor([1.0, 2.0])}
    assert breaks(Call("whole", "", given, lambda a: a.x.exp() + 1)) == 0
    assert breaks(Call("broken", "", given, lambda a: a.x.exp() * float(a.x.sum().item()))) == 1
