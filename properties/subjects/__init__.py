"""Subjects: what is held against the laws, and the processes that it is asked about.

* `subject`: what is under test, built once for each process;
* `shapes`: what arguments and results are;
* `capability`: what an object may offer, read from a protocol;
* `kind`: what a kind of subject is made of;
* `kinds`: the kinds that there are, one module each, with their conventions;
* `processes`: corruption processes and how they are drawn;
* `tables`: networks as explicit tables;
* `times`: times with all their digits;
* `inputs`: what is drawn for one example;
* `addresses`: where a subject is, and how it is found there;
* `spelling`: what a name that is not there may have meant.
"""
