"""Results on their way from devices to the host: computed, copied together, and read when they are there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch

Bytes: TypeAlias = npt.NDArray[np.uint8]
Read: TypeAlias = Callable[[Bytes], None]


class HostCopy:
    """A small tensor on its way to the host: from CUDA into pinned memory, beside all other work.

    On the CPU it is there at once, as a copy. From any other device reading it waits.
    """

    @torch.no_grad()
    def __init__(self, tensor: torch.Tensor) -> None:
        self._arrived: torch.cuda.Event | None = None
        if tensor.is_cuda:
            self._host = torch.empty(tensor.shape, dtype=tensor.dtype, device="cpu", pin_memory=True)
            self._host.copy_(tensor, non_blocking=True)
            self._arrived = torch.cuda.Event()
            self._arrived.record(torch.cuda.current_stream(tensor.device))
        else:
            self._host = tensor.clone()

    @property
    def is_there(self) -> bool:
        """Whether reading waits for nothing that can be asked."""
        return self._arrived is None or self._arrived.query()

    def read(self) -> torch.Tensor:
        """The tensor on the CPU; waits for it if need be."""
        if self._arrived is not None:
            self._arrived.synchronize()
        return self._host.cpu()


def to_device(numbers: npt.NDArray[np.generic], device: torch.device) -> torch.Tensor:
    """Numbers of the host, on the device: through pinned memory if it is CUDA, so that nothing waits."""
    tensor = torch.from_numpy(np.ascontiguousarray(numbers))
    return (tensor.pin_memory() if device.type == "cuda" else tensor).to(device, non_blocking=True)


def is_on_host(tensor: torch.Tensor) -> bool:
    """Whether its numbers can be read without waiting for a device."""
    return tensor.device.type == "cpu"


@dataclass
class _Sent:
    """What was computed on one stream of a device."""

    stream: "torch.cuda.Stream | None"
    results: list[torch.Tensor] = field(default_factory=list)
    readers: list[Read] = field(default_factory=list)


@dataclass(frozen=True)
class _Copied:
    copy: HostCopy
    sizes: list[int]
    readers: list[Read]


class Transfer:
    """Gathers results until ``start``, which copies those of a device in one go; ``settle`` hands them out.

    Results on the CPU are handed out at once. Nothing here waits for a device but ``fetch`` and ``settle``, if called
    before ``is_there``.
    """

    def __init__(self) -> None:
        self._sent: dict[tuple[torch.device, int], _Sent] = {}
        self._copied: list[_Copied] = []
        self._fetched: list[tuple[Bytes, _Copied]] = []
        self._unread: list[Callable[[], None]] = []
        self.nbytes = 0
        """Of memory on the host that it keeps until it has settled."""

    def send(self, results: torch.Tensor, read: Read) -> None:
        """Has ``read`` called with the bytes of a contiguous tensor, at once or by ``settle``."""
        packed = results.detach().reshape(-1).view(torch.uint8)
        if is_on_host(packed):
            read(packed.numpy())
            return
        stream = torch.cuda.current_stream(packed.device) if packed.is_cuda else None
        sent = self._sent.setdefault((packed.device, 0 if stream is None else stream.cuda_stream), _Sent(stream))
        sent.results.append(packed)
        sent.readers.append(read)

    def keep(self, read: Callable[[], None], nbytes: int) -> None:
        """Has ``read`` called by ``settle``: for what is on the host and takes time to be made into numbers."""
        self._unread.append(read)
        self.nbytes += nbytes

    def adopt(self, other: "Transfer") -> None:
        """Takes over what another one has begun to copy and has not handed out."""
        other.start()
        self._copied += other._copied
        self._fetched += other._fetched
        self._unread += other._unread
        self.nbytes += other.nbytes
        other._copied, other._fetched, other._unread, other.nbytes = [], [], [], 0

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left to be handed out."""
        return not (self._sent or self._copied or self._fetched or self._unread)

    @property
    def is_there(self) -> bool:
        """Whether ``settle`` waits for nothing."""
        return not self._sent and all(copied.copy.is_there for copied in self._copied)

    @torch.no_grad()
    def start(self) -> None:
        """Begins to copy what was sent."""
        sent, self._sent = self._sent, {}
        for each in sent.values():
            with torch.cuda.stream(each.stream):  # None: stays on the current one
                together = each.results[0] if len(each.results) == 1 else torch.cat(each.results)
                sizes = [results.numel() for results in each.results]
                self._copied.append(_Copied(HostCopy(together), sizes, each.readers))

    def fetch(self) -> None:
        """Brings all to the host; waits for what is not there yet. After that ``settle`` waits for nothing."""
        self.start()
        copied, self._copied = self._copied, []
        for each in copied:
            packed = each.copy.read().numpy()
            self._fetched.append((packed, each))
            self.nbytes += packed.nbytes

    def settle(self) -> None:
        """Hands everything out, in the order in which a device was sent it; waits for what is not there yet."""
        self.fetch()
        fetched, self._fetched = self._fetched, []
        unread, self._unread = self._unread, []
        for packed, copied in fetched:
            _hand_out(packed, copied.sizes, copied.readers)
        for read in unread:
            read()
        self.nbytes = 0


def _hand_out(packed: Bytes, sizes: Sequence[int], readers: Sequence[Read]) -> None:
    ends = np.cumsum(sizes)
    for read, end, size in zip(readers, ends.tolist(), sizes, strict=True):
        read(packed[end - size : end])
