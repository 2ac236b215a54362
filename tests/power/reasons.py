"""Why no law sees an error, where none can: the nature of what is claimed, and not a law that is missing."""

from __future__ import annotations

#: By capability and error.
REASONS = {
    ("denoise", "one time late"): "no denoiser that is offered looks at the time",
    ("generate_reals", "0.1 %"): "an error of a thousandth of a standard deviation: it takes millions of draws",
    ("noisy", "0.1 %"): "an error of a thousandth of a standard deviation: it takes millions of draws",
    ("noisy", "1 %"): "the mean moves by a hundredth of itself, beside the noise: it takes a million draws",
    ("noisy", "one class"): "the mean moves by a hundredth of itself, beside the noise: it takes a million draws",
    ("noisy", "at one time only"): "the mean is all but gone at the last times, where a hundredth more is added",
    ("reverse_step", "at one time only"): "a hundredth of one standard deviation, in one step of many",
    ("projective_distance", "the mask's share"): "distances to and from a mask are 0 or infinite, at any factor",
}


def reason(capability: str, error: str) -> str:
    """Why nothing sees it; empty where nobody knows, which is a law to be written."""
    return REASONS.get((capability, error), "")


__all__ = ["REASONS", "reason"]
