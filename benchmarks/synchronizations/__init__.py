"""What every public function makes its host wait for, on a device that is not the CPU; no such device is needed.

    python -m benchmarks.synchronizations [--only NAME] [--graphs all]

Of each call that is: how often it synchronizes, how often it copies from the host to the device, how many operations it
starts, forward and backward, and how often it breaks the graph of ``torch.compile``.  What each promises stands beside
it, and a test holds it.

* `device`: a device that is not there, and counts;
* `call`: a call, and what happened in it;
* `graphs`: breaks of graphs;
* `inputs`: what calls are asked about;
* `chains`: how often chains wait;
* `processes`, `methods`, `sampling`, `continuous`: all calls, by chapter;
* `every`: all of them;
* `page`: how it is shown, and kept.
"""
