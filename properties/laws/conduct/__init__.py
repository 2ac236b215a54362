"""Laws of conduct, whatever the mathematics.

* `situations`: valid arguments for every capability;
* `conduct`: batches, generators, memory, dtypes;
* `scale`: sizes at which nothing can be enumerated.
"""

from unmask.properties.laws.conduct import scale, conduct  # noqa: F401  # isort: skip
