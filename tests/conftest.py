"""What holds for all tests. It imports neither torch nor TensorBoard, which some tests must do without."""

import os

from hypothesis import settings

# Triton's kernels run in its interpreter, on the CPU. It has to be told before anything imports it.
os.environ.setdefault("TRITON_INTERPRET", "1")

# The same examples at each run, and no limit on time: a busy machine must not fail a test.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
