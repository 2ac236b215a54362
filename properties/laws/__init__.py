"""The book of laws, one chapter a folder, in reading order.

* `noise`: schedules, marginals, Bayes' rule;
* `likelihood`: the reverse process and the bound;
* `sedd`: score entropy;
* `masked`: masked diffusion;
* `sampling`: steps and samplers;
* `degradation`: cold diffusion;
* `limits`: what becomes something else, and how fast;
* `smoothness`: what noise does to the functions that a network has to learn;
* `gaussian`: Gaussian diffusion;
* `programs`: the code around the network;
* `networks`: the network itself;
* `conduct`: what has to be true whatever the mathematics.

Beside them is what several chapters share:

* `common`: enumerations;
* `density`: whether a method makes matrices over the classes.
"""

from unmask.properties.laws import (  # noqa: F401  # isort: skip
    noise,
    likelihood,
    sedd,
    masked,
    sampling,
    degradation,
    limits,
    smoothness,
    gaussian,
    programs,
    networks,
    conduct,
)
