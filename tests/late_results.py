"""A stand-in for a device on a machine that has none: its results come to the host when the test says so."""

from collections.abc import Sequence

import pytest
import torch

from torchviz_tb.capture import batches, transfer
from torchviz_tb.capture.engines import Begun, DeviceEngine
from torchviz_tb.capture.engines.numpy import NumpyEngine
from torchviz_tb.capture.tensors import FlatTensor
from torchviz_tb.watching import later


class LateDevice:
    """All tensors count as lying on it, and no copy arrives until ``arrive``; counts what is asked of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.copies = 0
        self.waited = 0
        self._arrived = 0
        device = self

        class Copy:
            def __init__(self, tensor: torch.Tensor) -> None:
                device.copies += 1
                self._number, self._tensor = device.copies, tensor.clone()

            @property
            def is_there(self) -> bool:
                return self._number <= device._arrived

            def read(self) -> torch.Tensor:
                device.waited += not self.is_there
                return self._tensor

        monkeypatch.setattr(later, "HostCopy", transfer.HostCopy)  # the flight recorder's numbers are not meant
        monkeypatch.setattr(transfer, "is_on_host", lambda _: False)
        monkeypatch.setattr(transfer, "HostCopy", Copy)
        monkeypatch.setattr(batches, "choose", lambda _: LateEngine())

    def arrive(self) -> None:
        """All copies that were begun have come."""
        self._arrived = self.copies


class LateEngine(DeviceEngine):
    """Measures at once, as numpy does, and tells later."""

    def begin(self, tensors: Sequence[FlatTensor], *, histograms: bool) -> Begun:
        measured = NumpyEngine(workers=1).measure(tensors, histograms=histograms)
        return Begun(torch.zeros(8, dtype=torch.uint8), lambda _: measured)
