"""Laws of samplers.

* `steps`: one step;
* `corrected`: steps that also move tokens back under the noise;
* `places`: every row and position of a batch;
* `grids`: times of samplers, and their networks;
* `samplers`: whole samples;
* `asked`: when a sampler asks its network;
* `long`: long samples;
* `training_times`: the times at which a method trains;
* `first_order`: steps and samples that follow the rates to first order;
* `tails`: rare classes.
"""

from unmask.properties.laws.sampling import steps, corrected, places, samplers, asked, long, training_times, first_order, tails  # noqa: F401  # isort: skip
