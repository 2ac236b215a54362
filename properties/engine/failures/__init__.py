"""A failure, told and had again.

* `story`: the whole of it, with a line that reproduces it;
* `replay`: what that line calls.
"""
