"""Laws of conduct, whatever the mathematics.

* `building`: what has to be true before anything can be asked;
* `conduct`: batches, generators, memory, dtypes;
* `scale`: sizes at which nothing can be enumerated.
"""

from unmask.properties.laws.conduct import building, scale, conduct  # noqa: F401  # isort: skip
