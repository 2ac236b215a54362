"""The ways in: the command ``unmask``, and the plugin of pytest.

* `command`: the command and its options;
* `plugin`: the laws as tests, in anyone's test file;
* `suite`: everything that both ask of the laws and the engine;
* `requests`: what was asked for, found or refused in one line;
* `expression`: ``-k``;
* `workers`: the laws asked one after the other, or in several processes;
* `progress`: what is seen meanwhile;
* `summary`: what is said at the end;
* `descriptions`: laws and subjects, described;
* `usage`: what a request cannot be met for.

Nothing of it imports torch, Hypothesis or a law before it has something to ask: the plugin is loaded into every run of
pytest on a machine, and a mistyped option is answered at once.
"""
