"""Where the values in a tensor come from.

An origin is an int: operation k is k, input i is -1 - i; so a later origin is the larger one.

Two facts decide. The tensor object itself says which operation returned it. Its storage says which operation
allocated or last wrote that memory: a reader of an alias depends on that one, too, if it came later.
Weak references to both tell a live tensor from a new one at the same address, and keep no activation alive.
"""

import weakref
from collections.abc import Callable, Collection, Sequence

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


Reading = tuple[int | None, int | None, Sequence[int], int | None]
"""What is known of a tensor that is read: the origin of the tensor itself; that of a later write into its memory;
indices of the parameters and buffers that it is, or an unrecorded alias of; the key of its memory."""


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

    def returned(self, tensor: torch.Tensor, origin: int, read: Collection[int | None]) -> bool:
        """An operation that read the storages `read` returned this tensor; whether that is memory it read."""
        self._tensors[id(tensor)] = (weakref.ref(tensor), origin)
        storage = storage_of(tensor)
        key = None if storage is None else storage._cdata
        if key in read:
            return True
        self._claim(storage, origin)
        return False

    def wrote(self, tensor: torch.Tensor, origin: int) -> None:
        """An operation wrote into this tensor."""
        self._tensors[id(tensor)] = (weakref.ref(tensor), origin)
        self._claim(storage_of(tensor), origin)

    def read(self, tensor: torch.Tensor) -> Reading:
        """All that is known of a tensor that an operation reads."""
        key = storage_key(tensor)
        known = self._tensors.get(id(tensor))
        producer = known[1] if known is not None and known[0]() is tensor else None
        # The weak reference inside keeps the address from being given to another storage.
        stored = self._storages.get(key or 0)
        writer = stored[1] if stored is not None else None
        if producer is not None and writer is not None and writer <= producer:
            writer = None  # what it wrote is what the producer read
        position = self._structure.position(tensor)
        if position is not None:
            return producer, writer, (position,), key
        return producer, writer, () if producer is not None else self._sharing(tensor, key), key

    def origins(self, tensor: torch.Tensor) -> tuple[int, ...]:
        """What the values depend on, earliest first; empty if nothing that was recorded."""
        return tuple(origin for origin in self.read(tensor)[:2] if origin is not None)

    def renumber(self, number: Callable[[int], int]) -> None:
        """Gives all operations other numbers, which keep their order."""
        self._tensors = {key: (tensor, number(origin)) for key, (tensor, origin) in self._tensors.items()}
        self._storages = {key: (storage, number(origin)) for key, (storage, origin) in self._storages.items()}

    def _sharing(self, tensor: torch.Tensor, key: int | None) -> Sequence[int]:
        """The parameters that an alias, made without an operation, shares its memory with."""
        sharing = self._parameters.get(key or 0, ())
        # Flat parameters hold many in one storage: those at the same place, else all.
        return [p for p in sharing if self._same_place(p, tensor)] or sharing

    def _same_place(self, position: int, tensor: torch.Tensor) -> bool:
        return self._structure.parameters[position].tensor.storage_offset() == tensor.storage_offset()

    def _claim(self, storage: torch.UntypedStorage | None, origin: int) -> None:
        if storage is not None:
            self._storages[storage._cdata] = (StorageWeakRef(storage), origin)
