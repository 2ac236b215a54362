"""Laws of what noise does for smoothness.

* `distances`: how far two noisy states differ;
* `waves`: noise as a filter;
* `embeddings`: functions of tokens.
"""

from unmask.properties.laws.smoothness import distances, waves, embeddings  # noqa: F401  # isort: skip
