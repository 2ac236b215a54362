"""The book of laws, one chapter a file, in reading order."""

from unmask.properties.laws import (  # noqa: F401  # isort: skip
    schedules,
    forward,
    posteriors,
    reverse,
    steps,
    samplers,
    tails,
    elbo,
    optima,
    score,
    masked,
    cold,
    limits,
    scale,
    gaussian,
    gaussian_data,
    gaussian_losses,
    gaussian_samples,
    conduct,
)
