"""Smoothness: what noise does to the functions that a network has to learn.

* `projective_distance`: how different two noisy states can look, whatever the data;
* `symmetries`: the relabelings that noise does not notice;
* `low_pass`: noise as a filter of waves;
* `interpolants`: how steep a function of tokens must be, once tokens have places;
* `displacement`: how far one step back moves a point.
"""

from unmask.reference.smoothness import displacement, interpolants, low_pass, projective_distance, symmetries

__all__ = ["displacement", "interpolants", "low_pass", "projective_distance", "symmetries"]
