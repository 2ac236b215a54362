"""Degradation.

* `cold_diffusion`: blurs, shifts, and two samplers that undo them.
"""
