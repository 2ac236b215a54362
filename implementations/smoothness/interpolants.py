r"""How steep a function of tokens must be, given where their embeddings lie.

Of all functions ``F`` of the embedding space with ``F(e(x)) = f(x)``, the least Lipschitz constant is ``max |f(x) -
f(y)| / |e(x) - e(y)|``, which McShane's extension attains (1934): a network that reads its tokens off this table can be
no smoother than that.  Pairs are compared in blocks, each pair once: 50,000 tokens take O(F block^2) memory.
"""

from __future__ import annotations

import torch
from torch import Tensor

from unmask.implementations.numbers import checks


def least_lipschitz(values: Tensor, embeddings: Tensor, block: int = 1024, *, validate: bool | None = None) -> Tensor:
    """The least Lipschitz constant of functions through ``values`` ``[F, K]`` at ``embeddings`` ``[K, D]``: ``[F]``.

    Infinite where two tokens with different values share a place.  ``block`` tokens are compared with ``block`` others
    at a time.  Half precision is computed in float32.  ``validate`` says whether NaN and infinite numbers are looked
    for: always, never, or (``None``) on the CPU.

    Raises
    ------
    TypeError : what is no float tensor, or not of one dtype.
    ValueError : shapes that do not fit, no tokens, NaN or infinite numbers, ``block < 1``.
    """
    f, places = _checked(values, embeddings, block, validate)
    K = f.shape[1]
    steepest = f.new_zeros(f.shape[0])
    for start in range(0, K, block):
        for other in range(0, start + 1, block):
            away = _distances(places[start : start + block], places[other : other + block])
            for n in range(f.shape[0]):
                climb = (f[n, start : start + block, None] - f[n, other : other + block]).abs()
                # Equal values may share a place.
                slope = climb / torch.where((climb > 0) | (away > 0), away, 1.0)
                steepest[n] = torch.maximum(steepest[n], slope.amax())
    return steepest.to(values.dtype)


def interpolant(
    values: Tensor, embeddings: Tensor, places: Tensor, block: int = 1024, *, validate: bool | None = None
) -> Tensor:
    """McShane's extension ``min_x f(x) + c |z - e(x)|``, ``c`` the least constant of each function: ``[F, N]``.

    ``values`` ``[F, K]`` at ``embeddings`` ``[K, D]``, looked up at ``places`` ``[N, D]``, ``block`` of them at a time.

    Raises
    ------
    TypeError, ValueError : as :func:`least_lipschitz`; ``places`` of another dtype or width; where values are checked,
        tokens with different values at one place.
    """
    f, table = _checked(values, embeddings, block, validate)
    checks.tensor("places", places, (values.dtype,))
    checks.shape("places", places, ["N", embeddings.shape[1]])
    if checks.reads(validate, places):
        checks.finite("places", places)
    steepest = least_lipschitz(f, table, block, validate=False)
    if checks.reads(validate, steepest) and bool(steepest.isinf().any()):
        function = int(steepest.isinf().nonzero()[0])
        raise ValueError(f"embeddings must put tokens of different values apart, got one place for two in {function=}")
    z = places.to(f.dtype)
    found = [
        (f[:, None] + steepest[:, None, None] * _distances(part, table)).amin(-1) for part in torch.split(z, block)
    ]
    return torch.cat(found, 1).to(values.dtype)


def _distances(left: Tensor, right: Tensor) -> Tensor:
    """Euclidean, from differences: products would cancel where embeddings are close."""
    return torch.cdist(left, right, compute_mode="donot_use_mm_for_euclid_dist")


def _checked(values: Tensor, embeddings: Tensor, block: int, validate: bool | None) -> tuple[Tensor, Tensor]:
    checks.tensor("values", values, checks.FLOATS)
    checks.shape("values", values, ["F", "K"])
    checks.tensor("embeddings", embeddings, (values.dtype,))
    checks.shape("embeddings", embeddings, [values.shape[1], "D"])
    if embeddings.shape[0] == 0 or embeddings.shape[1] == 0:
        raise ValueError(f"embeddings must have tokens and dimensions, got shape {list(embeddings.shape)}")
    for name, given in (("values", values), ("embeddings", embeddings)):
        if checks.reads(validate, given):
            checks.finite(name, given)
    checks.integer("block", block, 1)
    wide = torch.float32 if values.dtype in (torch.float16, torch.bfloat16) else values.dtype
    return values.to(wide), embeddings.to(wide)
