"""How fast the closed forms are, each beside the plain way of doing the same, in one run."""
