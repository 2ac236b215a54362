"""Numbers: what every other folder needs of arithmetic and of draws.

* `checks`: how bad arguments are refused;
* `clock`: real times in `[0, 1]`, or the integers `0..T`;
* `logspace`: sums of logarithms, and differences that would cancel;
* `entrywise`: the matrix exponential of rates, accurate entry by entry;
* `categorical`: draws whose tails are right.
"""
