"""Where tests of what happens on a device run: on a GPU if there is one and kernels are not interpreted."""

import os

import pytest
import torch

IS_GPU = torch.cuda.is_available() and os.environ.get("TRITON_INTERPRET") != "1"
DEVICE = torch.device("cuda", 0) if IS_GPU else torch.device("cpu")


def only_on_a_gpu() -> None:
    """Skips the module that calls it where there is none."""
    if not IS_GPU:
        pytest.skip("it needs a GPU: make test-gpu", allow_module_level=True)
