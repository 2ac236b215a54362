"""Networks as tables.

* `classes`: an output for every noisy sequence;
* `gaussian`: a smooth function of noisy reals;
* `recording`: a network that records what it is shown, answers, and gets back;
* `joint`: such of which it is known what any sampler must write.
"""
