"""The processes that laws quantify over.

* `names`: what schedules and families are called, here and elsewhere;
* `schedule`: how fast noise arrives;
* `families`: kinds of corruption;
* `process`: one corruption process, exactly;
* `spaces`: sets of processes, and how one is drawn;
* `rounded`: processes of the reference in float64;
* `lumping`: many classes counted as few;
* `gaussian`: Gaussian diffusions;
* `vocabulary`: a number of classes, for subjects whose noise has no parameters.
"""
