"""A failure, told and had again.

* `story`: the whole of it, with a line that reproduces it;
* `neighbours`: the law at a few other inputs;
* `looked_at`: which of its inputs it looks at;
* `origins`: which capability gave which side;
* `table`: what was found and expected there;
* `answers`: which other quantity the subject answers with;
* `repairs`: common mistakes undone, for a hint;
* `declared`: with which other declaration the laws hold;
* `replay`: what that line calls.
"""
