"""Laws of conduct: how an implementation behaves, whatever it computes.

* `building`: a subject can be built;
* `conduct`: batches, generators, memory, dtypes;
* `scale`: large vocabularies and long sequences.
"""

from unmask.properties.laws.conduct import building, scale, conduct  # noqa: F401  # isort: skip
