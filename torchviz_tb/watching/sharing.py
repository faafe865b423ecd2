"""A watch's part in measuring, together with other ranks, a model whose tensors they hold in parts."""

import zlib
from collections.abc import Sequence

import torch
import torch.distributed as dist

from torchviz_tb.capture.sharded.agreement import Meeting, Membership, Terms
from torchviz_tb.capture.sharded.exchange import SharingError
from torchviz_tb.capture.sharded.merge import Header, merge
from torchviz_tb.capture.sharded.placements import own_part, partners
from torchviz_tb.capture.sites import ParameterSite
from torchviz_tb.capture.statistics import Value
from torchviz_tb.capture.tensors import Unsupported, is_split
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.watching.guard import Guard
from torchviz_tb.watching.parts import GRADIENTS, HEATMAPS, PARAMETERS, UPDATES
from torchviz_tb.watching.shared_sample import SharedSample

SHARDS = "shards"
"""The part that fails when ranks can't measure together; all that lies on the writer's rank alone goes on."""

_PARTS = {
    pb.STAGE_PARAMETER: PARAMETERS,
    pb.STAGE_GRADIENT: GRADIENTS,
    pb.STAGE_RAW_GRADIENT: GRADIENTS,
    pb.STAGE_UPDATE: UPDATES,
}


class Sharing:
    """Meets the other ranks before the first sample and goes with them through every sample.

    Every rank takes the same samples in the same order. A rank that can't go on, or wants something else,
    ends it for all: the writer's rank then records split tensors as not measured, with the reason, and the
    others record nothing. Training goes on everywhere; the longest wait is ``agreement.TIMEOUT``, once.
    """

    def __init__(
        self, guard: Guard, sites: Sequence[ParameterSite], wanted: tuple[int, int, Sequence[str]], *, has_writer: bool
    ) -> None:
        self._guard = guard
        self._wanted = wanted
        self._has_writer = has_writer
        self._meeting: Meeting | None = None  # until the first sample
        self._membership: Membership | None = None
        self._samples = 0
        self._problem = ""  # why ranks do not measure together any more
        self._announce(sites)

    @staticmethod
    def is_needed(sites: Sequence[ParameterSite]) -> bool:
        """Whether other ranks hold parts of the parameters."""
        return any(is_split(site.parameter) for site in sites)

    @property
    def is_idle(self) -> bool:
        """Whether this rank has nothing to do any more."""
        return not self._has_writer and self._meeting is None and self._membership is None

    def begin(self, sites: Sequence[ParameterSite]) -> None:
        """Before each sample; may wait for other ranks, at the first one."""
        if not self._problem:
            try:
                self._go_on(sites)
            except SharingError as error:
                self._fail(error)

    def own(self, tensor: torch.Tensor, noun: str = "tensor") -> Value:
        """What this rank measures of a tensor; STATUS_EXCLUDED where other ranks do."""
        if self._membership is not None:
            return own_part(tensor, self._membership.rank, self._membership.leader, noun)
        if is_split(tensor):
            return Unsupported(f"sharded: {self._problem}")
        rank = dist.get_rank()
        return own_part(tensor, rank, rank, noun)

    def merge(self, sample: SharedSample) -> None:
        """Enters the collectives of one sample, which takes what they give."""
        membership, self._samples = self._membership, self._samples + 1
        if membership is None:
            sample.take_alone(self._problem)
            return
        header = Header({"the number of the sample": self._samples, "the step": sample.step}, sample.heatmaps_checksum)
        try:
            merged = merge(membership, header, sample.parts(), len(sample.sites), sample.heatmaps)
        except SharingError as error:
            self._fail(error)
            sample.take_alone(self._problem)
            return
        missing = {_PARTS[stage] for stage in merged.missing} | ({HEATMAPS} if merged.lacks_heatmaps else set())
        for part in sorted(missing):
            self._guard.switch_off(part, SharingError("another rank could not measure it"))
        sample.take(merged)

    def end(self) -> None:
        """Takes leave, so that no other rank waits for this one."""
        if self._membership is not None:
            self._membership.end(f"rank {self._membership.rank} has ended its watch")
            self._membership = None
        self._problem = self._problem or "the watch has ended"

    def _announce(self, sites: Sequence[ParameterSite]) -> None:
        self._terms = self._terms_of(sites)
        ranks = partners(site.parameter for site in sites)
        try:
            self._meeting = Meeting(ranks, self._terms, has_writer=self._has_writer)
        except SharingError as error:
            self._fail(error)

    def _terms_of(self, sites: Sequence[ParameterSite]) -> Terms:
        log_freq, heatmap_freq, parts = self._wanted
        described = [(site.name, tuple(site.parameter.shape), str(site.parameter.dtype)) for site in sites]
        return Terms(log_freq, heatmap_freq, ", ".join(parts), len(sites), zlib.crc32(repr(described).encode()))

    def _go_on(self, sites: Sequence[ParameterSite]) -> None:
        if self._terms_of(sites) != self._terms:  # on all ranks, or the others will see that this one has left
            if self._membership is not None:
                self._membership.end(f"rank {self._membership.rank} has other parameters than before")
                self._membership = None
            self._announce(sites)
        if self._meeting is not None:
            meeting, self._meeting = self._meeting, None
            self._membership = meeting.join()
        elif self._membership is not None:
            self._membership.check_all_there()

    def _fail(self, error: SharingError) -> None:
        own = self._problem = str(error)
        if self._membership is not None:
            own = f"rank {self._membership.rank} gave up: {error}"
            self._problem = self._membership.end(own)
            self._membership = None
        if self._has_writer or self._problem == own:  # what another rank has told, it has told its user
            self._guard.switch_off(SHARDS, SharingError(self._problem))
