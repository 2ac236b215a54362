"""What programs must do: the exact laws of what training code draws, and of what samplers write.

* `objectives`: the law of masked sets, and of the time that made one;
* `bounds`: the bound of one sequence, and the likelihood below it;
* `guidance`: guided laws of one token;
* `remasking`: kernels that mask again;
* `rules`: one step of a sampler with a plan;
* `plans`: what a sampler with a plan writes.
"""

from unmask.reference.programs.bounds import negative_log_likelihood, nelbo
from unmask.reference.programs.guidance import guided, guided_by_classifier
from unmask.reference.programs.objectives import TimeLaw, count_law
from unmask.reference.programs.plans import ancestral_law, conditionals, sequence_law, trajectory_probability
from unmask.reference.programs.remasking import remasking_kernel
from unmask.reference.programs.rules import Rule, normalized

__all__ = [
    "Rule",
    "TimeLaw",
    "ancestral_law",
    "conditionals",
    "count_law",
    "guided",
    "guided_by_classifier",
    "negative_log_likelihood",
    "nelbo",
    "normalized",
    "remasking_kernel",
    "sequence_law",
    "trajectory_probability",
]
