"""What a caller may rely on, whatever the sizes: sums are the definitions, wherever tensors lie and whoever computes
them; `test_triton.py` asks kernels the same.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from tests.kernels import test_entropy_sums as entropy
from tests.kernels import test_softmax_sums as softmax
from tests.kernels.sums import DEVICES, Case, alike, case, pull, rounding, upstream
from tests.kernels.test_inplace import K, drawn, losses
from unmask.implementations import MDLM
from unmask.implementations.kernels.entropy_sums import entropy_sums
from unmask.implementations.kernels.rows import Rows, in_triton
from unmask.implementations.kernels.softmax_sums import softmax_sums

#: A class fewer than a block of a kernel, as many, and one more.
RAGGED = [size + more for size in (128, 1024, 4096) for more in (-1, 0, 1)]
KINDS = ("nothing", "number", "vector")
SUMS = {"softmax": softmax, "entropy": entropy}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("size", [1, 2, *RAGGED])
def test_sizes_that_no_block_divides(size: int, device: str) -> None:
    for kind in KINDS[: 1 if size == 1 else 3]:
        at = case(size, torch.float32, "some", device)
        softmax.compare(at, None, softmax.mixing_of(kind, at))
        entropy.compare(at, entropy.ratios_of(kind, at))


def one_row(at: Case) -> Case:
    return at._replace(flat=at.flat[:1], rows=Rows(None), start=at.start[:1], here=(at.here[:1] + 1) % at.flat.shape[1])


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("kind", KINDS)
def test_one_row_no_row_and_all_rows_in_another_order(kind: str, device: str) -> None:
    whole = case(7, torch.float64, "all", device)
    turned = Rows(torch.tensor([2, 0, 1], device=device))
    for at in (one_row(whole), case(7, torch.float64, "none", device), whole._replace(rows=turned)):
        softmax.compare(at, None, softmax.mixing_of(kind, at))
        entropy.compare(at, entropy.ratios_of(kind, at))


#: How ``[M, K]`` may lie in memory.
LAYOUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "transposed": lambda flat: flat.T.contiguous().T,
    "every second class": lambda flat: flat.repeat_interleave(2, -1)[:, ::2],
    "every second row": lambda flat: flat.repeat_interleave(2, 0)[::2],
    "not at the start": lambda flat: torch.cat([flat.new_zeros(1), flat.flatten()])[1:].view(flat.shape),
    "one row for all": lambda flat: flat[:1].expand(flat.shape),
}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("function", SUMS)
def test_wherever_they_lie(function: str, layout: str, device: str) -> None:
    for kind in KINDS[::2]:
        at = case(1025, torch.float64, "some", device)
        lying = LAYOUTS[layout](at.flat)
        sums, grad = SUMS[function].found(at, lying, kind)
        packed, expected = SUMS[function].found(at, lying.contiguous(), kind)
        for got, want in zip((*sums, grad), (*packed, expected), strict=True):
            alike(got, want)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("function", SUMS)
def test_the_same_bits_each_time(function: str, dtype: torch.dtype, device: str) -> None:
    for kind in KINDS:
        at = case(5000, dtype, "some", device)
        (first, grad), (second, again) = (SUMS[function].found(at, at.flat, kind) for _ in range(2))
        assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
        assert torch.equal(grad, again)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", losses())
def test_all_masked_none_masked_and_one_position(name: str, device: str) -> None:
    """A batch is its positions, whichever of them a loss reads: that of each alone, added up."""
    process, loss = losses()[name]
    logits, x0, xt, t = (v.to(device) for v in drawn(process, torch.float64))
    logits, x0, xt, t = logits[:2, :2], x0[:2, :2], xt[:2, :2], t[:2]
    noisy = torch.full_like(xt, process.mask) if process.mask is not None else (x0 + 1) % K
    for state in (noisy, x0, xt):
        leaf, alone = logits.clone().requires_grad_(), logits.clone().requires_grad_()
        whole = loss(leaf, x0, state, t)
        parts = [
            loss(alone[n : n + 1, k : k + 1], x0[n : n + 1, k : k + 1], state[n : n + 1, k : k + 1], t[n : n + 1])
            for n in range(x0.shape[0])
            for k in range(x0.shape[1])
        ]
        added = torch.cat(parts).reshape(x0.shape)
        # Terms of a position, K of them and a dozen operations on each, once in each order.
        few = 2 * (x0.shape[1] + 2 * K + 12) * rounding(torch.float64)
        torch.testing.assert_close(whole, added.sum(-1), rtol=few, atol=few)
        whole.sum().backward()
        added.sum().backward()
        torch.testing.assert_close(leaf.grad, alone.grad, rtol=few, atol=few)


BACKEND = "inductor" if shutil.which("c++") or shutil.which("g++") else "aot_eager"


# A compiler takes long, and makes the same of it, whoever visits rows elsewhere.
if not in_triton(torch.zeros(1)):

    def test_compiled_is_eager() -> None:
        """At a fixed shape, in what a compiler makes of it where there is one, all of it at once."""
        at = case(50, torch.float64, "some")
        mixing, ratios = softmax.mixing_of("number", at), entropy.ratios_of("number", at)

        def sums(flat: Tensor) -> tuple[Tensor, ...]:
            return (
                *softmax_sums(flat, at.rows, at.start, at.here, mixing=mixing),
                *entropy_sums(flat, at.rows, at.start, at.here, ratios),
            )

        torch.compiler.reset()
        found = []
        for run in (sums, torch.compile(sums, fullgraph=True, backend=BACKEND)):
            leaf = at.flat.clone().requires_grad_()
            values = run(leaf)
            found.append([*values, *torch.autograd.grad(pull(values, upstream(values)), leaf)])
        for got, want in zip(*found, strict=True):
            # Fifty classes of the order of 1, a softmax and a dozen operations more, once in each order.
            few = 2 * (2 * 50 + 16) * torch.finfo(torch.float64).eps
            torch.testing.assert_close(got, want, rtol=few, atol=few)


if torch.cuda.is_available():

    @pytest.mark.cuda
    @pytest.mark.parametrize("function", SUMS)
    def test_offsets_beyond_two_to_the_31(function: str) -> None:
        """The last of so many rows that its place does not fit into 32 bits."""
        at = case(4097, torch.bfloat16, "some", "cuda")
        rows = 2**31 // 4097 + 3
        flat = torch.zeros(rows, 4097, dtype=torch.bfloat16, device="cuda")
        flat[-len(at.flat) :] = at.flat
        assert at.rows.index is not None
        far = at._replace(rows=Rows(at.rows.index + rows - len(at.flat)))
        for kind in KINDS:
            (sums, grad), (want, expected) = (
                SUMS[function].found(far, flat, kind),
                SUMS[function].found(at, at.flat, kind),
            )
            assert all(torch.equal(a, b) for a, b in zip(sums, want, strict=True))
            assert torch.equal(grad[-len(at.flat) :], expected)
            assert not bool(grad[: -len(at.flat)].any())

    @pytest.mark.cuda
    @pytest.mark.parametrize("name", losses())
    def test_the_device_does_not_matter(name: str) -> None:
        process, loss = losses()[name]
        given = drawn(process, torch.float64)
        found = []
        for device in ("cpu", "cuda"):
            logits, *rest = (v.to(device) for v in given)
            leaf = logits.requires_grad_()
            values = loss(leaf, *rest)
            values.sum().backward()
            assert in_triton(leaf) == (device == "cuda")
            assert leaf.grad is not None
            found.append((values.detach().cpu(), leaf.grad.cpu()))
        few = 2 * (4 + 2 * K + 12) * rounding(torch.float64)
        for got, want in zip(*found, strict=True):
            torch.testing.assert_close(got, want, rtol=few, atol=few)

    @pytest.mark.cuda
    def test_draws_are_those_of_the_seed() -> None:
        process, _ = losses()["mdlm"]
        logits, _, xt, t = (v.to("cuda") for v in drawn(process, torch.float32))
        first, second = (
            MDLM(process).step(logits, xt, t / 2, t, torch.Generator("cuda").manual_seed(seed)) for seed in (3, 3)
        )
        assert torch.equal(first, second)
