"""Smoothness: the effect of noise on the functions that a network has to learn.

* `projective_distance`: the largest difference of the posteriors of two noisy states, over all data;
* `symmetries`: the relabelings that commute with noise;
* `low_pass`: noise as a filter of waves;
* `interpolants`: least Lipschitz constants of functions of token embeddings;
* `displacement`: the length of a deterministic step.
"""

from unmask.reference.smoothness import displacement, interpolants, low_pass, projective_distance, symmetries

__all__ = ["displacement", "interpolants", "low_pass", "projective_distance", "symmetries"]
