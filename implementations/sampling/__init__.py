"""Sampling.

* `inputs`: types and checks of the samplers' arguments;
* `generation`: whole samples along times, in blocks, around known tokens;
* `first_hitting`: one reveal at a time, at its exact time;
* `training_times`: times for training.
"""
