"""Samplers by plan: what is revealed at each step, where, and which tokens.

* `guided`: two answers that guidance makes one of;
* `record`: what a sampler did, row by row;
* `scores`: what a plan makes of logits;
* `states`: what stays, how much is revealed, and in which block;
* `unconditional`: what is shown beside each sequence where there is guidance;
* `choices`: which positions are revealed;
* `tokens`: which tokens;
* `sequences`: the law of whole sequences, rows, prompts;
* `grid`: the probabilities of a step from one time to the next;
* `ancestral`: samplers on a grid of times;
* `vocabulary`: more than 100,000 classes;
* `trajectories`: the log-probability of a trajectory.
"""

from unmask.properties.laws.programs.plans import states  # isort: skip
from unmask.properties.laws.programs.plans import unconditional  # isort: skip
from unmask.properties.laws.programs.plans import choices  # isort: skip
from unmask.properties.laws.programs.plans import tokens  # isort: skip
from unmask.properties.laws.programs.plans import sequences  # isort: skip
from unmask.properties.laws.programs.plans import ancestral  # isort: skip
from unmask.properties.laws.programs.plans import vocabulary  # isort: skip
from unmask.properties.laws.programs.plans import trajectories  # isort: skip

__all__ = ["ancestral", "choices", "sequences", "states", "tokens", "trajectories", "unconditional", "vocabulary"]
