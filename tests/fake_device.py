"""A device on machines that have none: torch's "meta", on which tensors have no memory and nothing can be read.

Whoever asks for a value (``item``, ``nonzero``, a boolean index, ``cpu()``) or mixes devices gets an exception.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

aten = torch.ops.aten

SYNCHRONISING = {
    aten._local_scalar_dense, aten.item, aten.is_nonzero, aten.equal, aten.allclose,
    aten.nonzero, aten.argwhere, aten.masked_select, aten.bincount, aten.histc, aten.histogram,
    aten.unique_dim, aten._unique, aten._unique2, aten.unique_consecutive, aten.repeat_interleave,
}  # fmt: skip
"""Operations for which CUDA makes the program wait."""

FROM_HOST = {aten._to_copy, aten.copy_, aten.to}
"""They wait if they go from one device to another and are not told not to."""


@contextmanager
def without_waiting() -> Iterator[None]:
    """In the block whatever would wait for a device raises, on "meta" and on the CPU."""
    with FakeTensorMode(), NoWaiting():
        yield


class Waits(Exception):
    """An operation for which the program would wait."""


class NoWaiting(TorchDispatchMode):
    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if function.overloadpacket in SYNCHRONISING or _reads_mask(function, args):
            raise Waits(str(function))
        if function.overloadpacket is aten.lift_fresh and args[0].device.type != "cpu":
            raise Waits("torch.tensor(...) copies from memory that is not pinned")
        if function.overloadpacket in FROM_HOST and not kwargs.get("non_blocking"):
            devices = {each.device.type for each in args if isinstance(each, torch.Tensor)}
            devices |= {torch.device(kwargs["device"]).type} if kwargs.get("device") else set()
            if len(devices) > 1 and not (len(args) > 2 and args[2]):
                raise Waits(f"{function} between {sorted(devices)}")
        return function(*args, **kwargs)


def _reads_mask(function: Any, args: Sequence[Any]) -> bool:
    if function.overloadpacket not in (aten.index, aten.index_put_, aten.index_put):
        return False
    return any(each is not None and each.dtype == torch.bool for each in args[1])
