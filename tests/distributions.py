"""Samples of the distributions that parameters and gradients come in."""

import numpy as np

SIZE = 200_000
RNG = np.random.default_rng(1)
DISTRIBUTIONS = {
    "normal": RNG.normal(0, 0.02, SIZE),
    "normal, other scale": RNG.normal(0, 3e-7, SIZE),
    "norm layer": RNG.normal(1, 0.01, SIZE),
    "narrow norm layer": RNG.normal(1, 0.001, SIZE),
    "all but constant": RNG.normal(1, 1e-5, SIZE),
    "uniform": RNG.uniform(-0.1, 0.1, SIZE),
    "exponential": RNG.exponential(1.0, SIZE),
    "two narrow peaks": np.concatenate([RNG.normal(-1, 1e-4, 40000), RNG.normal(1, 1e-4, 60000)]),
    "twelve decades": 10 ** RNG.normal(0, 2, SIZE),
    "twelve decades, signed": 10 ** RNG.normal(0, 2, SIZE) * RNG.choice([-1, 1], SIZE),
}
