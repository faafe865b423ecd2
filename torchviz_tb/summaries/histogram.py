"""Many numbers → the summary of their histogram, in torch's bins or the caller's."""

import functools
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary

from torchviz_tb.errors import ArgumentError
from torchviz_tb.summaries.arrays import as_array, dense
from torchviz_tb.summaries.binned import Binned, binned, finite, sums

Float64s = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

_KINDS_OF_EDGES = 8  # that a program has
_COMPLEX = "values are complex: pass their abs(), or .real and .imag under tags of their own"


def histogram(tag: str, values: object, bins: Any, max_bins: int | None = None) -> Summary:
    """The summary of a histogram, at once. As ``prepared(values, bins, max_bins).summary(tag)``."""
    return prepared(values, bins, max_bins).summary(tag)


@dataclass(frozen=True)
class PreparedHistogram:
    """A histogram whose arguments are checked and whose values are read, but not counted yet."""

    values: torch.Tensor  # dense, real, on the CPU
    zeros: int  # that come on top of a sparse tensor's values
    edges: Float64s | None
    rule: Any  # what numpy.histogram makes edges from, where there are none
    max_bins: int | None
    is_own: bool  # nobody else can write to the values

    def summary(self, tag: str) -> Summary:
        """The summary: equal to torch's for what torch can do.

        Buckets, minimum, maximum and sums are those of the finite values, in float64 whatever the type. ``num``
        counts all elements, so that NaN, infinities and what lies beyond the outermost edges are the
        difference to the buckets' sum. Without any finite value there is one empty bucket, which
        TensorBoard shows as an empty histogram.
        """
        if self.edges is None:
            result, edges = _by_rule(self.values, self.zeros, self.rule)
        else:
            result, edges = binned(self.values, self.edges).with_zeros(self.zeros, self.edges), self.edges
        proto = _proto(result, edges, self.max_bins)
        proto.num = self.values.numel() + self.zeros
        return Summary(value=[Summary.Value(tag=tag, histo=proto)])


def prepared(values: object, bins: Any, max_bins: int | None = None) -> PreparedHistogram:
    """Checks and reads all that a histogram needs; on a device that is one copy, and one synchronisation.

    Args:
        values: A tensor of any kind that holds its values here, an array, a list or a number.
        bins: Edges, ascending, or what ``numpy.histogram`` takes: a number of bins or the name of a rule.
        max_bins: Neighbours are joined until there are about so many bins.

    Raises:
        ArgumentError: The values can't be read, or the bins are none.
    """
    if max_bins is not None and max_bins < 1:
        raise ArgumentError(f"max_bins is {max_bins!r}, not a number of bins from 1 on: pass one, or None for all")
    edges = _edges(bins)
    tensor, zeros = _elements(values)
    is_own = isinstance(values, torch.Tensor) and values.device.type != "cpu"
    return PreparedHistogram(tensor, zeros, edges, bins if edges is None else None, max_bins, is_own)


def _elements(values: object) -> tuple[torch.Tensor, int]:
    """What there is of elements, on the CPU, and how many zeros come on top of a sparse tensor's."""
    if not isinstance(values, torch.Tensor):
        return _as_real_tensor(values), 0
    stored = _stored(values)
    tensor = dense(stored, "values").cpu()
    if tensor.is_complex():
        raise ArgumentError(_COMPLEX)
    is_whole = stored is values or values.is_nested
    return tensor, 0 if is_whole else values.numel() - tensor.numel()


def _as_real_tensor(values: object) -> torch.Tensor:
    array = as_array(values, "values")
    if array.dtype.kind == "c":
        raise ArgumentError(_COMPLEX)
    # torch knows neither other byte orders nor floats of more than 64 bits.
    dtype = array.dtype.newbyteorder("=") if array.dtype.itemsize <= 8 else np.dtype(np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of arrays that may not be written to: nobody will
        return torch.from_numpy(np.ascontiguousarray(array, dtype))


@torch.no_grad()
def _stored(values: torch.Tensor) -> torch.Tensor:
    """The elements that a sparse or nested tensor stores; any other tensor itself."""
    if values.is_nested:
        return torch.cat([each.reshape(-1) for each in values.unbind()])
    if values.layout == torch.sparse_coo:
        return values.coalesce().values()
    if values.layout in (torch.sparse_csr, torch.sparse_csc, torch.sparse_bsr, torch.sparse_bsc):
        return values.values()
    return values


def _edges(bins: Any) -> Float64s | None:
    """Edges that the caller gave; None for a number of bins or the name of a rule."""
    if isinstance(bins, str) or np.ndim(bins) == 0:
        _check_rule(bins)
        return None
    if isinstance(bins, list) and set(map(type, bins)) <= {int, float}:
        return _edges_of(tuple(bins))  # torch's list of 1549, as a rule: always the same
    return _checked(as_array(bins, "bins").astype(np.float64))


@functools.lru_cache(_KINDS_OF_EDGES)
def _edges_of(bins: tuple[float, ...]) -> Float64s:
    return _checked(np.array(bins, np.float64))


def _checked(edges: Float64s) -> Float64s:
    if edges.ndim != 1 or len(edges) < 2 or not (np.diff(edges) >= 0).all():
        raise ArgumentError("bins are not edges of bins: pass at least two numbers, ascending, or a number of bins")
    return edges


def _check_rule(bins: Any) -> None:
    try:
        np.histogram_bin_edges(np.zeros(1), bins)
    except (TypeError, ValueError) as error:
        raise ArgumentError(
            f"bins is {bins!r:.60}, which numpy.histogram does not take ({error}): pass 'tensorflow', 'auto', "
            "a number of bins or their edges"
        ) from error


def _by_rule(tensor: torch.Tensor, zeros: int, rule: Any) -> tuple[Binned, Float64s]:
    """Bins that depend on the values, as numpy finds them."""
    values = np.concatenate([finite(tensor), np.zeros(zeros)]) if zeros else finite(tensor)
    counts, edges = np.histogram(values, rule)
    if not len(values):
        return Binned(counts), edges
    return Binned(counts, len(values), float(values.min()), float(values.max()), *sums(values)), edges


def _proto(result: Binned, edges: Float64s, max_bins: int | None) -> HistogramProto:
    if not result.number:
        return HistogramProto(bucket_limit=[0.0], bucket=[0.0])
    counts, limits = _joined(result.counts, edges, max_bins)
    occupied = np.flatnonzero(counts)
    if len(occupied):
        first, last = int(occupied[0]), int(occupied[-1])
        # TensorBoard knows a bucket's upper limit only, so an empty one before them tells where they begin.
        before = counts[first - 1 : first] if first else np.zeros(1, np.int64)
        counts, limits = np.concatenate([before, counts[first : last + 1]]), limits[first : last + 2]
    else:  # all of them beyond the outermost edges
        counts, limits = np.array([result.number]), np.array([result.maximum])
    return HistogramProto(
        min=result.minimum,
        max=result.maximum,
        sum=result.total,
        sum_squares=result.squares,
        bucket_limit=limits.tolist(),
        bucket=counts.tolist(),
    )


def _joined(counts: Int64s, edges: Float64s, max_bins: int | None) -> tuple[Int64s, Float64s]:
    """Groups of neighbouring bins, all of the same number, of which the last may have fewer."""
    if max_bins is None or len(counts) <= max_bins:
        return counts, edges
    together = len(counts) // max_bins
    starts = np.arange(0, len(counts), together)
    return np.add.reduceat(counts, starts), np.append(edges[starts], edges[-1])
