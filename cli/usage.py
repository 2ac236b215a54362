"""What is wrong with a request, in one line."""

from __future__ import annotations


class UsageProblem(Exception):
    """Something was asked for that is not there; the message is one line, and says what there is instead."""
