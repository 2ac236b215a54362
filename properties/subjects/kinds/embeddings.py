"""Functions of tokens: how steep they must be once an embedding table gives the tokens places."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from unmask.properties.subjects.capability import Capability
from unmask.properties.subjects.inputs import Inputs
from unmask.properties.subjects.kind import Kind, enter
from unmask.properties.subjects.processes.vocabulary import Vocabulary
from unmask.properties.subjects.shapes import Embeddings, Matrix, Name, PerRow, PerRowAndClass, Reals, Size, Weights


class TokenFunctions(Protocol):
    """Functions of the tokens of a vocabulary ``p`` that have places ``embeddings [K, D]``.

    Arguments come by keyword; ``values [N, K]`` are ``N`` functions of the classes.
    """

    def least_lipschitz(self, values: PerRowAndClass, embeddings: Embeddings) -> PerRow:
        """Of each function, the least Lipschitz constant once class ``x`` lies at ``embeddings[x]``."""
        ...

    def interpolant(self, values: PerRowAndClass, embeddings: Embeddings, places: Reals) -> PerRow:
        """A function with that constant and these values, at ``places``, one for each."""
        ...

    def neighbor_rates(self, embeddings: Embeddings, k: Size) -> Matrix:
        """Rates of D3PM's walk on the graph in which each class is joined to its ``k`` nearest ones.

        ``A - diag(A 1)`` with ``A = (G + G^T) / 2k``; of equally near classes the smaller id is nearer.
        """
        ...

    def error_by_frequency(self, values: PerRowAndClass, others: PerRowAndClass, basis: Name) -> Weights:
        """The mean over rows and classes of ``(values - others)^2``, split into the waves of ``basis``.

        ``"dft"``: frequencies ``0..K//2`` of a circle; ``"dct"``: the cosine waves of ordered levels; ``"walsh"``:
        degrees of functions of ``log2 K`` bits.  There are at most ``K``, and zeros follow them.
        """
        ...


def situation(
    given: Inputs, subject: Any, N: int, one_time: bool, other: int, ends: Capability | None = None
) -> dict[str, Any]:
    """A value for every argument that there is."""
    del subject, one_time, ends
    rng = np.random.default_rng([given.seed + other, 11])
    K = given.p.K
    return {
        "values": rng.integers(-8, 9, (N, K)) / 8,
        "embeddings": rng.permutation(2 * K).reshape(K, 2) / 4,
        "places": rng.integers(-8, 9, (N, 2)) / 4,
        "others": rng.integers(-8, 9, (N, K)) / 8,
        "basis": "dct",
        "k": 1,
    }


EMBEDDINGS = enter(
    Kind(
        name="embeddings",
        title="Functions of tokens",
        vocabulary=TokenFunctions,
        process=Vocabulary,
        situation=situation,
        exempt={"autograd_follows_the_values": "measures functions, and nobody trains through a measure"},
    )
)

__all__ = ["EMBEDDINGS", "TokenFunctions"]
