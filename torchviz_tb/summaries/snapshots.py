"""Copies of tensors that nobody else can change, in memory that is used again: new memory costs more than the copy."""

import threading
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

MOST_SPARE = 1 << 26
"""Bytes of a buffer that is kept for the next copy."""


class Snapshots:
    """Makes copies, one buffer each, and keeps one of those that are given back."""

    def __init__(self) -> None:
        self._spare = np.empty(0, np.uint8)
        self._lock = threading.Lock()

    def copy(self, values: torch.Tensor) -> torch.Tensor:
        """A flat copy of a dense CPU tensor. By numpy, since torch would wait for threads that a busy machine lacks."""
        source = _bytes(values.reshape(-1))
        buffer = self._exchange(np.empty(0, np.uint8))
        if len(buffer) < len(source):
            buffer = np.empty(len(source), np.uint8)
        np.copyto(buffer[: len(source)], source)
        return torch.from_numpy(buffer[: len(source)]).view(values.dtype)

    def give_back(self, copy: torch.Tensor) -> None:
        """Takes back the buffer of a copy that is not looked at any more."""
        buffer = _bytes(copy)
        if len(buffer) <= MOST_SPARE:
            self._exchange(buffer)

    def forget(self) -> None:
        """Frees what is kept."""
        self._exchange(np.empty(0, np.uint8))

    def _exchange(self, buffer: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        with self._lock:
            spare, self._spare = self._spare, buffer
        return spare


def _bytes(flat: torch.Tensor) -> npt.NDArray[Any]:
    return flat.view(torch.uint8).numpy()
