"""Laws of noise and smoothness.

* `distances`: distances between posteriors of two noisy states;
* `waves`: noise as a filter;
* `embeddings`: functions of tokens;
* `spectra`: errors, wave by wave.
"""

from unmask.properties.laws.smoothness import distances, waves, embeddings, spectra  # noqa: F401  # isort: skip
