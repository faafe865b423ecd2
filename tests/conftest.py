"""What holds for all tests. It imports neither torch nor TensorBoard, which some tests must do without."""

from hypothesis import settings

# The same examples at each run, and no limit on time: a busy machine must not fail a test.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
