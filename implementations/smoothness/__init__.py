"""Smoothness.

* `projective_distance`: how well two noisy states can be told apart;
* `interpolants`: how steep a function of tokens must be;
* `diagnostics`: how smooth a trained denoiser is.
"""
