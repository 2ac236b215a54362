"""Sums over the classes of whole rows, all that losses need of logits; each row is visited while it is in cache.

* `rows`: which rows of a batch are read, and how many at a time;
* `softmax_sums`: what losses of a denoiser need of its softmax;
* `entropy_sums`: what the score entropy needs of scores.

Imports nothing but torch.  Arguments are not checked: callers have done so.
"""
