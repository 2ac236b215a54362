"""SEDD (Lou et al. 2023, arXiv 2310.16834).

* `steps`: draws of its steps in two stages;
* `sedd`: scores, steps and loss;
* `concrete_score_matching`: squared errors in place of score entropy.
"""
