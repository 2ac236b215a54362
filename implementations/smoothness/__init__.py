"""Smoothness.

* `projective_distance`: the largest difference of the posteriors of two noisy states;
* `interpolants`: least Lipschitz constants of functions of tokens;
* `diagnostics`: smoothness of a trained denoiser.
"""
