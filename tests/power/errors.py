"""Generic errors, planted in any capability: in what it returns, or in the time that it is asked about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from torch import Tensor

from unmask.properties.engine.mutation import Right
from unmask.properties.subjects.capability import Capability

#: ``wrong(right, p, *arguments)`` in place of a capability.
Wrong: TypeAlias = Callable[..., Any]
#: What is wrong with an answer: ``(answer, p, given arguments by name)`` to the wrong one; ``None`` if nothing can be.
Change: TypeAlias = Callable[[Tensor, Any, dict[str, Any]], Tensor | None]

#: How far a continuous time is off when it is "one time" off.
STEP = 1 / 32


def scaled(factor: float) -> Change:
    """All of it, by a factor."""
    return lambda answer, p, given: answer * factor


def _each(answer: Tensor, where: Tensor, factor: float) -> Tensor:
    """``answer`` times ``factor`` where ``where [N]`` is true."""
    return torch.where(where.view(-1, *[1] * (answer.ndim - 1)), answer * factor, answer)


def _has(given: dict[str, Any], wanted: Callable[[Tensor], Tensor]) -> Tensor | None:
    """Rows whose noisy (or else clean) tokens have something at any position."""
    ids = given.get("xt", given.get("x0"))
    return None if ids is None or ids.is_floating_point() else wanted(ids).any(-1)


def one_class(answer: Tensor, p: Any, given: dict[str, Any]) -> Tensor | None:
    """1 % too much for the last class that clean data may hold; a number a row, where that class is seen."""
    last = max(getattr(p, "clean", range(1)))
    if answer.ndim >= 2 and answer.shape[-1] == getattr(p, "K", None):
        return torch.cat([answer[..., :last], 1.01 * answer[..., last : last + 1], answer[..., last + 1 :]], -1)
    rows = _has(given, lambda ids: ids == last)
    return None if rows is None else _each(answer, rows, 1.01)


def one_position(answer: Tensor, p: Any, given: dict[str, Any]) -> Tensor | None:
    """1 % too much at the last position."""
    tokens = given.get("xt", given.get("x0", given.get("z")))
    if tokens is None or answer.ndim < 2 or answer.shape[1] != tokens.shape[1]:
        return None
    return torch.cat([answer[:, :-1], 1.01 * answer[:, -1:]], 1)


def mask_share(answer: Tensor, p: Any, given: dict[str, Any]) -> Tensor | None:
    """1 % too much for the mask; a number a row, where a mask is seen."""
    mask = getattr(p, "mask", None)
    if mask is None:
        return None
    if answer.ndim >= 2 and answer.shape[-1] == p.K:
        return torch.cat([answer[..., :mask], 1.01 * answer[..., mask : mask + 1], answer[..., mask + 1 :]], -1)
    rows = _has(given, lambda ids: ids == mask)
    return None if rows is None else _each(answer, rows, 1.01)


def one_time(answer: Tensor, p: Any, given: dict[str, Any]) -> Tensor | None:
    """1 % too much at the last step of the clock, or in its last eighth."""
    t = given.get("t")
    if t is None or not isinstance(t, Tensor):
        return None
    late = t == p.T if getattr(p, "T", None) is not None else t > 7 / 8
    if late.ndim == 0:
        return answer * 1.01 if bool(late) else answer
    return _each(answer, late, 1.01) if len(late) == len(answer) else None


#: Errors in numbers.
NUMBERS: dict[str, Change] = {
    "1 %": scaled(1.01),
    "0.1 %": scaled(1.001),
    "wrong sign": scaled(-1.0),
    "one class": one_class,
    "one position": one_position,
    "the mask's share": mask_share,
    "at one time only": one_time,
}


def _redrawn(share: float, where: Callable[[Tensor, Any, dict[str, Any]], Tensor | None]) -> Change:
    """A share of the drawn ids is drawn again from all clean classes alike, where the condition holds."""

    def change(answer: Tensor, p: Any, given: dict[str, Any]) -> Tensor | None:
        here = where(answer, p, given)
        generator = given.get("generator")
        if here is None or not isinstance(generator, torch.Generator):
            return None
        clean = torch.tensor(list(p.clean))
        other = clean[torch.randint(len(clean), answer.shape, generator=generator)]
        again = torch.rand(answer.shape, generator=generator, dtype=torch.float64) < share
        return torch.where(again & here, other, answer)

    return change


def _everywhere(answer: Tensor, p: Any, given: dict[str, Any]) -> Tensor:
    return torch.ones_like(answer, dtype=torch.bool)


def _where_last_class(answer: Tensor, p: Any, given: dict[str, Any]) -> Tensor:
    return answer == max(p.clean)


def _where_last_position(answer: Tensor, p: Any, given: dict[str, Any]) -> Tensor:
    return (torch.arange(answer.shape[1]) == answer.shape[1] - 1).expand(answer.shape)


def _where_mask(answer: Tensor, p: Any, given: dict[str, Any]) -> Tensor | None:
    return None if p.mask is None else answer == p.mask


def _where_late(answer: Tensor, p: Any, given: dict[str, Any]) -> Tensor | None:
    t = given.get("t")
    if t is None or t.ndim != 1:
        return None
    return (t == p.T if p.T is not None else t > 7 / 8)[:, None].expand(answer.shape)


#: Errors in ids that are drawn.  What is local is an error of a tenth.
IDS: dict[str, Change] = {
    "1 %": _redrawn(0.01, _everywhere),
    "10 %": _redrawn(0.1, _everywhere),
    "one class": _redrawn(0.1, _where_last_class),
    "one position": _redrawn(0.1, _where_last_position),
    "the mask's share": _redrawn(0.1, _where_mask),
    "at one time only": _redrawn(0.1, _where_late),
}
LATE = "one time late"
#: Every error, in the order of the table.
ERRORS = list(dict.fromkeys([*NUMBERS, *IDS, LATE]))


class Traces:
    """Whether a planted error has ever changed an answer."""

    changed = False

    def note(self, answer: Tensor, wrong: Tensor) -> Tensor:
        """The wrong answer, after a look at whether it differs."""
        self.changed = self.changed or not torch.equal(answer, wrong)
        return wrong


def planted(error: str, capability: Capability, traces: Traces | None = None) -> Wrong | None:
    """The capability with an error in it, which leaves its ``traces``; ``None`` where it makes no sense."""
    traces = traces or Traces()
    names = capability.arguments
    if error == LATE:
        return _late(capability, traces) if "t" in names and capability.takes["t"].of == "times" else None
    ids = capability.gives.of == "ids"
    change = (IDS if ids else NUMBERS).get(error)
    if change is None or (not ids and capability.gives.of not in ("reals", "times")):
        return None

    def wrong(right: Right, p: Any, *arguments: Any) -> Any:
        answer = getattr(right, capability.name)(p, *arguments)
        if not isinstance(answer, Tensor):
            return answer
        changed = change(answer, p, dict(zip(names, arguments, strict=True)))
        return answer if changed is None else traces.note(answer, changed)

    return wrong


def _late(capability: Capability, traces: Traces) -> Wrong:
    """Asked about the time after t."""
    place = capability.arguments.index("t")

    def wrong(right: Right, p: Any, *arguments: Any) -> Any:
        t = arguments[place]
        if isinstance(t, Tensor):
            later = (t + 1).clamp(max=p.T) if getattr(p, "T", None) is not None else (t + STEP).clamp(max=1)
            t = traces.note(t, later)
        return getattr(right, capability.name)(p, *arguments[:place], t, *arguments[place + 1 :])

    return wrong
