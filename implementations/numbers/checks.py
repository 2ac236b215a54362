"""Validation of arguments, before any work is done.

Every function raises ``TypeError`` for a wrong kind of thing (not a tensor, wrong dtype) and ``ValueError``
for a wrong value or shape.  The message names the argument, the value, and what would be valid.  Shapes and
dtypes are checked always, *values* where :func:`reads` says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from unmask.implementations.kernels.linear import LinearOutput
from unmask.implementations.kernels.rows import Rows

IDS = (torch.int64, torch.int32)
FLOATS = (torch.float64, torch.float32, torch.bfloat16, torch.float16)


def reads(validate: bool | None, value: Tensor) -> bool:
    """Whether values are checked: always with ``True``, never with ``False``, and with ``None`` on the CPU alone.

    Elsewhere the program would have to wait for the device; and under ``torch.compile``, where ``None`` checks nothing
    either, a look at values would break the graph.
    """
    if validate is not None:
        return validate
    return value.is_cpu and not torch.compiler.is_compiling()


def tensor(name: str, value: object, dtypes: Sequence[torch.dtype]) -> Tensor:
    """``value`` as a tensor of one of ``dtypes``; ``TypeError`` otherwise."""
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} must be a torch.Tensor, got {type(value).__name__} {value!r}")
    if value.dtype not in dtypes:
        wanted = ", ".join(str(d) for d in dtypes)
        raise TypeError(f"{name} must have dtype {wanted}, got {value.dtype}")
    return value


def shape(name: str, value: Tensor, wanted: Sequence[int | str]) -> None:
    """``ValueError`` unless ``value`` has the wanted shape; a string stands for any size."""
    same_rank = value.ndim == len(wanted)
    if not same_rank or any(isinstance(w, int) and w != n for w, n in zip(wanted, value.shape, strict=True)):
        text = ", ".join(str(w) for w in wanted)
        raise ValueError(f"{name} must have shape [{text}], got {list(value.shape)}")


def number(name: str, value: object, low: float, high: float, *, strict: str = "") -> float:
    """``value`` as a float in ``[low, high]``;
    ``strict`` names the ends that are excluded (``"low"``, ``"high"``).
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a number, got {type(value).__name__} {value!r}")
    below = value <= low if "low" in strict else value < low
    above = value >= high if "high" in strict else value > high
    if math.isnan(value) or below or above:
        left, right = "(" if "low" in strict else "[", ")" if "high" in strict else "]"
        raise ValueError(f"{name} must be in {left}{low:g}, {high:g}{right}, got {value!r}")
    return float(value)


