"""Histograms on the float grid: one as an analysis holds it, and those of one record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import overload

import numpy as np
import numpy.typing as npt

from torchviz_tb.errors import DamagedRecord
from torchviz_tb.reading import checks, distances, histograms
from torchviz_tb.reading.histograms import Float64s, Histograms, Int64s
from torchviz_tb.reading.message_fields import MARGIN, Fields, fields, wire_types
from torchviz_tb.reading.packed_histograms import read_histograms
from torchviz_tb.records import records_pb2 as pb
from torchviz_tb.records.envelope import parse
from torchviz_tb.records.grid import Grid

Strings = npt.NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class Distribution:
    """An exact histogram of one tensor: how many elements lie in each bin of a fixed grid.

    ``index`` and ``counts`` hold the occupied bins in ascending order of value (records/grid.py
    says what the indices mean); zeros and what is not finite are counted apart.
    """

    grid: Grid
    index: Int64s
    counts: Int64s
    zeros: int
    nan: int
    pos_inf: int
    neg_inf: int

    @classmethod
    def from_record(cls, record: pb.Histogram) -> "Distribution":
        """Raises DamagedRecord where it is not a histogram as records.proto defines it."""
        return cls.from_bytes(record.SerializeToString())

    @classmethod
    def from_bytes(cls, message: bytes) -> "Distribution":
        """As ``from_record``, of a serialized message."""
        read = read_histograms([message])
        if read.faults:
            raise DamagedRecord(read.faults[0])
        zeros, nan, neg_inf, pos_inf = read.apart[:, 0].tolist()
        return cls(read.grids[0], read.index, read.counts, zeros, nan, pos_inf, neg_inf)

    @cached_property
    def edges(self) -> Float64s:
        """Lower and upper edge of each occupied bin, float64 [bins, 2]; not always adjoining."""
        return np.stack(self.grid.edges(self.index), axis=1)

    @property
    def finite(self) -> int:
        """Number of finite elements, zeros included."""
        return int(self.counts.sum()) + self.zeros

    @overload
    def quantile(self, q: float) -> float: ...
    @overload
    def quantile(self, q: Sequence[float] | Float64s) -> Float64s: ...
    def quantile(self, q: float | Sequence[float] | Float64s) -> float | Float64s:
        """Quantiles of the finite elements, q from 0 to 1; NaN where there is none.

        As ``numpy.quantile`` of the elements, where those of one bin count as evenly spread over
        it: the error is less than the width of the widest bin involved.
        """
        found = histograms.quantiles(self._alone, np.atleast_1d(np.asarray(q, np.float64)))[0]
        return float(found[0]) if np.ndim(q) == 0 else found

    def distance(self, other: "Distribution") -> float:
        """Wasserstein-1 distance between the finite elements of both, in the elements' own unit.

        Elements of one bin count as evenly spread over it. NaN where one side has none.
        """
        return float(distances.distances(self._alone, other._alone)[0])

    def relative_distance(self, other: "Distribution") -> float:
        """The distance as a share of the longest that there can be: 0 for the same, 1 for nothing in common.

        It is divided by the sum of both mean magnitudes. NaN where one side has no finite element.
        """
        return float(distances.relative_distances(self._alone, other._alone)[0])

    def coarsened(self, onto: Grid) -> "Distribution":
        """The same elements on a coarser grid."""
        if onto == self.grid:
            return self
        index, inverse = np.unique(onto.coarsen(self.index, self.grid), return_inverse=True)
        counts = np.zeros(index.size, np.int64)
        np.add.at(counts, inverse, self.counts)
        return Distribution(onto, index, counts, self.zeros, self.nan, self.pos_inf, self.neg_inf)

    @property
    def _alone(self) -> Histograms:
        """As columns of one histogram."""
        apart = np.asarray([[self.zeros], [self.nan], [self.neg_inf], [self.pos_inf]], np.int64)
        starts = np.asarray([0, self.index.size], np.int64)
        return Histograms((self.grid,), np.zeros(1, np.int64), starts, self.index, self.counts, apart, {})


_ENTRIES = pb.Distributions.DESCRIPTOR.fields_by_name["entries"].number << 3 | 2
"""What stands before each entry: the field's number, and that a length follows."""
_ENTRY_WIRE_TYPE = wire_types(pb.DistributionEntry)
_TOO_MANY = f"it holds more than {checks.MAX_FIELDS} parts"
_ENTRY_MEMORY = 160
"""Bytes for what is known of an entry: four numbers and its place in a dictionary."""


