"""Claims: what a law returns, and how close is close.

* `claim`: the six kinds;
* `judges`: the judge of each kind;
* `arrays`: entry by entry;
* `samples`: counts against probabilities;
* `pooled`: counts of many rows together;
* `independence`: independence of rows and calls;
* `rates`: rates of convergence;
* `power`: the smallest error that a sampled claim catches;
* `entries`: a failed claim's entries, and the rounding that each of them is allowed;
* `patterns`: the same common mistake in all of them;
* `factors`: a factor or a constant between what was found and expected, by its name;
* `hints`: what a failed comparison looks like, in a sentence.
"""
