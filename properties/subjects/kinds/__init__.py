"""The kinds of subjects, one module each; a module that is laid here is found by itself.

* `classes`: diffusion over classes;
* `gaussian`: Gaussian diffusion of reals;
* `degradation`: cold diffusion;
* `autoregression`: one token a step;
* `embeddings`: functions of tokens that have places;
* `programs`: code that calls a network;
* `networks`: a network that is given.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from unmask.properties.subjects.kind import Kind, entered
from unmask.properties.subjects.spelling import did_you_mean


@cache
def discovered() -> tuple[str, ...]:
    """Import every kind of this package; the names of their modules."""
    names = tuple(f"{__name__}.{found.name}" for found in pkgutil.iter_modules(__path__))
    for name in names:
        importlib.import_module(name)
    return names


def kinds() -> dict[str, Kind]:
    """All kinds by name, those of this package first."""
    discovered()
    return entered()


def kind(name: str) -> Kind:
    """The kind of that name.

    Raises
    ------
    ValueError : if there is none; the message says which there are.
    """
    there_are = kinds()
    if name not in there_are:
        raise ValueError(f"kind must be one of {sorted(there_are)}, got {name!r}{did_you_mean(name, there_are)}")
    return there_are[name]


__all__ = ["discovered", "kind", "kinds"]
