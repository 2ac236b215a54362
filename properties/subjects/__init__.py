"""Subjects: what is held against the laws, and the processes that it is asked about.

* `method`: a method under test;
* `processes`: corruption processes and how they are drawn;
* `tables`: networks as explicit tables.
"""
