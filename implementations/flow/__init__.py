"""Discrete flow matching.

* `flow_matching`: the one-way mixture path (Gat et al. 2024, arXiv 2407.15595).
"""