@dataclass(frozen=True, eq=False)
class Distributions:
    """One record: where in its bytes the histogram of each site (index in the record's table) and stage lies."""

    site_count: int
    sites_checksum: int
    raw: bytes
    sites: Int64s
    """The site of each entry."""
    stages: Int64s
    """The stage of each entry, as records.proto numbers them."""
    begin: Int64s
    end: Int64s
    """Where each entry's histogram lies in ``raw``."""
    _entry_of: dict[str, Mapping[int, int]] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Distributions":
        """Checks which sites there are; a histogram is decoded, and checked, when it is asked for.

        Cost: about 1 µs an entry. Raises DamagedRecord.
        """
        record, begin, end = _entries(raw)
        checks.site_count(record.site_count)
        walked = fields(np.frombuffer(raw + bytes(MARGIN), np.uint8), begin, end, _ENTRY_WIRE_TYPE)
        checks.require(not walked.unreadable.any(), "its payload can't be parsed")
        if walked.irregular.any():
            return cls._from_parsed(raw)
        return cls._of(record, raw, walked)

    @classmethod
    def _from_parsed(cls, raw: bytes) -> "Distributions":
        """Of what no writer of ours makes: brought to the form in which they write it, then read."""
        checks.field_count(raw, pb.Distributions)
        parsed = parse(raw, pb.Distributions)
        parsed.DiscardUnknownFields()
        return cls.from_bytes(parsed.SerializeToString())

    @classmethod
    def _of(cls, record: pb.Distributions, raw: bytes, walked: Fields) -> "Distributions":
        number = {name: each.number for name, each in pb.DistributionEntry.DESCRIPTOR.fields_by_name.items()}
        sites, stages = (walked[number[name]].value for name in ("site", "stage"))
        checks.indices(sites.tolist(), record.site_count, "site")
        lies = walked[number["histogram"]]
        columns = sites.astype(np.int64), np.minimum(stages, 255).astype(np.int64), lies.begin, lies.end
        return cls(record.site_count, record.sites_checksum, raw, *columns)

    @property
    def memory(self) -> int:
        """Bytes that the record takes, with the entries by site that are looked up later."""
        return len(self.raw) + _ENTRY_MEMORY * self.sites.size

    @cached_property
    def stage_names(self) -> frozenset[str]:
        """The stages that have a histogram of any site."""
        names = {checks.stage_name(stage) for stage in np.unique(self.stages).tolist()}
        return frozenset(name for name in names if name is not None)

    def measured(self, stage: str) -> list[int]:
        """The sites that have a histogram of a stage."""
        return list(self._entries_of(stage))

    def message(self, stage: str, site: int) -> bytes | None:
        """The serialized histogram of a site; None where it was not measured."""
        entry = self._entries_of(stage).get(site)
        return None if entry is None else self.raw[self.begin[entry] : self.end[entry]]

    def distribution(self, stage: str, site: int) -> Distribution | None:
        """One histogram; None where it was not measured. Raises DamagedRecord."""
        message = self.message(stage, site)
        return None if message is None else Distribution.from_bytes(message)

    def _entries_of(self, stage: str) -> Mapping[int, int]:
        """The entry of each site that has one of a stage; the last of several."""
        if stage not in self._entry_of:
            entries = np.flatnonzero(self.stages == checks.stage_number(stage))
            self._entry_of[stage] = dict(zip(self.sites[entries].tolist(), entries.tolist(), strict=True))
        return self._entry_of[stage]


def _entries(raw: bytes) -> tuple[pb.Distributions, Int64s, Int64s]:
    """The record without its entries, and where each of these lies. Raises DamagedRecord."""
    position, end, rest, spans = 0, len(raw), list[bytes](), list[int]()
    while position < end:
        start = position
        # Nearly all that there is: an entry whose size takes two bytes. Three thousand of them take 1 ms.
        if raw[position] == _ENTRIES and position + 2 < end and raw[position + 1] >= 0x80 > raw[position + 2]:
            size = raw[position + 1] & 0x7F | raw[position + 2] << 7
            position += 3
            is_entry = True
        else:
            checks.require(
                len(spans) + len(rest) <= 2 * checks.MAX_FIELDS, f"it holds more than {checks.MAX_FIELDS} parts"
            )
            key, position = checks.varint(raw, position, end)
            size, position = checks.field_extent(raw, position, end, key & 7)
            is_entry = key == _ENTRIES
        if is_entry:
            spans += (position, position + size)
        else:
            rest.append(raw[start : position + size])
        position += size
    bounds = np.asarray(spans, np.int64).reshape(-1, 2)
    checks.require(position == end, "its payload can't be parsed")
    return parse(b"".join(rest), pb.Distributions), bounds[:, 0].copy(), bounds[:, 1].copy()
