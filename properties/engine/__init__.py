"""The engine: from a law and a subject to a record.

* `lawbook`: the registry of laws;
* `plan`: whether a law speaks about a subject, or why not;
* `run`: dtype, device, budget and seed of a run;
* `machine`: dtypes and devices, refused where they are not there;
* `drawing`: how an example is drawn;
* `calls`: how a subject is called, and what it may answer;
* `trial`: one law, one subject, one example;
* `search`: the search for a counterexample;
* `record`: what is said of one law and one subject;
* `story`: a failure, told;
* `replay`: a failure once more;
* `mutation`: a subject with a mistake made in it;
* `randomness`: random states held still;
* `conformance`: laws as tests in anyone's file.
"""
