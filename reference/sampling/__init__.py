"""Sampling: the exact laws of what samplers draw.

* `samplers`: ancestral, Euler, Tweedie, cached, in blocks, first hitting;
* `infilling`: the scores of free positions when the others are known;
* `training_times`: laws of a batch of times, and the variance of a loss.
"""

from unmask.reference.sampling import infilling, samplers, training_times

__all__ = ["infilling", "samplers", "training_times"]
