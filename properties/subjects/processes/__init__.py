"""The processes that laws quantify over.

* `names`: names of schedules and families, and suggestions for misspelt ones;
* `schedule`: alpha as a function of time;
* `roundings`: behind one transition probability;
* `families`: kinds of corruption;
* `checks`: what is refused as a process;
* `process`: one corruption process, exactly;
* `drawn`: a process from drawn numbers;
* `sizes`: ranges that a set of processes states;
* `spaces`: sets of processes, and how one is drawn;
* `rounded`: processes of the reference in float64;
* `lumping`: large vocabularies, lumped to a few states;
* `gaussian`: one Gaussian diffusion, exactly;
* `gaussian_spaces`: sets of them;
* `vocabulary`: a number of classes, for subjects whose noise has no parameters.
"""
