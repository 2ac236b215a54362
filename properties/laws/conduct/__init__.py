"""Laws of conduct: how an implementation behaves, whatever it computes.

* `building`: a subject can be built;
* `answers`: what it returns are numbers, of the dtype asked for;
* `conduct`: batches, generators, memory;
* `scale`: large vocabularies and long sequences.
"""

from unmask.properties.laws.conduct import building, answers, scale, conduct  # noqa: F401  # isort: skip
