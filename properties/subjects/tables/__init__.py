"""Networks as tables.

* `classes`: an output for every noisy sequence;
* `gaussian`: a smooth function of noisy reals.
"""
