"""The engine: from a law and a subject to a verdict.

* `lawbook`: the registry of laws;
* `plan`: which laws speak about a subject, and about which of its processes;
* `drawing`: the inputs of a law, drawn;
* `calls`: capabilities of a subject, called and checked;
* `trial`: one law, one subject, one set of inputs;
* `run`, `machine`: budgets, dtypes and devices, refused where they are not there;
* `order`: which laws are asked first, and which of several tells of a mistake;
* `search`: the search for a counterexample;
* `record`: what is found;
* `failures`: a failure told, and had again;
* `verdicts`: from a search to a record, for one law and for all in turn;
* `conformance`: laws as tests in anyone's file;
* `mutation`: a subject with a mistake in it;
* `randomness`: random states held still.
"""
