"""The methods whose losses go through kernels, over small vocabularies, and what is asked of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from tests.methods import IMPLEMENTATIONS
from unmask.implementations import LinearOutput
from unmask.implementations.kernels import linear, rows
from unmask.properties import LAWBOOK, Law, Process, Subject

LOSSES = ("loss", "hybrid_loss")
#: One for each thing that kernels do: a sum of the softmax, without a class or with a mixing; score entropies, with
#: ratios and without; on both clocks.
NAMES = (
    "mdlm",
    "d3pm_uniform",
    "d3pm_absorbing",
    "d3pm_mask_and_uniform",
    "d3pm_direct",
    "d3pm_continuous",
    "mixture_continuous",
    "sedd_uniform",
    "sedd_absorb",
    "flow",
)
#: What a loss is.
DEFINITIONS = (
    "loss_is_its_term_of_the_nelbo",
    "gradient_is_the_gradient_of_the_nelbo",
    "a_large_vocabulary_has_the_loss_of_a_few_classes",
)
#: What small numbers are, where networks are certain, and times at both ends.
DIGITS = ("losses_have_their_digits_at_both_ends", "gradients_have_their_digits_at_both_ends", "precision_is_kept")
MASKS = ("mass_on_the_mask_is_in_the_loss", "mass_on_the_mask_is_in_the_gradient", "a_class_may_be_ruled_out")
#: Of whatever is offered: who launches kernels is responsible for that.
CONDUCT = (
    "answers_are_numbers",
    "rows_do_not_see_each_other",
    "calls_do_not_remember_each_other",
    "memory_layout_does_not_matter",
    "autograd_follows_the_values",
)
#: In each dtype, which laws are asked of which subjects: as many as there is time for, in an interpreter.
ASKED: dict[str, tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]] = {
    "float64": (
        (DEFINITIONS[:1], tuple(name for name in NAMES if name != "d3pm_direct")),
        (DEFINITIONS[1:2], NAMES),
        (DEFINITIONS[2:], ("mdlm", "d3pm_uniform", "d3pm_mask_and_uniform", "sedd_uniform", "sedd_absorb", "flow")),
        (MASKS[:2], ("d3pm_absorbing",)),
        (MASKS[2:], ("mdlm",)),
        (CONDUCT, ("mdlm", "sedd_uniform")),
        (CONDUCT[-2:], ("d3pm_continuous",)),
    ),
    "float32": (
        (DIGITS, ("mdlm", "d3pm_uniform", "mixture_continuous", "sedd_uniform", "flow")),
        (DEFINITIONS[1:2], NAMES),
        (DEFINITIONS[2:], ("mdlm", "d3pm_continuous", "sedd_absorb")),
        (("hybrid_loss_adds_cross_entropy",), ("d3pm_absorbing",)),
    ),
}


class Layered:
    """A method whose losses read the same logits as the output of a linear layer, without them in memory.

    ``"hidden"`` states are the logits, and the matrix leaves them as they are; of a ``"matrix"`` each hidden state
    chooses a row, and the first row of logits is a bias, which all have in common.
    """

    def __init__(self, method: Any, part: str) -> None:
        self.method, self.part = method, part

    def layer(self, output: Tensor) -> LinearOutput:
        if self.part == "hidden":
            return LinearOutput(output, torch.eye(output.shape[-1], dtype=output.dtype, device=output.device))
        flat = output.reshape(-1, output.shape[-1])
        one = torch.eye(len(flat), dtype=output.dtype, device=output.device)
        # Of numbers of few bits, differences from the first are exact.
        bias = flat[0] if len(flat) > 0 else output.new_zeros(output.shape[-1])
        return LinearOutput(one.reshape(*output.shape[:-1], len(flat)), (flat - bias).T, bias)

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        found: Tensor = self.method.loss(self.layer(output), x0, xt, t)
        return found


#: Of a method and a part of a layer: the name of the subject whose logits are that layer's output.
LAYERED = {f"{name}_of_a_{part}": (name, part) for name in ("mdlm", "d3pm_continuous") for part in ("hidden", "matrix")}


def layered(subject: Subject, part: str, name: str) -> Subject:
    """The subject, of a layer's output."""

    def build(p: Process) -> tuple[object, ...]:
        made = subject.on(p)
        return Layered(next(m for m in made if hasattr(m, "loss")), part), *made

    return subject.but(build=build, name=name, offers=("loss",))


def small(subject: Subject) -> Subject:
    """With its losses alone, and at most three classes but where a law asks for more."""
    space = replace(subject.processes, K=(2, 3))
    return subject.but(processes=space, offers=tuple(name for name in LOSSES if subject.can(name)))


def subjects() -> dict[str, Subject]:
    """Made anew, so that nothing is kept of them."""
    plain = {m.name: small(m) for m in IMPLEMENTATIONS if m.name in NAMES}
    return plain | {name: layered(plain[of], part, name) for name, (of, part) in LAYERED.items()}


@contextmanager
def few_rows_at_a_time() -> Iterator[None]:
    """Inside, plain kernels and layers visit even a small batch in several blocks, the last of which may be smaller."""
    before = rows.BLOCK, linear.TOGETHER
    rows.BLOCK, linear.TOGETHER = 6, 2
    try:
        yield
    finally:
        rows.BLOCK, linear.TOGETHER = before


def of_a_layer() -> Iterator[tuple[Law, Subject]]:
    """The laws that are asked of layers, which plain kernels visit, and of whom."""
    made = subjects()
    yield from ((LAWBOOK[law], made[name]) for name in LAYERED for law in (*DEFINITIONS, *CONDUCT))


def asked(dtype: str) -> Iterator[tuple[Law, Subject]]:
    """The laws that are asked in a dtype, and of whom."""
    made = subjects()
    for laws, names in ASKED[dtype]:
        yield from ((LAWBOOK[law], made[name]) for name in names for law in laws)


__all__ = [
    "ASKED",
    "CONDUCT",
    "DEFINITIONS",
    "DIGITS",
    "LAYERED",
    "LOSSES",
    "MASKS",
    "NAMES",
    "Layered",
    "asked",
    "few_rows_at_a_time",
    "layered",
    "of_a_layer",
    "small",
    "subjects",
]
