"""Claims: what a law says, and how close is close.

* `claim`: the six kinds;
* `judges`: which function judges which;
* `arrays`: entry by entry;
* `samples`: counts against probabilities;
* `pooled`: many rows together;
* `independence`: draws that know nothing of one another;
* `rates`: errors that shrink;
* `power`: which error is caught;
* `hints`: what a failed comparison looks like.
"""
