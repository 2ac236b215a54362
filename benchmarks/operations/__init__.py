"""Every operation over large vocabularies, in one run beside ``F.cross_entropy``, plain formulas, public packages.

    python -m benchmarks.operations --help

* `case`: the tensors that all are timed on, and our methods for them;
* `plain_losses`, `plain_steps`: the papers' formulas in plain PyTorch, over all classes;
* `operation`, `losses`, `steps`: what is timed, ours beside plain;
* `public`: the same in public packages, where these are installed and have it;
* `measure`, `memory`: time in rounds, and peaks of memory;
* `run`: all candidates of a shape in one run, and what is kept of it;
* `growth`: time against the size of the batch, the vocabulary, the masked share, and chains;
* `table`, `plots`: how it is shown.
"""
