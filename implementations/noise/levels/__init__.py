"""Noise on ordered levels.

* `birth_death`: jumps to the next levels at one rate, by the cosine transform;
* `ehrenfest`: jumps that pull to the middle, by binomial laws;
* `ordinal_steps`: D3PM's discretized Gaussian and band.
"""
