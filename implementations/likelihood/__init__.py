"""Likelihood: continuous-time losses and steps.

* `rates`: reverse jumps from a concrete score, and Euler's step;
* `score_entropy`: the loss of any reverse rates;
* `reduction`: one number of the losses of a batch.
"""
