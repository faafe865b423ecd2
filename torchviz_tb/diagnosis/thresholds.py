"""Every number that a finding depends on. The tests run each rule on broken and on healthy runs.

Chosen so that a healthy run, from a perceptron to a transformer, gives no finding: each lies at
least three times beyond what such runs show. Sources of the orders of magnitude: ``explanations.py``.
"""

MIN_SAMPLES = 8
"""Samples without which nothing is said about a trend."""

# Vanishing and exploding by depth: root mean square of the non-zero gradient entries of each weight matrix.
DEPTH_SITES = 5
"""Weight matrices in execution order without which there is no depth to speak of."""
DEPTH_DECADES = 4.0
"""How many powers of ten the first quarter of the layers may lie under or over the last quarter."""
SUSTAINED_SHARE = 0.5
"""Share of the samples in which a state must hold to be called the run's."""

# Exploding over time: the norm of the whole gradient.
EXPLOSION_FACTOR = 1000.0
"""Growth over the quiet time's median (the first half of the samples before it)."""
EXPLOSION_SAMPLES = 3
"""Consecutive samples over it: one bad batch is no explosion."""

# Not finite, as the flight recorder sees it: its norms are float32, whose squares end at 1.8e19.
NORM_OVERFLOW = 1e18
"""Norm of the next sample from which on what it saw was a large number rather than NaN or infinity."""

# Stopped learning: gradient exactly 0 until the end.
STOPPED_SAMPLES = 5
"""Samples at the end in which every element of the gradient is exactly 0."""

# Dead units: rows of a weight's gradient that are exactly 0 in every one of the last maps.
DEAD_MAPS = 3
DEAD_SHARE = 0.5
"""Share of a layer's units. Healthy ReLU layers show a few per cent."""

# Updates: norm of the update over norm of the parameter, of weight matrices.
UPDATE_TOO_LARGE = 0.1
UPDATE_TOO_LARGE_SAMPLES = 3
"""Consecutive samples in which the median matrix changes by more: the usual ratio is about 1e-3."""
UPDATE_TOO_SMALL = 1e-6
UPDATE_TOO_SMALL_SHARE = 0.8
"""Share of the samples in which the median matrix changes by less."""

# Lost updates, in weights kept in 16 bits or fewer.
LOST_SHARE = 0.25
"""Share of a site's elements whose update is rounded away, median over the second half of the samples."""
LOW_PRECISION = frozenset({"bfloat16", "float16", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz"})

# Clipping: norm of the whole gradient before and after.
CLIPPED_SHARE = 0.95
CLIPPED_BELOW = 0.999
"""After over before: rounding stays above."""
CLIPPED_MEDIAN = 0.2
"""A step is cut to a fifth or less in the median: a threshold that only shaves the tail is healthy."""

CLIPPED_SAME = 1e-3
"""Where the norm before clipping is not recorded: how far, as a share, norms may lie apart and be called the same."""

# Skipped optimizer steps (loss scaling).
SKIPPED_SHARE = 0.05
SKIPPED_COUNT = 5
"""A scaler skips a few steps while it looks for its scale."""

# Drift of norms.
DRIFT_FACTOR = 10.0
"""Norm of a weight matrix at the end over that after the first tenth of the run."""
DRIFT_STILL = 1.05
"""It must still have grown by this over the last quarter: a plateau is no drift."""

# Loss.
LOSS_POINTS = 40
"""Points of the loss without which nothing is said about it."""
PLATEAU_GAIN = 0.01
"""Share of the first tenth's median by which the last quarter's median must be lower."""
PLATEAU_FELL = 0.1
"""Share of the first tenth's median by which a loss that came back had once been lower."""
PLATEAU_RISE = 2.0
"""A loss that ends this many times higher has not stayed where it was: other findings say why."""
SPIKE_FACTOR = 12.0
"""Rise over the running median, in robust standard deviations of the loss around that median ..."""
SPIKE_RISE = 1.0
"""... and as a share of the running median: it must at least double ..."""
SPIKE_OF_START = 0.5
"""... and reach this share of the median of the first window: the noise of a loss near 0 is no spike."""
SPIKE_WINDOW = 25
"""Points of the running median."""
