"""Steps of many tensors as pieces for compiled loops: measured are the differences, and lost updates are counted."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from torchviz_tb.capture.engines import FlatStep
from torchviz_tb.capture.engines.numba_batch import Batch, CompiledRefineJob
from torchviz_tb.capture.engines.numba_kernels import ADDRESS, CHUNK
from torchviz_tb.capture.engines.numba_steps import AFTER, scan_steps
from torchviz_tb.capture.engines.numpy_jobs import Array, Int64s
from torchviz_tb.capture.engines.numpy_scan import RefineJob, Scan
from torchviz_tb.capture.histograms import Tally


class StepBatch(Batch):
    """Differences of float32 tensors; second looks write down those of a chunk at a time."""

    def __init__(self, steps: Sequence[FlatStep], workers: int, *, histograms: bool) -> None:
        super().__init__(torch.float32, [step.after for step in steps], workers, histograms=histograms)
        self._steps = steps
        self._lost = np.zeros(len(self._pieces), np.int64)

    def lost(self) -> list[int]:
        """Of each tensor, once it is measured, how many updates were lost."""
        lost: list[int] = np.add.reduceat(self._lost, self._firsts[:-1]).tolist() if self._steps else []
        return lost

    def refining(self, place: int, scan: Scan, coarse: Tally) -> RefineJob:
        """See Batch."""
        step = self._steps[place]
        before, after = (each.detach().view(-1).numpy() for each in (step.before, step.after))
        return _RefineStepJob(after, scan, coarse, before)

    def _loop(self) -> Callable[[], None]:
        operands = self._operands()
        following = np.zeros(1, np.int64)
        given = self._pieces, operands, following, self._results, self._lost, *self._put
        return partial(scan_steps, *given)

    def _operands(self) -> Int64s:
        """The addresses of each piece's values."""
        starts = np.array([[each.data_ptr() for each in step] for step in self._steps], np.int64).reshape(-1, 3)
        pieces = np.repeat(starts, np.diff(self._firsts), axis=0)
        # As far into each of the three as the piece, whose own address is in the second, is into that.
        pieces += (self._pieces[:, ADDRESS] - pieces[:, AFTER])[:, np.newaxis]
        return pieces


@dataclass(frozen=True)
class _RefineStepJob(CompiledRefineJob):
    """One more pass over a difference."""

    before: Array

    def chunks(self, piece: Array) -> Iterator[Array]:
        """See CompiledRefineJob: of a piece of the values after the step."""
        first = (piece.ctypes.data - self.array.ctypes.data) // piece.itemsize
        differences = np.empty(min(CHUNK, len(piece)), np.float32)
        for start in range(0, len(piece), CHUNK):
            after = piece[start : start + CHUNK]
            before = self.before[first + start : first + start + len(after)]
            yield np.subtract(after, before, out=differences[: len(after)])
