"""Which part of a distributed tensor lies on this rank, and whether this rank counts it."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from torchviz_tb.capture.tensors import Unsupported, is_distributed, is_split
from torchviz_tb.records import records_pb2 as pb

Int64s = npt.NDArray[np.int64]


def is_alike(tensor: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether both lie on the ranks in the same way."""
    if is_distributed(tensor) and is_distributed(other):
        return bool((tensor.device_mesh, tensor.placements) == (other.device_mesh, other.placements))
    return is_distributed(tensor) == is_distributed(other)


def partners(tensors: Iterable[torch.Tensor]) -> frozenset[int]:
    """Global ranks, this one included, that hold the parts of the tensors that are split. Empty: none is."""
    return frozenset(rank for tensor in tensors if is_split(tensor) for rank in _ranks(tensor))


def own_part(
    tensor: torch.Tensor, rank: int, leader: int, noun: str = "tensor"
) -> "torch.Tensor | pb.Status | Unsupported":
    """What a rank measures of a tensor so that all ranks together measure each element once.

    Elements count as the leader, the rank that writes, holds them: of replicas the one along
    the leader's coordinate, of a tensor that is not distributed the leader's own. STATUS_EXCLUDED
    stands for nothing to measure here. Waits for an all-gather or reduction that torch has under
    way for this tensor, but enters no collective.
    """
    if not is_distributed(tensor):
        return tensor if rank == leader else pb.STATUS_EXCLUDED
    ranks, placements = tensor.device_mesh.mesh, tensor.placements
    ours, theirs = _coordinate(ranks, rank), _coordinate(ranks, leader)
    if ours is None or theirs is None:
        return pb.STATUS_EXCLUDED
    for placement, size, here, there in zip(placements, ranks.shape, ours, theirs, strict=True):
        if size > 1 and placement.is_partial():
            return Unsupported(f"partial {noun}: its sum over ranks has not been made yet")
        if placement.is_replicate() and here != there:
            return pb.STATUS_EXCLUDED
    local: torch.Tensor = tensor.to_local()
    # What a collective is still filling has a class of its own, and gives the plain tensor when it is waited for.
    return local.wait() if hasattr(local, "wait") else local


def global_indices(tensor: torch.Tensor) -> list[Int64s] | None:
    """Where along each dimension of the whole tensor this rank's elements lie, ascending; None if that can't be told.

    Placements are applied from the first dimension of the mesh to the last, each cutting as
    ``torch.chunk`` does: whoever comes late gets less, or nothing. What fully_shard makes of a
    dimension that tensor parallelism has cut before is the strided kind: each of its
    ``split_factor`` pieces is cut, and a rank holds its share of every piece.
    """
    if not is_distributed(tensor):
        return [np.arange(size) for size in tensor.shape]
    mesh = tensor.device_mesh
    indices = [np.arange(size) for size in tensor.shape]
    for placement, size, place in zip(tensor.placements, mesh.mesh.shape, mesh.get_coordinate() or (), strict=True):
        if placement.is_replicate() or size == 1:
            continue
        dim = getattr(placement, "dim", None)
        if dim is None:
            return None
        pieces = _chunks(indices[dim], getattr(placement, "split_factor", 1))
        indices[dim] = np.concatenate([_chunks(piece, size)[place] for piece in pieces])
    return indices if [len(each) for each in indices] == list(tensor.to_local().shape) else None


def _ranks(tensor: Any) -> list[int]:
    ranks: list[int] = tensor.device_mesh.mesh.flatten().tolist()
    return ranks


def _coordinate(ranks: torch.Tensor, rank: int) -> list[int] | None:
    """Where a rank is in the mesh; None: outside."""
    places: list[list[int]] = (ranks == rank).nonzero().tolist()
    return places[0] if places else None


def _chunks(indices: Int64s, count: int) -> Sequence[Int64s]:
    """As torch.chunk, but always so many pieces, the last of which may be empty."""
    size = -(-len(indices) // count)
    return [indices[start * size : (start + 1) * size] for start in range(count)]
