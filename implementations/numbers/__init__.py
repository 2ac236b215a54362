"""Numbers: arithmetic, draws and checks for all other modules.

* `checks`: how bad arguments are refused;
* `clock`: real times in `[0, 1]`, or the integers `0..T`;
* `logspace`: sums of logarithms, and differences that would cancel;
* `entrywise`: the matrix exponential of rates, accurate entry by entry;
* `banded`: symmetric matrices by distance, and those that are the same read backwards;
* `placed`: tables that are copied to a device once;
* `categorical`: draws with correct tails.
"""
