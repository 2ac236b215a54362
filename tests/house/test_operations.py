"""The benchmark of operations: plain formulas are ours, figures survive the file, and pages say what was found."""

from __future__ import annotations

import math
import platform
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmarks.operations import plain_losses, plain_steps
from benchmarks.operations.case import Case, Shape
from benchmarks.operations.growth import CHAIN_K, N
from benchmarks.operations.losses import LOSSES
from benchmarks.operations.measure import Candidate, Spread, cross_entropy, measure, network_output, prepared
from benchmarks.operations.memory import CLEAR, freed, peak
from benchmarks.operations.operation import Operation
from benchmarks.operations.plots import draw
from benchmarks.operations.public import PUBLIC, Public, Unavailable, made
from benchmarks.operations.run import CHECKED, OPERATIONS, OURS, PLAIN, Missing, Point, Results, compare
from benchmarks.operations.steps import STEPS
from benchmarks.operations.table import COLUMNS, lines, missing, page, ratio

SMALL = Shape(B=3, L=7, K=9, T=20, dtype=torch.float64)
#: A loss adds terms of the order of 1 over positions and classes.  A plain formula forms each of them from differences
#: such as 1 - alpha, which lose the digits of a step, 1/T: as many roundings of each term, once in each order.
CLOSE = 2 * SMALL.L * SMALL.K * SMALL.T * torch.finfo(SMALL.dtype).eps
MEASURED = [operation for operation in OPERATIONS if "MDLM" in operation.name]


@pytest.fixture(scope="module", autouse=True)
def _memory_as_before() -> Iterator[None]:
    yield
    freed("as begun")


@pytest.fixture(scope="module")
def case() -> Case:
    return Case(SMALL)


@pytest.fixture(scope="module")
def results() -> Results:
    return compare(replace(SMALL, dtype=torch.float32), 2, compiled=False, only="MDLM")


@pytest.mark.parametrize("masked", [None, 0.05, 0.95])
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_plain_losses_are_ours(loss: Operation, masked: float | None) -> None:
    case = Case(replace(SMALL, masked=masked))
    gradients = []
    for compute in (lambda z: loss.ours(case.checked, case, z), lambda z: loss.plain(case, z)):
        z = case.logits.clone().requires_grad_()
        losses = compute(z)
        (gradient,) = torch.autograd.grad(losses.sum(), z)
        gradients.append((losses.detach(), gradient))
    torch.testing.assert_close(gradients[0], gradients[1], rtol=CLOSE, atol=CLOSE)


def test_plain_kernels_are_ours(case: Case) -> None:
    m, z, alpha = case.checked, case.log_p, case.alpha
    s, t, begin, end = case.s, case.t, case.begin, case.end
    absorbing, uniform = case.prior(m.absorbing), case.prior(m.uniform)
    rate = 1 / (1 - t)
    pairs = [
        (m.mdlm.reverse(z, case.absorbing, s, t),
         plain_steps.masked_kernel(z, case.absorbing, case.mask, alpha(s), alpha(t))),
        (m.d3pm_absorbing.reverse(z, case.absorbing, begin, end),
         plain_losses.reverse(z, case.absorbing, alpha(begin), alpha(end), absorbing, "joint-sum")),
        (m.d3pm_uniform.reverse(z, case.uniform, begin, end),
         plain_losses.reverse(z, case.uniform, alpha(begin), alpha(end), uniform, "joint-sum")),
        (m.d3pm_mixture.reverse(z, case.uniform, begin, end),
         plain_losses.reverse(z, case.uniform, alpha(begin), alpha(end), uniform, "mixture")),
        (m.sedd_absorb.reverse(z, case.absorbing, s, t),
         plain_steps.tweedie_kernel(z, case.absorbing, alpha(s), alpha(t), absorbing)),
        (m.sedd_uniform.reverse(z, case.uniform, s, t),
         plain_steps.tweedie_kernel(z, case.uniform, alpha(s), alpha(t), uniform)),
        (m.sedd_absorb.euler(z, case.absorbing, s, t),
         plain_steps.euler_kernel(z, case.absorbing, t - s, rate, absorbing)),
        (m.sedd_uniform.euler(z, case.uniform, s, t),
         plain_steps.euler_kernel(z, case.uniform, t - s, rate, uniform)),
        (m.flow.reverse(z, case.uniform, s, t), plain_steps.flow_kernel(z, case.uniform, alpha(s), alpha(t))),
    ]  # fmt: skip
    for ours, plain in pairs:
        torch.testing.assert_close(ours, plain, rtol=CLOSE, atol=CLOSE)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_steps_return_ids(step: Operation, case: Case) -> None:
    output = getattr(case, step.reads)
    for drawn in (step.ours(case.checked, case, output), step.plain(case, output)):
        assert drawn.shape == case.x0.shape
        assert drawn.dtype == torch.int64
        assert bool(((0 <= drawn) & (drawn < SMALL.K)).all())


def test_a_plain_draw_follows_its_weights() -> None:
    weights = torch.tensor([0.0, 1.0, 3.0]).expand(1, 20_000, 3)
    drawn = plain_steps.draw(weights, torch.Generator().manual_seed(0))
    # Six standard deviations of a share of so many draws.
    assert abs(float((drawn == 2).double().mean()) - 0.75) < 6 * math.sqrt(0.75 * 0.25 / 20_000)
    assert not bool((drawn == 0).any())


