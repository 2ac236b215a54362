"""SEDD: learning the ratios `p_t(y) / p_t(x)`.

* `score_entropy`: the loss in its three forms, and its constants;
* `concrete_score_matching`: squared errors of ratios, and their disadvantage.
"""

from unmask.reference.sedd import concrete_score_matching, score_entropy

__all__ = ["concrete_score_matching", "score_entropy"]
