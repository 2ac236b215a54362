"""Likelihood: what all continuous-time losses and steps share.

* `rates`: reverse jumps from a concrete score, and Euler's step;
* `score_entropy`: the loss of any reverse rates.
"""
