"""The engine: from a law and a subject to a verdict.

* `lawbook`: the registry of laws;
* `plan`: what a law asks of a subject, or why it asks nothing;
* `drawing`: the inputs of an example;
* `calls`: capabilities, from NumPy to tensors and back;
* `trial`: one law, one subject, one set of inputs;
* `search`: the search for a counterexample;
* `record`: what it found;
* `story`, `replay`: a failure told, and once more;
* `run`, `machine`: budgets, and dtypes and devices, refused where they are not there;
* `conformance`: laws as tests in anyone's file;
* `mutation`: a subject with a mistake in it;
* `randomness`: random states held still.
"""
