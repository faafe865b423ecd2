"""Collectives of our own: a process group beside the user's, on the CPU, that never waits for long."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.distributed as dist

Float64s = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]


class SharingError(Exception):
    """The ranks can't measure together; the message says why. Nothing distributed is measured any more."""


class Exchange:
    """MAX and SUM over the ranks that watch one model.

    It is gloo's group made directly over the store, not by ``torch.distributed.new_group``: that one is
    a collective itself, and a rank that misses it has other group names than all others from then on.
    So neither a group that fails nor one that is never made has any effect on the training's own groups.
    Tensors on a device are measured there; only results, a few kilobytes a tensor, come this way.

    Raises SharingError when a rank does not come within the timeout, leaves, or fails.
    """

    def __init__(self, store: Any, rank: int, members: Sequence[int], timeout: timedelta) -> None:
        self._timeout = timeout
        self._group: Any
        try:
            self._group = dist.ProcessGroupGloo(store, members.index(rank), len(members), timeout)
        except RuntimeError as error:
            raise SharingError(f"the ranks that watch could not connect by gloo: {_first_line(error)}") from error

    def largest(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The largest value over all ranks, entry by entry."""
        return self._reduced(values, dist.ReduceOp.MAX)

    def total(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The sum over all ranks, entry by entry."""
        return self._reduced(values, dist.ReduceOp.SUM)

    def close(self) -> None:
        """Leaves: whoever still waits for this rank gets an error at once."""
        self._group = None

    def _reduced(self, values: npt.NDArray[Any], operation: Any) -> npt.NDArray[Any]:
        if self._group is None:
            raise SharingError("this rank has left the exchange")
        tensor = torch.from_numpy(values.copy())
        options = dist.AllreduceOptions()
        options.reduceOp = operation
        try:
            self._group.allreduce([tensor], options).wait()
        except RuntimeError as error:
            seconds = self._timeout.total_seconds()
            raise SharingError(
                f"a rank did not come to a sample within {seconds:.0f} s or has failed ({_first_line(error)})"
            ) from error
        return tensor.numpy()


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
