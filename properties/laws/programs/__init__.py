"""Programs: the code around the network, by the record of what it asked.

* `draws`: numbers chosen on purpose, and what masked sets and weights have to be;
* `shapes`: clean copies and times beside a sequence;
* `observed`: what an objective did, laid beside its batch;
* `common`: what is claimed of it in several laws, and what they wait for;
* `objectives`: what training code shows, weighs and pays;
* `half_precision`: what it makes of answers in bfloat16;
* `drawn`: what it draws: masked sets, times, and the extremes of uniform numbers;
* `evaluated`: what an estimate of the bound did with one sequence;
* `bounds`: what it shows and pays;
* `batches`: what it makes of a batch;
* `bounds_drawn`: what it draws;
* `guidance`: what two predictions are made into;
* `remasking`: kernels of samplers that may mask again;
* `plans`: samplers that reveal a planned number of positions in a planned order.
"""

from unmask.properties.laws.programs import objectives  # isort: skip
from unmask.properties.laws.programs import half_precision  # isort: skip
from unmask.properties.laws.programs import drawn  # isort: skip
from unmask.properties.laws.programs import bounds  # isort: skip
from unmask.properties.laws.programs import batches  # isort: skip
from unmask.properties.laws.programs import bounds_drawn  # isort: skip
from unmask.properties.laws.programs import guidance  # isort: skip
from unmask.properties.laws.programs import remasking  # isort: skip
from unmask.properties.laws.programs import plans  # isort: skip

__all__ = ["batches", "bounds", "bounds_drawn", "drawn", "guidance", "half_precision", "objectives", "plans", "remasking"]
