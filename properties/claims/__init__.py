"""Claims: what a law returns, and how close is close.

* `claim`: the six kinds;
* `judges`: the judge of each kind;
* `arrays`: entry by entry;
* `samples`: counts against probabilities;
* `pooled`: counts of many rows together;
* `independence`: independence of rows and calls;
* `rates`: rates of convergence;
* `power`: the smallest error that a sampled claim catches;
* `hints`: patterns of common mistakes in a failed comparison.
"""
