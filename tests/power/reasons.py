"""Why no law sees an error, where none can: the nature of what is claimed, and not a law that is missing."""

from __future__ import annotations

#: By capability and error.
REASONS = {
    ("denoise", "one time late"): "no denoiser that is offered looks at the time",
    ("generate_reals", "0.1 %"): "an error of a thousandth of a standard deviation: it takes millions of draws",
    ("noisy", "0.1 %"): "an error of a thousandth of a standard deviation: it takes millions of draws",
    ("noisy", "at one time only"): "at the last times the mean is all but gone, and a hundredth of the noise is added",
    ("projective_distance", "the mask's share"): "distances to and from a mask are 0 or infinite, at any factor",
}


def reason(capability: str, error: str) -> str:
    """Why nothing sees it; empty where nobody knows, which is a law to be written."""
    return REASONS.get((capability, error), "")


__all__ = ["REASONS", "reason"]
