"""Numbers that are computed on a device and read when they are there, so that nothing waits for them."""

import numpy as np
import numpy.typing as npt
import torch

Float32s = npt.NDArray[np.float32]


class Later:
    """A small tensor of floats on its way to the host; on the CPU it is there at once."""

    @torch.no_grad()
    def __init__(self, tensor: torch.Tensor) -> None:
        tensor = tensor.detach().to(torch.float32)
        self._arrived: torch.cuda.Event | None = None
        if tensor.is_cuda:
            self._host = torch.empty(tensor.shape, dtype=torch.float32, pin_memory=True)
            self._host.copy_(tensor, non_blocking=True)
            self._arrived = torch.cuda.Event()
            self._arrived.record(torch.cuda.current_stream(tensor.device))
        else:
            self._host = tensor.cpu() if tensor.device.type != "cpu" else tensor.clone()

    @property
    def is_there(self) -> bool:
        """Whether reading waits for nothing."""
        return self._arrived is None or self._arrived.query()

    def numbers(self) -> Float32s:
        """The numbers; waits for them if need be."""
        if self._arrived is not None:
            self._arrived.synchronize()
        return np.asarray(self._host.numpy(), np.float32)
