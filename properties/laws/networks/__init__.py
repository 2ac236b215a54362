"""Laws about a network that is given: what an answer may depend on, and what it must not.

* `common`: how a network is asked, and what its own roundings allow;
* `questions`: the same question, other rows;
* `padding`: what does not count, and how a network is told;
* `blocks`: what an answer sees of the blocks after it, and in training;
* `caches`: answers with what was kept of earlier blocks;
* `sight`: what an answer must depend on.
"""

from unmask.properties.laws.networks import questions, padding, blocks, caches, sight  # noqa: F401  # isort: skip
