"""Where the values in a tensor come from.

An origin is an int: operation k is k, input i is -1 - i; so a later origin is the larger one.

Two facts decide. The tensor object itself says which operation returned it. Its storage says which operation
allocated or last wrote that memory: a reader of an alias depends on that one, too, if it came later.
Weak references to both tell a live tensor from a new one at the same address, and keep no activation alive.
"""

import weakref
from collections.abc import Iterable

import torch
from torch.multiprocessing.reductions import StorageWeakRef

from torchviz_tb.capture.graph.structure import Structure


def input_origin(index: int) -> int:
    """The origin that stands for input `index`; its own inverse."""
    return -1 - index


def storage_of(tensor: torch.Tensor) -> torch.UntypedStorage | None:
    """The tensor's memory; None for what has no single one: sparse, nested, not yet initialised."""
    try:
        return tensor.untyped_storage()
    except (NotImplementedError, RuntimeError, ValueError):
        return None


def storage_key(tensor: torch.Tensor) -> int | None:
    """A number that two tensors share exactly if they share memory."""
    storage = storage_of(tensor)
    return None if storage is None else storage._cdata


class Provenance:
    """Origins of the tensors of one forward."""

    def __init__(self, structure: Structure) -> None:
        self._structure = structure
        self._tensors: dict[int, tuple[weakref.ref[torch.Tensor], int]] = {}
        self._storages: dict[int, tuple[StorageWeakRef, int]] = {}
        self._parameters: dict[int, list[int]] = {}
        for position, entry in enumerate(structure.parameters):
            key = storage_key(entry.tensor)
            if key is not None:
                self._parameters.setdefault(key, []).append(position)

    def returned(self, tensor: torch.Tensor, origin: int, read: Iterable[int | None]) -> None:
        """An operation that read the storages `read` returned this tensor."""
        self._tensors[id(tensor)] = (weakref.ref(tensor), origin)
        if storage_key(tensor) not in read:
            self._claim(tensor, origin)

    def wrote(self, tensor: torch.Tensor, origin: int) -> None:
        """An operation wrote into this tensor."""
        self._tensors[id(tensor)] = (weakref.ref(tensor), origin)
        self._claim(tensor, origin)

    def origins(self, tensor: torch.Tensor) -> tuple[int, ...]:
        """What the values depend on, earliest first; empty if nothing that was recorded."""
        producer = self._producer(tensor)
        writer = self._writer(tensor)
        if producer is not None and writer is not None and writer <= producer:
            writer = None  # what it wrote is what the producer read
        return tuple(origin for origin in (producer, writer) if origin is not None)

    def parameters(self, tensor: torch.Tensor) -> list[int]:
        """Indices of the parameters and buffers that the tensor is, or an unrecorded alias of."""
        position = self._structure.position(tensor)
        if position is not None:
            return [position]
        if self._producer(tensor) is not None:
            return []
        sharing = self._parameters.get(storage_key(tensor) or 0, [])
        # Flat parameters hold many in one storage: those at the same place, else all.
        return [p for p in sharing if self._same_place(p, tensor)] or sharing

    def _same_place(self, position: int, tensor: torch.Tensor) -> bool:
        return self._structure.parameters[position].tensor.storage_offset() == tensor.storage_offset()

    def _claim(self, tensor: torch.Tensor, origin: int) -> None:
        storage = storage_of(tensor)
        if storage is not None:
            self._storages[storage._cdata] = (StorageWeakRef(storage), origin)

    def _producer(self, tensor: torch.Tensor) -> int | None:
        known = self._tensors.get(id(tensor))
        return known[1] if known and known[0]() is tensor else None

    def _writer(self, tensor: torch.Tensor) -> int | None:
        # The weak reference inside keeps the address from being given to another storage.
        known = self._storages.get(storage_key(tensor) or 0)
        return known[1] if known else None
