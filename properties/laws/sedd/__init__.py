"""Laws of score entropy.

* `score_entropy`: the loss and its constants;
* `pointwise`: one score, one ratio.
"""

from unmask.properties.laws.sedd import score_entropy, pointwise  # noqa: F401  # isort: skip
