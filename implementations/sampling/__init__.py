"""Sampling.

* `inputs`: what every sampler is given;
* `generation`: whole samples along times, in blocks, around known tokens;
* `first_hitting`: one reveal at a time, at the time it happens;
* `training_times`: times at which to train.
"""
