"""What holds for all tests of watching."""

import threading

import pytest
import torch

from torchviz_tb.capture.compilation import VARIABLE
from torchviz_tb.capture.engines.choice import choose


@pytest.fixture(autouse=True, scope="module")
def _compilers_are_done() -> None:
    """No compiler is imported in the background meanwhile.

    Imports catch warnings now and then, and whoever does that does it for all threads: what a test was to see gets
    lost. And the engine of a test does not depend on how fast the machine is.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, "numba")
        choose(torch.device("cpu"))  # waits, as it was asked for by name
    for thread in threading.enumerate():
        if thread.name.startswith(("torchviz_tb numba", "torchviz_tb triton")):
            thread.join()
