"""The engine that needs nothing but numpy, on the CPU."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
import torch

from torchviz_tb.capture.engines import Measurement
from torchviz_tb.capture.engines.numpy_jobs import Array, CodesJob, DistinctJob, Job
from torchviz_tb.capture.engines.numpy_scan import ScanJob, real_floats
from torchviz_tb.capture.tensors import NARROW_DTYPES, FlatTensor

SMALL = 1 << 13
"""Elements: up to here sorting is cheaper than the tables of the other ways."""

_MOST_WORKERS = 4  # between NumPy's calls they need the interpreter's lock: more would wait for it

WORTH_THREADS = 1 << 18
"""Elements: below, starting threads costs more than it saves."""

_Mapper = Any  # map, or a pool's map: typing can't say that both take any function
ResultT = TypeVar("ResultT")


class NumpyEngine:
    """Measures on threads of its own, at most four, that end with each call.

    On one core about 2 ns an element for float32, half of it for 16-bit types. Tensors
    on a device are copied to the CPU, one synchronisation each. Extra memory: the copies, and
    about 4 MiB a thread.
    """

    def __init__(self, workers: int | None = None) -> None:
        self._workers = workers

    def measure(self, tensors: Sequence[FlatTensor], *, histograms: bool) -> list[Measurement]:
        """One measurement a tensor, in order."""
        jobs: list[Job] = [self._job(tensor.values.cpu(), histograms) for tensor in tensors]
        with self._mapper(sum(tensor.values.numel() for tensor in tensors)) as mapper:
            measured = _run(jobs, mapper)
        return repeated(measured, tensors)

    def workers(self) -> int:
        """Threads that are used where there is much to measure."""
        return self._workers or min(torch.get_num_threads(), self.most_workers())

    def most_workers(self) -> int:
        """Threads that are worth their start."""
        return _MOST_WORKERS

    def finished(self, begun: "Sequence[Measurement | Job]") -> list[Measurement]:
        """Runs the jobs that are left, and what follows from them."""
        jobs = [each for each in begun if not isinstance(each, Measurement)]
        if not jobs:
            return [each for each in begun if isinstance(each, Measurement)]
        with self._mapper(sum(len(piece) for job in jobs for piece in job.pieces())) as mapper:
            later = iter(_run(jobs, mapper))
        return [each if isinstance(each, Measurement) else next(later) for each in begun]

    def _job(self, values: torch.Tensor, histograms: bool) -> Job:
        if values.dtype == torch.complex32:  # numpy has no such type
            values = values.to(torch.complex64)
        narrow = values.dtype in NARROW_DTYPES
        if values.numel() <= SMALL:
            array: Array = (values.to(torch.float64) if narrow else values).numpy()
            return DistinctJob(real_floats(array).astype(np.float64, copy=False), histograms)
        if narrow:
            codes = values.view(torch.uint8 if values.itemsize == 1 else torch.int16).numpy()
            return CodesJob(codes.view(f"uint{8 * values.itemsize}"), values.dtype, histograms)
        return ScanJob(values.numpy(), histograms)

    @contextmanager
    def _mapper(self, elements: int) -> Iterator[_Mapper]:
        workers = self.workers()
        if workers == 1 or elements < WORTH_THREADS:
            yield map
            return
        with ThreadPoolExecutor(workers, thread_name_prefix="torchviz_tb") as pool:
            yield pool.map


def repeated(measured: Sequence[Measurement], tensors: Sequence[FlatTensor]) -> list[Measurement]:
    """The measurements, where tensors say how often each element occurs."""
    return [
        measurement if tensor.repeats == 1 else measurement.repeated(tensor.repeats)
        for measurement, tensor in zip(measured, tensors, strict=True)
    ]


def _run(jobs: Sequence[Job], mapper: _Mapper) -> list[Measurement]:
    """Runs all jobs, then those that follow from them, until each has its measurement."""
    pieces = [job.pieces() for job in jobs]
    work = [(job, piece) for job, cuts in zip(jobs, pieces, strict=True) for piece in cuts]
    parts: Iterator[Any] = mapper(lambda item: item[0].part(item[1]), work)
    # Joined as they come in, so that the parts of a large model are never all in memory.
    results = [job.joined(_take(parts, len(cuts))) for job, cuts in zip(jobs, pieces, strict=True)]
    following = [result for result in results if not isinstance(result, Measurement)]
    later = iter(_run(following, mapper)) if following else iter(())
    return [result if isinstance(result, Measurement) else next(later) for result in results]


def _take(items: Iterable[ResultT], count: int) -> list[ResultT]:
    return list(itertools.islice(items, count))
