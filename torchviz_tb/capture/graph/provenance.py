"""Where the values in a tensor come from.

An origin is an int: operation k is k, input i is -1 - i; so a later origin is the larger one.

Two facts decide. The tensor object itself says which operation returned it. Its storage says which operation
allocated or last wrote that memory: a reader of an alias depends on that one, too, if it came later.
Weak references to both tell a live tensor from a new one at the same address, and keep no activation alive.
"""

import weakref
from collections.abc import Callable, Collection, Sequence
from typing import Any

import torch

from torchviz_tb.capture.graph.structure import Structure

_NO_STORAGE = (NotImplementedError, RuntimeError, ValueError)


def input_origin(index: int) -> int:
    """The origin that stands for input `index`; its own inverse."""
    return -1 - index


def storage_of(tensor: torch.Tensor) -> torch.UntypedStorage | None:
    """The tensor's memory; None for what has no single one: sparse, nested, not yet initialised."""
    try:
        return tensor.untyped_storage()
    except _NO_STORAGE:
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
        self._positions = structure.positions
        self._tensors: dict[int, tuple[weakref.ref[torch.Tensor], int]] = {}
        self._writers: dict[int | None, int] = {}  # by the key of a storage that `_held` holds
        self._held = WeakStorages()
        self._parameters: dict[int | None, list[int]] = {}
        for position, entry in enumerate(structure.parameters):
            key = storage_key(entry.tensor)
            if key is not None:
                self._parameters.setdefault(key, []).append(position)

    def returned(self, tensor: torch.Tensor, origin: int, read: Collection[int | None]) -> bool:
        """An operation that read the storages `read` returned this tensor; whether that is memory it read."""
        self._tensors[id(tensor)] = (weakref.ref(tensor), origin)
        try:  # without a call of storage_of, as this happens with every result
            storage = tensor.untyped_storage()
        except _NO_STORAGE:
            return None in read
        key = storage._cdata
        if key in read:
            return True
        if key not in self._writers:
            self._held.hold(storage)
        self._writers[key] = origin
        return False

    def wrote(self, tensor: torch.Tensor, origin: int) -> None:
        """An operation wrote into this tensor."""
        self.returned(tensor, origin, ())

    def read(self, tensor: torch.Tensor) -> Reading:
        """All that is known of a tensor that an operation reads."""
        try:  # without a call of storage_key, as above
            key = tensor.untyped_storage()._cdata
        except _NO_STORAGE:
            key = None
        number = id(tensor)
        known = self._tensors.get(number)
        producer = known[1] if known is not None and known[0]() is tensor else None
        writer = self._writers.get(key)
        if producer is not None and writer is not None and writer <= producer:
            writer = None  # what it wrote is what the producer read
        position = self._positions.get(number)
        if position is not None:
            return producer, writer, (position,), key
        return producer, writer, () if producer is not None else self._sharing(tensor, key), key

    def origins(self, tensor: torch.Tensor) -> tuple[int, ...]:
        """What the values depend on, earliest first; empty if nothing that was recorded."""
        return tuple(origin for origin in self.read(tensor)[:2] if origin is not None)

    def renumber(self, number: Callable[[int], int]) -> None:
        """Gives all operations other numbers, which keep their order."""
        self._tensors = {key: (tensor, number(origin)) for key, (tensor, origin) in self._tensors.items()}
        self._writers = {key: number(origin) for key, origin in self._writers.items()}

    def _sharing(self, tensor: torch.Tensor, key: int | None) -> Sequence[int]:
        """The parameters that an alias, made without an operation, shares its memory with."""
        sharing = self._parameters.get(key, ())
        # Flat parameters hold many in one storage: those at the same place, else all.
        return [p for p in sharing if self._same_place(p, tensor)] or sharing

    def _same_place(self, position: int, tensor: torch.Tensor) -> bool:
        return self._structure.parameters[position].tensor.storage_offset() == tensor.storage_offset()


class WeakStorages:
    """Keeps the addresses of storages from being given to others, though not their memory, for its own lifetime.

    What torch's StorageWeakRef does for one storage, at a fifth of the cost for each.
    """

    def __init__(self) -> None:
        self._references: list[Any] = []  # plain addresses, whatever torch's own annotations say
        self._free: Callable[[Any], None] = (
            torch.UntypedStorage._free_weak_ref
        )  # bound here, as modules may be gone when the program ends

    def hold(self, storage: torch.UntypedStorage) -> None:
        """One more."""
        self._references.append(storage._weak_ref())

    def __del__(self) -> None:
        for reference in self._references:
            self._free(reference)
