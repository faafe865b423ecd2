"""Many tensors → measurements, batch by batch, by the engine that suits where each of them lies."""

from collections.abc import Callable, Sequence
from functools import partial

import torch

from torchviz_tb.capture.engines import DeviceEngine, Engine, Measurement, UnreadEngine
from torchviz_tb.capture.engines.choice import choose
from torchviz_tb.capture.tensors import FlatTensor
from torchviz_tb.capture.transfer import Bytes, Transfer, is_on_host

# Elements of copies on the CPU that are measured together: enough for several threads, few enough to be held.
_TOGETHER = 1 << 22

# Elements of tensors that only a batch keeps alive, on a device: with the largest of them all that it costs there.
_KEPT = 1 << 20

Give = Callable[[int, Measurement], None]


class _Batch:
    """Tensors of one device that wait to be measured."""

    def __init__(self, engine: Engine | DeviceEngine) -> None:
        self.engine = engine
        self.keys: list[int] = []
        self.tensors: list[FlatTensor] = []
        self._is_there = isinstance(engine, DeviceEngine)
        self._most = _KEPT if self._is_there else _TOGETHER
        self._elements = 0  # that count against it

    def add(self, key: int, tensor: FlatTensor, *, is_kept_elsewhere: bool) -> bool:
        """Takes a tensor in, and says whether the batch is full."""
        self.keys.append(key)
        self.tensors.append(tensor)
        if tensor.is_copy or not is_kept_elsewhere or not (self._is_there or is_on_host(tensor.values)):
            self._elements += tensor.values.numel()
        return self._elements >= self._most


class Batches:
    """Has tensors measured and gives each measurement with its key: at once, or when the transfer settles.

    All tensors of a device that are kept anyway are one batch, however many; of others, as they are computed one
    by one, it holds a million elements and one tensor at a time.
    """

    def __init__(self, give: Give, transfer: Transfer, *, histograms: bool, engine: Engine | None) -> None:
        self._give = give
        self._transfer = transfer
        self._histograms = histograms
        self._engine = engine
        self._batches: dict[torch.device, _Batch] = {}

    def add(self, key: int, tensor: FlatTensor, *, is_kept_elsewhere: bool) -> None:
        """Has a tensor measured, at the latest by ``finish``."""
        device = tensor.values.device
        batch = self._batches.get(device)
        if batch is None:
            batch = self._batches[device] = _Batch(self._engine or choose(device))
        if batch.add(key, tensor, is_kept_elsewhere=is_kept_elsewhere):
            self._measure(self._batches.pop(device))

    def finish(self) -> None:
        """Has all the rest measured."""
        batches, self._batches = self._batches, {}
        for batch in batches.values():
            self._measure(batch)

    def _measure(self, batch: _Batch) -> None:
        if isinstance(batch.engine, DeviceEngine):
            begun = batch.engine.begin(batch.tensors, histograms=self._histograms)
            self._transfer.send(begun.results, partial(self._give_read, batch.keys, begun.read))
        elif isinstance(batch.engine, UnreadEngine):
            found = batch.engine.begin(batch.tensors, histograms=self._histograms)
            self._transfer.keep(partial(self._give_read, batch.keys, found.read), found.nbytes)
        else:
            self._give_all(batch.keys, batch.engine.measure(batch.tensors, histograms=self._histograms))

    def _give_read(self, keys: Sequence[int], read: Callable[..., list[Measurement]], *results: Bytes) -> None:
        """What a device's engine reads comes with the transfer; another has it in the host's memory."""
        self._give_all(keys, read(*results))

    def _give_all(self, keys: Sequence[int], measured: Sequence[Measurement]) -> None:
        for key, measurement in zip(keys, measured, strict=True):
            self._give(key, measurement)
