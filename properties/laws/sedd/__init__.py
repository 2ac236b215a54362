"""Laws of score entropy.

* `score_entropy`: the loss and its constants.
"""

from unmask.properties.laws.sedd import score_entropy  # noqa: F401  # isort: skip
