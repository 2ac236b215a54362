"""The book of laws, one chapter a folder, in reading order."""

from unmask.properties.laws import (  # noqa: F401  # isort: skip
    noise,
    likelihood,
    sedd,
    masked,
    sampling,
    degradation,
    limits,
    smoothness,
    gaussian,
    conduct,
)
