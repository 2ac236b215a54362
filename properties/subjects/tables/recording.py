"""A network that records: what it was shown, what it answered, and which gradient came back.

It stands where code that trains, evaluates or samples expects a network.  Its answers are numbers that nobody has to
train, different for every sequence, and known: what the code made of them can be computed once more, and compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import SimpleNamespace
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor, nn

#: Rows of the table of answers; sequences share them at random.
ROWS = 4099
#: From how many classes on there are so few of them.
MANY_CLASSES, FEW_ROWS = 1024, 67
#: Logit of a class that is ruled out: its exponential is zero in every floating-point format.
RULED_OUT = -1e4

Style: TypeAlias = Literal["moderate", "flat", "peaked", "blind"]


@dataclass
class Asked:
    """One call of a :class:`RecordingNetwork`.

    Attributes
    ----------
    ids : what was shown, int64 ``[n, L]``, a copy.
    answer : what was answered, ``[n, L, K]``, in the dtype of the answer.
    leaf : the tensor of answers that gradients come back to; ``answer`` is its values.
    time : the second argument, or the keyword argument that is no mask of the attention, as it came; ``None`` without.
    others : all other keyword arguments, as they came.
    grad_enabled, training : whether autograd was on, and whether the network was in its training mode.
    """

    ids: Tensor
    answer: Tensor
    leaf: Tensor = field(repr=False)
    time: Any = None
    others: Mapping[str, Any] = field(default_factory=dict)
    grad_enabled: bool = True
    training: bool = True

    @property
    def gradient(self) -> Tensor | None:
        """What has come back so far, ``[n, L, K]``; ``None`` before ``backward``, or if nothing came."""
        return self.leaf.grad


class RecordingNetwork(nn.Module):
    """A network over ``K`` classes whose answers are known, and which records every call.

    ``network(ids)``, ``network(ids, t)`` and ``network(input_ids=ids, timesteps=t, attention_mask=…)`` return logits
    ``[n, L, K]`` for ``ids [n, L]``, of any number of rows and positions.  ``network.calls`` holds an :class:`Asked`
    for each call, and ``forget()`` empties it.  After ``loss.backward()`` the ``gradient`` of a call is what came back.

    Parameters
    ----------
    K : number of classes, the mask included.
    mask : id of the mask, or ``None``.
    seed : another integer, another network; `like(other, …)` has all settings of another.
    style : ``"moderate"`` logits of up to 3; ``"flat"``: all equal; ``"peaked"``: up to 12; ``"blind"``: such that
        depend on the position and not on what is shown.
    mask_ruled_out : whether the logit of the mask is -1e4 everywhere, as of a network that never predicts it.
    looks_at_time : whether answers depend on the time, where one is shown.
    log_probabilities : whether it answers with normalized ``log p`` in place of logits; over all classes but the mask
        where that is ruled out.
    wrapped : whether it returns an object with ``.logits`` (and ``["logits"]``), as libraries do, in place of a tensor.
    dtype, device : of the answers.

    Raises
    ------
    TypeError, ValueError : for arguments that say nothing valid, and for calls without ids, with ids that are no
        integers ``[n, L]``, or with ids that are not below ``K``.
    """

    def __init__(
        self,
        K: int,
        mask: int | None = None,
        *,
        seed: int = 0,
        style: Style = "moderate",
        mask_ruled_out: bool = False,
        looks_at_time: bool = False,
        log_probabilities: bool = False,
        wrapped: bool = False,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> None:
        super().__init__()
        given: dict[str, Any] = {"K": K, "seed": seed}
        for name, value in given.items():
            if not isinstance(value, int) or isinstance(value, bool):
                raise TypeError(f"{name} must be an int, got {value!r}")
        masked: Any = mask
        if K < 2:
            raise ValueError(f"K must be at least 2, got {K}")
        if masked is not None and (not isinstance(masked, int) or isinstance(masked, bool) or not 0 <= masked < K):
            raise ValueError(f"mask must be a class id below K = {K}, or None, got {mask!r}")
        if style not in ("moderate", "flat", "peaked", "blind"):
            raise ValueError(f"style must be 'moderate', 'flat', 'peaked' or 'blind', got {style!r}")
        if not dtype.is_floating_point:
            raise ValueError(f"dtype must be a floating-point type, got {dtype}")
        self.K, self.mask, self.style, self.seed = K, mask, style, seed
        self.mask_ruled_out, self.looks_at_time, self.wrapped = mask_ruled_out, looks_at_time, wrapped
        self.log_probabilities = log_probabilities
        self.calls: list[Asked] = []
        #: What trainers ask a model about.
        self.config = SimpleNamespace(vocab_size=K, mask_token_id=mask)
        # An optimizer wants a parameter; nothing depends on it.
        self.nothing = nn.Parameter(torch.zeros((), dtype=dtype, device=device))

    @classmethod
    def like(cls, other: RecordingNetwork, **changes: Any) -> RecordingNetwork:
        """A network with the settings of another, but for ``changes``, and an empty record."""
        given = {
            "seed": other.seed,
            "style": other.style,
            "mask_ruled_out": other.mask_ruled_out,
            "looks_at_time": other.looks_at_time,
            "log_probabilities": other.log_probabilities,
            "wrapped": other.wrapped,
            "dtype": other.dtype,
            "device": other.device,
        }
        return cls(other.K, other.mask, **(given | changes))

    @cached_property
    def _tables(self) -> tuple[Tensor, Tensor, Tensor]:
        """Logits, what the time adds to them, and strides; of a large vocabulary fewer rows."""
        rows = ROWS if self.K <= MANY_CLASSES else FEW_ROWS
        drawn = torch.Generator().manual_seed(self.seed)
        table = torch.randn(rows, self.K, generator=drawn, dtype=torch.float64).clamp(-3, 3)
        later = torch.randn(rows, self.K, generator=drawn, dtype=torch.float64).clamp(-3, 3)
        return table, later, torch.randint(1, rows, (64,), generator=drawn)

    @property
    def dtype(self) -> torch.dtype:
        """That of the answers."""
        return self.nothing.dtype

    @property
    def device(self) -> torch.device:
        """Where answers are."""
        return self.nothing.device

    def forget(self) -> None:
        """Empty the record."""
        self.calls.clear()

    def forward(self, input_ids: Any = None, time: Any = None, *rest: Any, **others: Any) -> Any:
        """Logits ``[n, L, K]`` for ``input_ids [n, L]``, recorded."""
        for name in ("x", "ids", "xt", "x_t", "tokens", "indices", "inputs"):
            input_ids = others.pop(name) if input_ids is None and name in others else input_ids
        for name in ("t", "timesteps", "timestep", "sigma", "noise", "alpha"):
            time = others.pop(name) if time is None and name in others else time
        ids = self._checked(input_ids)
        answer = self.logits(ids, time)
        leaf = answer.clone().requires_grad_(True)
        others |= {f"argument {k}": value for k, value in enumerate(rest, 2)}
        kept = _kept(time)
        self.calls.append(Asked(ids.clone(), answer, leaf, kept, others, torch.is_grad_enabled(), self.training))
        # A copy, which code may edit in place: a network's output is never a leaf.
        logits = leaf.clone()
        if self.wrapped:
            return Output(logits=logits)
        # The same numbers under the name that libraries give them; a tensor that holds itself would stay alive.
        logits.logits = logits.view_as(logits)  # type: ignore[attr-defined]
        return logits

    def logits(self, ids: Tensor, time: Any = None) -> Tensor:
        """What it answers, ``[n, L, K]``, without recording anything."""
        n, L = ids.shape
        if self.style == "flat":
            found = torch.zeros(n, L, self.K, dtype=torch.float64)
        else:
            places = self._places(ids.cpu() if self.style != "blind" else torch.zeros(n, L, dtype=torch.int64))
            found = self._tables[0][places]
            if self.looks_at_time and time is not None and n:
                when = torch.as_tensor(time, dtype=torch.float64).detach().cpu()
                when = when.reshape(n, -1)[:, :1] if when.numel() in (n, n * L) else when.reshape(-1, 1)[:1]
                found = found + when[..., None] * self._tables[1][places]
        if self.style == "peaked":
            found = 4 * found
        if self.mask_ruled_out and self.mask is not None:
            found[..., self.mask] = RULED_OUT
        if self.log_probabilities:
            found = found.log_softmax(-1)
            if self.mask_ruled_out and self.mask is not None:
                found[..., self.mask] = RULED_OUT
        return found.to(self.dtype).to(self.device)

    def _places(self, ids: Tensor) -> Tensor:
        """For each sequence and position a row of the table, ``[n, L]``: other sequences, other rows."""
        L = ids.shape[1]
        table, _, few = self._tables
        strides = few.repeat(L // len(few) + 1)[:L] * (1 + torch.arange(L) // len(few))
        whole = ((ids + 1) * strides).sum(-1, keepdim=True)
        return (whole * (1 + ids.sum(-1, keepdim=True) % 7) + 61 * torch.arange(L)) % len(table)

    def _checked(self, ids: Any) -> Tensor:
        if not isinstance(ids, Tensor):
            raise TypeError(f"ids must be a tensor [n, L], got {type(ids).__name__}")
        if ids.is_floating_point() or ids.is_complex() or ids.dtype == torch.bool:
            raise TypeError(f"ids must be integers, got {ids.dtype}")
        if ids.ndim != 2:
            raise ValueError(f"ids must have shape [n, L], got {tuple(ids.shape)}")
        if ids.numel() and not (0 <= int(ids.min()) and int(ids.max()) < self.K):
            raise ValueError(f"ids must be from 0 to {self.K - 1}, got {int(ids.min())} to {int(ids.max())}")
        return ids.to(torch.int64)


class Output(dict[str, Tensor]):
    """What a wrapped network returns: ``output.logits``, ``output["logits"]`` and ``output[0]`` are one tensor."""

    @property
    def logits(self) -> Tensor:
        """The logits, ``[n, L, K]``."""
        return self["logits"]

    def __getitem__(self, key: Any) -> Tensor:
        return super().__getitem__("logits" if key == 0 else key)

    def __iter__(self) -> Iterator[str]:
        return super().__iter__()


def _kept(time: Any) -> Any:
    return time.detach().clone() if isinstance(time, Tensor) else time


__all__ = ["RULED_OUT", "Asked", "Output", "RecordingNetwork", "Style"]
