"""Wrong networks: what people get wrong, each with the laws that speak of it.

* `registry`: the list of them;
* `questions`: answers by chance, from memory, or by the rest of the batch;
* `padding`: padding that is seen, masks that are misread;
* `blocks`: what comes later, in sampling and in training;
* `caches`: what was kept of earlier blocks;
* `sight`: what is not seen.
"""

from tests.networks.wrong import blocks, caches, padding, questions, sight  # noqa: F401
from tests.networks.wrong.registry import MUTANTS, Mutant

__all__ = ["MUTANTS", "Mutant"]
