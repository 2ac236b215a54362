"""What the laws do not notice: every small change of an implementation, held against them.

    python -m benchmarks.mutation [--count 200] [--seed 0] [--module noise/chain]

The mutants are mutmut's.  Only the part that makes them is used: its runner knows tests and no laws, and its
trampolines change the signatures and the frames that the suite reads.  The tree is copied to ``build/mutation/src``
first, so that a run of hours is one of a single state; what has been found out there is kept in ``results.json``, and a
later run goes on.

* `staging`: the copy;
* `generate`: the mutants, as splices of a source;
* `reach`: which laws, held against which subjects, execute which lines;
* `hold`: one mutant in a process of its own, until a law is broken or the time is over;
* `report`: results, the reasons for survivors in ``survivors.toml``, and the table.
"""
