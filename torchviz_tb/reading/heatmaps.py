"""Heatmaps: the cells of one parameter's gradient, decoded from their bytes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from torchviz_tb.reading import checks
from torchviz_tb.records import records_pb2 as pb

Float32s = npt.NDArray[np.float32]
Int64s = npt.NDArray[np.int64]
Range = tuple[int, int]

MAX_CELLS = 2**22
MAX_LINES = 1024
"""Row and column maxima that are kept at most: ``row_max`` in records.proto."""
_INF_CODE, _NAN_CODE = 254, 255
_CODES = np.arange(1, 254)

LOWEST_DECADE, DECADES = -46, 85
"""Every finite float32 that is not 0 lies above the lowest power of ten, and below that of so many decades more."""


@dataclass(frozen=True, eq=False)
class Heatmap:
    """A tensor seen as output × input, reduced to cells; ``Heatmap`` in records.proto defines them.

    ``abs_max`` and ``mean`` are float32 [cell_rows, cell_columns], ``row_max`` and ``column_max``
    float32 [at most 1024]. ``dead_rows`` and ``dead_columns`` are (start, length) ranges.
    """

    stage: str
    rows: int
    columns: int
    abs_max: Float32s
    mean: Float32s
    row_max: Float32s
    column_max: Float32s
    dead_rows: tuple[Range, ...]
    dead_columns: tuple[Range, ...]
    max_error: float
    """Largest relative error of ``abs_max`` that its stored form allows."""

    @classmethod
    def from_record(cls, record: pb.Heatmap) -> "Heatmap":
        """Raises DamagedRecord where sizes don't fit each other."""
        shape = _cell_shape(record)
        cells = shape[0] * shape[1]
        sign = np.where(_bits(record.mean_negative, cells), -1, 1).astype(np.float32)
        return cls(
            stage=checks.stage_name(record.stage) or "",
            rows=record.rows,
            columns=record.columns,
            abs_max=_magnitudes(record.abs_max, cells).reshape(shape),
            mean=(sign * _magnitudes(record.mean_magnitude, cells)).reshape(shape),
            row_max=_magnitudes(record.row_max, min(record.rows, MAX_LINES)),
            column_max=_magnitudes(record.column_max, min(record.columns, MAX_LINES)),
            dead_rows=_ranges(record.dead_rows, record.rows),
            dead_columns=_ranges(record.dead_columns, record.columns),
            max_error=math.expm1(_log_span(record.abs_max) / 504),
        )


@dataclass(frozen=True, eq=False)
class Heatmaps:
    """One record: heatmaps by site (index in the record's table), decoded one by one."""

    site_count: int
    sites_checksum: int
    entries: Mapping[tuple[str, int], pb.Heatmap]

    @property
    def memory(self) -> int:
        """Bytes that it takes: cells are kept as they are stored, the ends of dead lines as numbers of eight bytes."""
        lines = sum(len(each.dead_rows) + len(each.dead_columns) for each in self.entries.values())
        return sum(each.ByteSize() + 1024 for each in self.entries.values()) + 16 * lines

    @classmethod
    def from_record(cls, record: pb.Heatmaps) -> "Heatmaps":
        """Checks which sites there are; a heatmap is checked when it is asked for."""
        count = checks.site_count(record.site_count)
        checks.indices((heatmap.site for heatmap in record.heatmaps), count, "site")
        entries: dict[tuple[str, int], pb.Heatmap] = {}
        for heatmap in record.heatmaps:
            stage = checks.stage_name(heatmap.stage)
            if stage is not None:
                entries[stage, heatmap.site] = heatmap
        return cls(count, record.sites_checksum, entries)

    def heatmap(self, stage: str, site: int) -> Heatmap | None:
        """One heatmap; None where there is none. Raises DamagedRecord."""
        record = self.entries.get((stage, site))
        return None if record is None else Heatmap.from_record(record)


def decade_counts(record: pb.Heatmap) -> Int64s:
    """How many cells of ``abs_max``, and of the magnitude of ``mean``, lie in each decade: [2, DECADES].

    Zeros and what is not finite are left out. Raises DamagedRecord. Costs a fraction of decoding: bytes are counted.
    """
    rows, columns = _cell_shape(record)
    return np.stack([_decades(each, rows * columns) for each in (record.abs_max, record.mean_magnitude)])


def _cell_shape(record: pb.Heatmap) -> tuple[int, int]:
    shape = (record.cell_rows, record.cell_columns)
    possible = (
        max(record.rows, record.columns) <= checks.MAX_DIMENSION
        and shape[0] <= record.rows
        and shape[1] <= record.columns
        and shape[0] * shape[1] <= MAX_CELLS
    )
    checks.require(possible, "the cells of a heatmap are impossible")
    return shape


def _magnitudes(record: pb.LogBytes, count: int) -> Float32s:
    codes, span = _codes(record, count), _log_span(record)
    table = np.zeros(256)
    if record.low == 0:
        ordinary = (codes > 0) & (codes < _INF_CODE)
        checks.require(not ordinary.any(), "a heatmap has magnitudes and no scale")
    else:
        table[_CODES] = np.exp(_log_table(record.low, span))
    table[_INF_CODE], table[_NAN_CODE] = np.inf, np.nan
    with np.errstate(over="ignore"):  # float64 magnitudes beyond float32 are shown as infinite
        return table.astype(np.float32)[codes]


def _decades(record: pb.LogBytes, count: int) -> Int64s:
    cells, span = np.bincount(_codes(record, count), minlength=256)[_CODES], _log_span(record)
    if record.low == 0:
        return np.zeros(DECADES, np.int64)
    # Powers of ten are kept only nearly; they begin their decade.
    decade = np.floor(_log_table(record.low, span) / math.log(10) + 1e-6).astype(np.int64) - LOWEST_DECADE
    known = (decade >= 0) & (decade < DECADES)
    return np.bincount(decade[known], cells[known], DECADES).astype(np.int64)


def _codes(record: pb.LogBytes, count: int) -> npt.NDArray[np.uint8]:
    checks.require(len(record.codes) == count, lambda: f"a heatmap has {len(record.codes)} codes for {count} cells")
    return np.frombuffer(record.codes, np.uint8)


def _log_table(low: float, span: float) -> npt.NDArray[np.float64]:
    """Natural logarithms of what the ordinary codes stand for."""
    return math.log(low) + span * (_CODES - 1) / 252


def _log_span(record: pb.LogBytes) -> float:
    """Natural logarithm of high / low."""
    scale_is_sound = record.low == record.high == 0 or 0 < record.low <= record.high < math.inf
    checks.require(scale_is_sound, "the scale of a heatmap is impossible")
    return math.log(record.high) - math.log(record.low) if record.low else 0.0


def _bits(data: bytes, count: int) -> npt.NDArray[np.uint8]:
    checks.require(len(data) == (count + 7) // 8, "a heatmap has not one sign for each cell")
    return np.unpackbits(np.frombuffer(data, np.uint8), count=count, bitorder="little")


def _ranges(numbers: Sequence[int], size: int) -> tuple[Range, ...]:
    """Pairs of gap and length as pairs of start and length."""
    checks.require(len(numbers) % 2 == 0, "the dead lines of a heatmap are not pairs")
    end = 0
    found = []
    for gap, length in zip(numbers[::2], numbers[1::2], strict=True):
        found.append((end + gap, length))
        end += gap + length
        checks.require(end <= size, "a dead line of a heatmap is outside it")
    return tuple(found)
