"""What programs draw.

* `driven`: uniform numbers chosen on purpose;
* `masking`: the probability with which a program masks, measured by them;
* `times`: masked sets, and the times whose weights they are given;
* `weights`: the weights that belong to a measured probability.
"""
