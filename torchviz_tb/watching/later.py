"""Numbers that are computed on a device and read when they are there, so that nothing waits for them."""

import numpy as np
import numpy.typing as npt
import torch

from torchviz_tb.capture.transfer import HostCopy

Float32s = npt.NDArray[np.float32]


class Later:
    """A small tensor of floats on its way to the host; on the CPU it is there at once."""

    @torch.no_grad()
    def __init__(self, tensor: torch.Tensor) -> None:
        self._copy = HostCopy(tensor.detach().to(torch.float32))

    @property
    def is_there(self) -> bool:
        """Whether reading waits for nothing."""
        return self._copy.is_there

    def numbers(self) -> Float32s:
        """The numbers; waits for them if need be."""
        return np.asarray(self._copy.read().numpy(), np.float32)