def test_a_share_that_is_asked_for_is_masked() -> None:
    case = Case(Shape(B=4, L=500, K=50, masked=0.25))
    # Five standard deviations of a share of so many positions.
    assert abs(float((case.absorbing == case.mask).double().mean()) - 0.25) < 5 * math.sqrt(0.25 * 0.75 / 2000)


def test_outputs_of_a_network_are_no_leaves_and_no_copies(case: Case) -> None:
    z = network_output(case.logits)
    assert z.requires_grad
    assert not z.is_leaf
    assert z.data_ptr() == case.logits.data_ptr()
    z.sum().backward()
    assert case.logits.grad is None


def test_what_overwrites_gets_a_copy(case: Case) -> None:
    before = case.logits.clone()

    def spoil(z: torch.Tensor) -> torch.Tensor:
        z[..., 0] += 1
        return z.sum((-1, -2))

    prepared(Candidate("spoil", "test", spoil, case.logits, True, overwrites=True))()
    assert torch.equal(case.logits, before)


def test_every_candidate_runs_between_two_of_the_base(case: Case) -> None:
    calls: list[str] = []

    def note(name: str) -> Candidate:
        def call(z: torch.Tensor) -> torch.Tensor:
            calls.append(name)
            return z.sum()

        return Candidate(name, "test", call, case.logits, False)

    found = measure(note("base"), [note("a"), note("b")], 2)
    there, back = ["base", "a", "base", "b", "base"], ["base", "b", "base", "a", "base"]
    assert calls == [*there, *back, *there]
    assert [m.operation for m in found] == ["base", "a", "b"]
    assert found[1].wall.low <= found[1].wall.median <= found[1].wall.high


def test_a_spread_is_median_and_ends() -> None:
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(2.0, 1.0, 3.0)


@pytest.mark.skipif(not CLEAR.exists(), reason="only Linux tells peaks of memory")
def test_a_peak_is_what_a_run_takes_besides() -> None:
    size = 2**24
    found = peak(lambda: torch.zeros(size, dtype=torch.uint8) + 1, "cpu")
    assert found is not None
    assert size < found < 4 * size


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's allocator is told what to do")
def test_memory_is_kept_or_given_back() -> None:
    assert freed("kept")
    assert freed("given back")


def test_public_packages_are_there_or_the_reason_is(case: Case) -> None:
    for public in PUBLIC:
        assert public.operation in {"cross-entropy", *(operation.name for operation in OPERATIONS)}
        try:
            made(public, case)
        except Unavailable as error:
            reason = str(error)
        else:
            reason = "there"
        assert reason


def test_a_missing_package_is_a_reason(case: Case) -> None:
    def absent(case: Case) -> Callable[[torch.Tensor], torch.Tensor]:
        raise ModuleNotFoundError("No module named 'absent'")

    with pytest.raises(Unavailable, match="not installed here"):
        made(Public("absent", "categorical", absent), case)


def test_everything_is_measured_by_us_and_plainly(results: Results) -> None:
    for operation in MEASURED:
        for by in (OURS, CHECKED, PLAIN):
            row = results.row(operation.name, by)
            assert row is not None, (operation.name, by)
            assert row.wall.low > 0
            if operation.backward and by == PLAIN:
                assert row.gap is not None
    assert {row.operation for row in results.rows if row.operation.startswith("cross-entropy")} == {
        "cross-entropy, forward and backward",
        "cross-entropy, forward",
    }
    assert any("liger" in entry.by for entry in results.missing)


def test_a_formula_that_is_another_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = replace(LOSSES[0], plain=lambda c, z: 2 * LOSSES[0].plain(c, z))
    monkeypatch.setattr("benchmarks.operations.run.OPERATIONS", (wrong,))
    with pytest.raises(ValueError, match="from ours"):
        compare(SMALL, 1, compiled=False)


def test_results_survive_the_file(results: Results, tmp_path: Path) -> None:
    results.growth[:] = [Point("a", N, 8.0, Spread(1, 1, 1), Spread(1, 1, 1), Spread(1, 1, 1), 0.5)]
    results.write(tmp_path / "kept" / "operations.json")
    kept = Results.read(tmp_path / "kept" / "operations.json")
    kept.write(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text() == (tmp_path / "kept" / "operations.json").read_text()
    assert kept.growth == results.growth
    assert [row.operation for row in kept.rows] == [row.operation for row in results.rows]


def test_pages_have_all_operations_and_reasons(results: Results) -> None:
    results.missing.append(Missing("MDLM step", "somebody", "it is not there"))
    text = page(results, [])
    assert all(len(cells) == len(COLUMNS) for _, cells in lines(results))
    assert all(f"| {operation.name} |" in text for operation in MEASURED)
    assert all(reason in text for reason in missing(results))
    row = results.row("MDLM step", OURS)
    assert row is not None
    assert ratio(row, results) == row.processor_ratio


def test_pictures_are_drawn_of_what_grew(tmp_path: Path) -> None:
    one = Spread(1, 1, 1)
    names = ("cross-entropy", LOSSES[0].name)
    points = [Point(name, N, value, one, one, one) for name in names for value in (8.0, 16.0)]
    points += [Point("D3PM birth-death, L_vb", CHAIN_K, 8.0, one, one, one)]
    assert draw(points, tmp_path) == ["rows", "chain_classes"]
    assert "<svg" in (tmp_path / "rows.svg").read_text()


def test_the_cross_entropy_is_pytorchs(case: Case) -> None:
    expected = torch.nn.functional.cross_entropy(case.logits.flatten(0, 1), case.x0.flatten(), reduction="sum")
    assert float(prepared(cross_entropy(case.logits, case.x0, backward=True))()) == float(expected)
