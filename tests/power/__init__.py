"""Which planted errors the laws see: the power of the suite, measured.

* `errors`: the same generic errors for every capability;
* `table`: every law against every error in what it needs, and what comes of it;
* `__main__`: ``make power``.

Reading the table.  What a law sees says what it is for, so most cells of one law are empty: that probabilities sum to
one says nothing of times.  An error that no law sees is what matters; it is listed first.  Some are in the nature of
things:

* draws: ``n`` draws show an error of ``10 sqrt(p (1 - p)/n)`` of a probability, a few per cent here; 1 % is not seen;
* bounds: a loss that is 1 % too large is still a bound;
* laws of conduct: what is wrong in the same way for all rows, positions and layouts is consistent.
"""
