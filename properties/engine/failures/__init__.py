"""A failure, told and had again.

* `hints`: the pattern that a common mistake leaves;
* `story`: the whole of it, with a line that reproduces it;
* `replay`: what that line calls.
"""
