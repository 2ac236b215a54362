"""Networks of which it is known what any sampler must write: one that knows a joint law, and one that is sure."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from unmask.properties.subjects.tables.recording import RULED_OUT, RecordingNetwork

Array: TypeAlias = Any


class JointNetwork(RecordingNetwork):
    """At each position the law of its class, given all that is visible elsewhere, for a joint law that is drawn.

    Of a sequence that is shown in part, the rest counts as masked.

    Parameters
    ----------
    K, mask, seed, mask_ruled_out, wrapped, dtype, device : as for :class:`RecordingNetwork`; where the mask is not
        ruled out, it has as much mass as the likeliest classes.
    L : number of positions; ``(K - 1)**L`` sequences are enumerated.

    Raises
    ------
    TypeError, ValueError : as for :class:`RecordingNetwork`; without a mask.
    """

    def __init__(self, K: int, mask: int | None, L: int, *, seed: int = 0, **told: Any) -> None:
        super().__init__(K, mask, seed=seed, **told)
        if mask is None:
            raise ValueError("mask must be a class id, got None")
        rng = np.random.default_rng([seed, 131])
        joint = rng.exponential(size=(K,) * L) ** 2
        for axis in range(L):
            joint[(slice(None),) * axis + (mask,)] = 0
        self._joint = joint / joint.sum()
        self._known: dict[tuple[int, ...], Array] = {}

    def conditional(self, state: tuple[int, ...]) -> dict[tuple[int, ...], float]:
        """The law of whole sequences, given what is visible in ``state``."""
        given = self._joint[tuple(slice(None) if v == self.mask else slice(v, v + 1) for v in state)]
        total = float(given.sum())
        found = {}
        for place in np.argwhere(given > 0):
            ids = tuple(int(i) if v == self.mask else v for i, v in zip(place, state, strict=True))
            found[ids] = float(given[tuple(place)]) / total
        return found

    def logits(self, ids: Tensor, time: Any = None) -> Tensor:
        """What it answers, ``[n, L, K]``."""
        del time
        rows = ids.cpu().tolist()
        found = [self._answer(tuple(row)) for row in rows]
        answer = torch.as_tensor(np.array(found).reshape(len(rows), ids.shape[1], self.K), dtype=self.dtype)
        return answer.to(self.device)

    def _answer(self, state: tuple[int, ...]) -> Array:
        if state not in self._known:
            answer = np.full((len(state), self.K), RULED_OUT)
            for i in range(len(state)):
                cut = tuple(slice(None) if v == self.mask or j == i else slice(v, v + 1) for j, v in enumerate(state))
                masses = self._joint[cut].sum(tuple(j for j in range(self._joint.ndim) if j != i))
                answer[i, masses > 0] = np.log(masses[masses > 0] / masses.sum())
            if not (self.mask_ruled_out or self.log_probabilities):
                answer[:, self.mask] = 0.0
            self._known[state] = answer
        return self._known[state]


class SureNetwork(RecordingNetwork):
    """All but sure of one token at each position, whatever it is shown.

    Parameters
    ----------
    K, mask, seed, mask_ruled_out, wrapped, dtype, device : as for :class:`RecordingNetwork`; where the mask is not
        ruled out, it has a larger logit than all others.
    tokens : the token of each position.
    by : by how much its logit is larger than those of the other classes.

    Raises
    ------
    TypeError, ValueError : as for :class:`RecordingNetwork`.
    """

    def __init__(self, K: int, mask: int | None, tokens: list[int], by: float, **told: Any) -> None:
        super().__init__(K, mask, **told)
        self._one = torch.zeros(1, len(tokens), K, dtype=self.dtype)
        self._one[0, torch.arange(len(tokens)), torch.tensor(tokens)] = by
        if mask is not None:
            self._one[..., mask] = RULED_OUT if self.mask_ruled_out or self.log_probabilities else by + 1

    def logits(self, ids: Tensor, time: Any = None) -> Tensor:
        """What it answers, ``[n, L, K]``."""
        del time
        found = (self._one.log_softmax(-1) if self.log_probabilities else self._one)[:, : ids.shape[1]]
        return found.expand(len(ids), -1, -1).contiguous().to(self.device)


__all__ = ["JointNetwork", "SureNetwork"]
