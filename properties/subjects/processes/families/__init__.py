"""The families of corruption processes that laws quantify over, each with its definition in the reference.

A family defines how its exact process is built, its clocks, and how Hypothesis draws its parameters.  A family of your
own is one more record::

    mine = Family("mine", build=lambda p: corruption.DiscreteTime(my_matrices(p), [Fraction(1, p.K)] * p.K), ...)
    TestMine = conformance(Mine, processes(mine), ...)

* `family`: what a family is;
* `redrawing`: noise hits or misses, and a hit redraws;
* `by_class`: masks at a time of each class's own;
* `levels`: ordered levels;
* `driven`: rate matrices.
"""

from unmask.properties.subjects.processes.families.family import (
    BETAS,
    FAMILIES,
    FEW_STEPS,
    Clock,
    Exact,
    Family,
    family,
    register,
)

# In the order in which tables show them.
from unmask.properties.subjects.processes.families import redrawing  # isort: skip
from unmask.properties.subjects.processes.families import by_class  # isort: skip
from unmask.properties.subjects.processes.families import levels  # isort: skip
from unmask.properties.subjects.processes.families import driven  # isort: skip

#: The families that keep a class or redraw it from one prior: most published methods.
REDRAWING = tuple(f.name for f in FAMILIES.values() if f.keeps_or_redraws)

__all__ = [
    "BETAS",
    "FAMILIES",
    "FEW_STEPS",
    "REDRAWING",
    "Clock",
    "Exact",
    "Family",
    "by_class",
    "driven",
    "family",
    "levels",
    "redrawing",
    "register",
]