def integer(name: str, value: object, low: int, high: int | None = None) -> int:
    """``value`` as an int of at least ``low`` and at most ``high``."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, got {type(value).__name__} {value!r}")
    if value < low or (high is not None and value > high):
        wanted = f"at least {low}" if high is None else f"in {low}..{high}"
        raise ValueError(f"{name} must be {wanted}, got {value}")
    return value


def _within(value: Tensor, low: float, high: float) -> bool:
    """Whether all of ``value`` is in ``[low, high]`` (NaN is not), in one pass and with one wait for the device."""
    if value.numel() == 0:
        return True
    least, most = torch.stack(torch.aminmax(value.detach())).tolist()
    # Both are NaN if any entry is.
    return bool(low <= least and most <= high)


def ids_in_range(name: str, value: Tensor, K: int) -> None:
    """``ValueError`` unless every id is in ``0..K-1``."""
    if not _within(value, 0, K - 1):
        bad = (value < 0) | (value >= K)
        raise ValueError(f"{name} must hold class ids in 0..{K - 1}, got {first(value, bad)}")


def without_mask(name: str, value: Tensor, mask: int) -> None:
    """``ValueError`` if the mask class is among the ids."""
    bad = value == mask
    if bool(bad.any()):
        raise ValueError(f"{name} must be clean data, without the mask class, got the mask id {first(value, bad)}")


def times_in_range(name: str, value: Tensor, low: float, high: float) -> None:
    """``ValueError`` unless every time is in ``[low, high]`` (NaN is not)."""
    if not _within(value, low, high):
        bad = ~((value >= low) & (value <= high))
        raise ValueError(f"{name} must be a time in [{low:g}, {high:g}], got {first(value, bad)}")


def earlier(s: Tensor, t: Tensor) -> None:
    """``ValueError`` unless ``s < t`` everywhere."""
    bad = s >= t
    if bool(bad.any()):
        raise ValueError(f"s must be earlier than t, got s = {first(s, bad)}, t = {first(t, bad)}")


def logits(name: str, value: Tensor, without: int | None = None, places: Tensor | None = None) -> None:
    """``ValueError`` for NaN, +inf, or a row with no finite entry (outside the class ``without``).

    Rows are named by their ``places [R, ...]`` in what they are taken from, if that is given.
    """
    # The largest entry of a row tells all of it, in one pass: it is NaN or +inf if any is, and -inf if all are.
    value = value.detach()
    top = value.new_full(value.shape[:-1], -math.inf)
    parts = [value] if without is None else [value[..., :without], value[..., without + 1 :]]
    for part in parts:
        top = torch.maximum(top, part.amax(-1)) if part.shape[-1] > 0 else top
    if without is not None:
        own = value[..., without]
        top = torch.where(own < math.inf, top, math.nan)
    if bool(top.isfinite().all()):
        return
    bad = value.isnan() | (value == math.inf)
    if bool(bad.any()):
        raise ValueError(f"{name} must be finite or -inf, got {first(value, bad)}")
    found = (top == -math.inf).nonzero()[0]
    place = (found if places is None else places[found[0]]).tolist()
    allowed = "" if without is None else f" outside the mask class {without}"
    raise ValueError(f"{name} must have a finite logit in every row{allowed}, got only -inf in row {place}")


def logits_at(value: Tensor, places: Tensor, without: int | None = None, *, validate: bool | None) -> Tensor:
    """The logits ``[R, K]`` of ``value [N, L, K]`` at ``places [R, 2]``, without their gradient.

    These, and no others, are checked as by :func:`logits`.
    """
    found = value.detach()[places.unbind(-1)]
    if reads(validate, found):
        logits("output", found, without, places)
    return found


def output(
    value: Tensor | LinearOutput,
    xt: Tensor,
    K: int,
    *,
    scores: bool = False,
    without: int | None = None,
    validate: bool | None,
    linear: bool = False,
) -> None:
    """``TypeError`` or ``ValueError`` unless ``value`` is what a network may return for ``xt``: floats ``[N, L, K]``,
    logits, or log scores, that are neither NaN nor ``+inf``.

    With ``linear`` it may also be a :class:`LinearOutput`, whose parts are then finite.
    """
    if linear and isinstance(value, LinearOutput):
        linear_output(value, xt, K, validate=validate)
        return
    tensor("output", value, FLOATS)
    assert isinstance(value, Tensor)
    shape("output", value, [*xt.shape, K])
    if not reads(validate, value):
        return
    if scores:
        log_scores("output", value)
    else:
        logits("output", value, without)


def linear_output(value: LinearOutput, xt: Tensor, K: int, *, validate: bool | None) -> None:
    """``TypeError`` or ``ValueError`` unless hidden states, matrix and bias fit together, ``xt`` and ``K``."""
    tensor("output.hidden", value.hidden, FLOATS)
    shape("output.hidden", value.hidden, [*xt.shape, "H"])
    parts = {"output.weight": (value.weight, [K, value.hidden.shape[-1]])}
    if value.bias is not None:
        parts["output.bias"] = value.bias, [K]
    for name, (part, wanted) in parts.items():
        tensor(name, part, (value.dtype,))
        shape(name, part, list(wanted))
    for name, part in {"output.hidden": value.hidden, **{name: part for name, (part, _) in parts.items()}}.items():
        if reads(validate, part):
            finite(name, part)


def overwritable(name: str, value: Tensor | LinearOutput) -> None:
    """``ValueError`` for what must not be written to: a leaf that requires a gradient, or a view of one, whose values
    are nobody's to overwrite, and an expanded tensor, in which several entries are one.
    """
    if isinstance(value, LinearOutput):
        return
    whole = value if value._base is None else value._base
    if whole.requires_grad and whole.is_leaf:
        view = "" if whole is value else "a view of "
        raise ValueError(f"{name} must be computed, by a network, to be overwritten in place, got {view}a leaf tensor")
    if any(size > 1 and stride == 0 for size, stride in zip(value.shape, value.stride(), strict=True)):
        raise ValueError(f"{name} must not be expanded to be overwritten in place, got strides {value.stride()}")


def log_scores(name: str, value: Tensor) -> None:
    """``ValueError`` for NaN or +inf."""
    # NaN or +inf if any entry is.
    if value.numel() == 0 or bool(value.detach().amax() < math.inf):
        return
    bad = value.isnan() | (value == math.inf)
    raise ValueError(f"{name} must be finite or -inf, got {first(value, bad)}")


def distribution(name: str, value: Tensor) -> None:
    """``ValueError`` unless the rows are non-negative and sum to 1 within rounding."""
    bad = ~((value >= 0) & value.isfinite())
    if bool(bad.any()):
        raise ValueError(f"{name} must be non-negative and finite, got {first(value, bad)}")
    total = value.double().sum(-1)
    slack = 4 * torch.finfo(value.dtype).eps * value.shape[-1]
    off = (total - 1).abs() > slack
    if bool(off.any()):
        raise ValueError(f"{name} must sum to 1 (within {slack:.1e}), got a sum of {first(total, off)}")


def weights(name: str, value: Tensor) -> None:
    """``ValueError`` unless the rows are non-negative, finite, and not all zero."""
    # The second look at a block of rows finds it in the cache; NaN is found by both.
    flat = value.detach().reshape(-1, value.shape[-1])
    sound = []
    for block in Rows(None).blocks(flat) if value.numel() > 0 else ():
        top = flat[block].amax(-1)
        sound.append((flat[block].amin() >= 0) & ((top > 0) & (top < math.inf)).all())
    if not sound or bool(torch.stack(sound).all()):
        return
    bad = ~((value >= 0) & value.isfinite())
    if bool(bad.any()):
        raise ValueError(f"{name} must be non-negative and finite, got {first(value, bad)}")
    raise ValueError(f"{name} must have a positive entry in every row, got a row of {value.shape[-1]} zeros")


def generator(value: object) -> torch.Generator:
    """``value`` as a ``torch.Generator``; the global one is never used instead."""
    if not isinstance(value, torch.Generator):
        raise TypeError(f"generator must be a torch.Generator, got {type(value).__name__} {value!r}")
    return value


def instance(name: str, value: object, *kinds: type) -> None:
    """``TypeError`` unless ``value`` is one of ``kinds``."""
    if not isinstance(value, kinds):
        wanted = " or ".join(kind.__name__ for kind in kinds)
        raise TypeError(f"{name} must be {wanted}, got {type(value).__name__} {value!r}")


def function(name: str, value: object, of: str) -> None:
    """``TypeError`` unless ``value`` is callable; ``of`` names its arguments in the message."""
    if not callable(value):
        raise TypeError(f"{name} must be a function of {of}, got {type(value).__name__} {value!r}")


def falling(name: str, values: object, low: float, high: float, *, whole: bool = False) -> list[float]:
    """A sequence of numbers in ``[low, high]``, or a tensor of them, that decreases strictly.

    ``TypeError`` for other things than numbers (``whole``: than integers), ``ValueError`` for such values.
    """
    if isinstance(values, Tensor):
        shape(name, values, ["S"])
    elif isinstance(values, (str, bytes)) or not isinstance(values, Sequence):
        raise TypeError(f"{name} must be a sequence of numbers or a tensor, got {type(values).__name__} {values!r}")
    found = values.tolist() if isinstance(values, Tensor) else list(values)
    for i, value in enumerate(found):
        if whole:
            integer(f"{name}[{i}]", value, int(low), int(high))
        else:
            number(f"{name}[{i}]", value, low, high)
        if i > 0 and not value < found[i - 1]:
            raise ValueError(f"{name} must decrease, got {found[i - 1]} and then {value}")
    return found


def first(value: Tensor, bad: Tensor) -> int | float:
    """The first offending entry, for the message."""
    found: int | float = value[bad].flatten()[0].item()
    return found


def sequences(
    x0: Tensor | None, xt: Tensor | None, K: int, mask: int | None, *, validate: bool | None
) -> list[int | str] | None:
    """Class ids ``[N, L]`` of clean and noisy sequences, those that are given; their shape, ``None`` without any.

    Raises ``TypeError`` for other tensors than integers, ``ValueError`` for shapes that differ, for ids that are no
    classes, and for the mask in clean data.
    """
    batch: list[int | str] | None = None
    for name, ids in (("x0", x0), ("xt", xt)):
        if ids is None:
            continue
        tensor(name, ids, IDS)
        shape(name, ids, ["N", "L"] if batch is None else batch)
        batch = list(ids.shape)
        if reads(validate, ids):
            ids_in_range(name, ids, K)
            if name == "x0" and mask is not None:
                without_mask(name, ids, mask)
    return batch


def finite(name: str, value: Tensor) -> None:
    """``ValueError`` for NaN and infinite entries."""
    if value.numel() == 0:
        return
    # Both ends in one pass; they are NaN if any entry is.
    low, high = value.detach().aminmax()
    if bool((low > -math.inf) & (high < math.inf)):
        return
    raise ValueError(f"{name} must be finite, got {first(value, ~value.isfinite())}")


def ratios(name: str, value: Tensor) -> None:
    """``ValueError`` for NaN, infinite and negative entries."""
    if value.numel() == 0:
        return
    low, high = value.detach().aminmax()
    if bool((low >= 0) & (high < math.inf)):
        return
    raise ValueError(f"{name} must be non-negative and finite, got {first(value, ~((value >= 0) & value.isfinite()))}")


def batch(name: str, value: object, wanted: Sequence[int] | None = None, *, validate: bool | None) -> Tensor:
    """``value`` as finite floats ``[N, ...]``, of the shape ``wanted`` if that is given.

    ``TypeError`` for other things than floating tensors, ``ValueError`` for shapes and values.
    """
    found = tensor(name, value, FLOATS)
    if wanted is not None:
        shape(name, found, list(wanted))
    elif found.ndim == 0:
        raise ValueError(f"{name} must have shape [N, ...], got []")
    if reads(validate, found):
        finite(name, found)
    return found
