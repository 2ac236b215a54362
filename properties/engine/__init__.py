"""The engine: from a law and a method to a verdict.

* `lawbook`: the registry of laws;
* `trial`: one law, one method, one set of inputs;
* `search`: the search for a counterexample;
* `replaying`: a failure once more;
* `conformance`: laws as tests in anyone's file;
* `randomness`: random states held still;
* `machine`: dtypes and devices, refused where they are not there;
* `spelling`: what a name that is not there may have meant.
"""
