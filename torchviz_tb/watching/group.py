"""A group: one name under which records of one table of sites are kept."""

import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence

import torch
from google.protobuf.message import Message

from torchviz_tb.capture.sites import ParameterSite, SiteTable
from torchviz_tb.capture.statistics import StageMeasurement
from torchviz_tb.events.recorder import LaterRecord, Recorder
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.metadata import Kind
from torchviz_tb.watching.guard import Guard
from torchviz_tb.watching.incidents import Incidents
from torchviz_tb.watching.sample import Sample

WRITING = "writing"
"""The part that fails when a record can't be written; nothing is measured after that."""

_STAGES_OF_CALLS = (pb.STAGE_PARAMETER, pb.STAGE_GRADIENT)
_MOST_ARRIVING = 4  # samples that wait for a device: their results take up memory there


class Group:
    """Writes the samples of one group, each after the table of sites that it needs."""

    def __init__(self, name: str, recorder: Recorder) -> None:
        self.name = name
        self.guard = Guard(name)
        self.table = SiteTable()
        self.incidents = Incidents(self.write, self.flush)
        self._recorder = recorder
        self._table_is_new = False
        self._pending: Sample | None = None  # gathered by single calls
        self._held: Sample | None = None  # that a watch has begun
        self._arriving: deque[Sample] = deque()  # complete but for what devices still compute, by step
        self._unfinished: list[Callable[[], None]] = []
        self._watch_close: weakref.WeakMethod[Callable[[], None]] | None = None

    def hold_sample(
        self, step: int, sites: Sequence[ParameterSite], optimizers: Sequence[torch.optim.Optimizer]
    ) -> Sample:
        """A sample for a watch to fill and to write; should it come to no end, ``close`` writes it as it is."""
        self._held = self._new_sample(step, sites, optimizers)
        return self._held

    def tensor_sample(self, step: int, tensor: torch.Tensor) -> Sample:
        """A sample over a table whose only site is the tensor that gave the group its name."""
        table = SiteTable.of_tensor(self.name, tensor)
        if table.record() != self.table.record():
            self.table, self._table_is_new = table, True
        return Sample(step, self.table.count, self.table.checksum)

    def pending_sample(self, step: int, sites: Sequence[ParameterSite]) -> Sample:
        """The sample that single calls at this step share; one of another step is written first."""
        sample = self._new_sample(step, sites)
        if self._pending is None or not self._pending.fits(sample):
            self.write_pending()
            self._pending = sample
        return self._pending

    def write_pending(self) -> None:
        """Writes what single calls have gathered."""
        sample, self._pending = self._pending, None
        if sample is not None:
            self._write_sample(sample)

    def write_complete(self) -> None:
        """Writes what single calls have gathered once it has all stages that they can add.

        So it is made while the loop goes on, and not beside the next sample. Where there is a watch, it waits: the
        watch's sample of the same step may take it over.
        """
        if self._pending is not None and self._watch_close is None and self._pending.has(*_STAGES_OF_CALLS):
            self.write_pending()

    def write_sample(
        self, sample: Sample, further: Callable[[SiteTable], StageMeasurement | None] | None = None
    ) -> None:
        """Writes a sample, and before it what single calls have gathered at earlier steps.

        ``further`` gives one more stage, of a table to which it may add sites.
        """
        self._held = None
        if self._pending is not None and self._pending.fits(sample):
            sample.absorb(self._pending)
            self._pending = None
        self.write_pending()
        if further is not None:
            self._add_stage(sample, further)
        self._write_sample(sample)

    def write_arrived(self) -> None:
        """Writes the samples whose results have come from devices meanwhile; waits for none, unless there are many."""
        while self._arriving and (len(self._arriving) > _MOST_ARRIVING or self._arriving[0].transfer.is_there):
            self._write_records(self._arriving.popleft())

    def before_close(self, call: Callable[[], None]) -> None:
        """Calls a method of the group's watch first when the group is closed; does not keep the watch alive."""
        self._watch_close = weakref.WeakMethod(call)

    def finish_before_close(self, call: Callable[[], None]) -> None:
        """Calls this when the group is closed, to write what still waits for something."""
        self._unfinished.append(call)

    def close(self) -> None:
        """Writes all that has been gathered."""
        for finish in self._unfinished:
            finish()
        last_words = None if self._watch_close is None else self._watch_close()
        if last_words is not None:
            last_words()
        if self._held is not None:
            self.write_sample(self._held)
        self.write_pending()
        self.write_arriving()
        self.incidents.write()

    def write(
        self, kind: Kind, record: Message | LaterRecord | None, step: int, wall_time: float | None = None
    ) -> bool:
        """Queues a record and says whether it was taken; a fault warns once and ends all writing of this group."""
        if record is None or not self.guard.is_on(WRITING):
            return False
        with self.guard.part(WRITING):
            return self._recorder.write(self.name, kind, record, step, wall_time=wall_time)
        return False

    def write_on_sites(self, kind: Kind, record: Message, step: int) -> bool:
        """As ``write``, for a record about sites: before it the table, if it has changed."""
        self._write_table(step, time.time())
        return self.write(kind, record, step)

    def later(self, work: Callable[[], None], noun: str) -> None:
        """As ``Recorder.later``."""
        self._recorder.later(work, noun)

    def has(self, kind: Kind) -> bool:
        """Whether a record of this kind has been written; waits for what was left to the background."""
        self._recorder.wait()
        return self._recorder.last_step(self.name, kind) is not None

    def flush(self) -> None:
        """Returns when everything queued is in the file; waits for results of devices, too."""
        self.write_arriving()
        if self.guard.is_on(WRITING):
            with self.guard.part(WRITING):
                self._recorder.flush()

    def _new_sample(
        self, step: int, sites: Sequence[ParameterSite], optimizers: Sequence[torch.optim.Optimizer] = ()
    ) -> Sample:
        """A sample over the table, which first takes up what has changed in the sites."""
        self._table_is_new = self.table.update(sites, optimizers) or self._table_is_new
        return Sample(step, self.table.count, self.table.checksum)

    def _add_stage(self, sample: Sample, further: Callable[[SiteTable], StageMeasurement | None]) -> None:
        known = self.table.count
        stage = further(self.table)
        self._table_is_new = self._table_is_new or self.table.count > known
        sample.grow(self.table.count, self.table.checksum)
        if stage is not None:
            sample.add_begun(stage)

    def _write_sample(self, sample: Sample) -> None:
        if sample.is_written:
            return
        sample.is_written = True
        self._write_table(sample.step, sample.wall_time)
        sample.transfer.start()
        self._arriving.append(sample)
        self.write_arrived()

    def write_arriving(self) -> None:
        """Writes all samples; waits for devices."""
        while self._arriving:
            self._write_records(self._arriving.popleft())

    def _write_records(self, sample: Sample) -> None:
        """Writes a sample, as soon as all that devices say of it is on the host."""
        with self.guard.part(WRITING), sample.timed():
            sample.transfer.fetch()
        self.write(Kind.STATISTICS, sample.statistics(), sample.step, sample.wall_time)
        self.write(Kind.DISTRIBUTIONS, sample.distributions(), sample.step, sample.wall_time)
        self.write(Kind.HEATMAPS, sample.heatmaps(), sample.step, sample.wall_time)

    def _write_table(self, step: int, wall_time: float) -> None:
        """Writes the table if it has changed, once at a step: what a second change says can wait for the next."""
        last = self._recorder.last_step(self.name, Kind.SITES)
        if self._table_is_new and (last is None or step > last):
            self._table_is_new = not self.write(Kind.SITES, self.table.record(), step, wall_time)
