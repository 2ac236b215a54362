"""Laws of noise and smoothness.

* `distances`: distances between posteriors of two noisy states;
* `waves`: noise as a filter;
* `embeddings`: functions of tokens.
"""

from unmask.properties.laws.smoothness import distances, waves, embeddings  # noqa: F401  # isort: skip
