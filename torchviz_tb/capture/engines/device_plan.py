"""Which parts are looked at again, and how their elements fall into cells; all of it decided on the device.

A part is looked at again where its table is too coarse by the rule of ``histograms.are_too_coarse``. Its elements
share a slot of 2^16 cells, by one of two ways, whichever tells more bits of the patterns apart:

- *prefix by prefix*: each occupied entry of the table gets as many cells, which tell its further bits apart;
- *a window*: cells of one width from the least magnitude to the greatest, for each sign. For one or two narrow
  peaks, such as N(1, 1e-5) or ±N(1, 1e-5).

Either way an element's cell is ``starts[its entry] + (what the table leaves of its pattern >> shift)``.
"""

from dataclasses import dataclass

import torch

from torchviz_tb.capture.engines.device_layout import CELLS, KEYS, REST_BITS, Buffer, Counts, Layout
from torchviz_tb.capture.histograms import FEWEST_BINS, USUAL_BITS
from torchviz_tb.capture.transfer import to_device
from torchviz_tb.records.grid import BINADES, TOP_EXPONENT

_CELL_BITS = CELLS.bit_length() - 1
_SIGN = KEYS // 2
_HIGHEST_BITS = KEYS.bit_length()  # an entry number has fewer


@dataclass(frozen=True)
class Plan:
    """How to count once more; the last slot is for all that need not be."""

    slot_of_part: torch.Tensor  # int32 [parts]
    starts: torch.Tensor  # int32 [slots + 1, KEYS]
    shifts: torch.Tensor  # int32 [slots + 1]


def plan(layout: Layout, buffer: Buffer) -> Plan:
    """The plan for what a first pass has counted; takes the zeros out of the tables, and notes the choices."""
    tables = buffer["tables"]
    piece_counts, parts = buffer["counts"], len(layout.parts)
    owner = to_device(layout.part_of_piece, tables.device)
    zeros = torch.zeros(parts, 2, dtype=torch.int64, device=tables.device)
    zeros.index_add_(0, owner, piece_counts[:, Counts.ZEROS : Counts.MINUS_ZEROS + 1])
    tables[:, 0] -= (zeros[:, 0] - zeros[:, 1]).to(torch.int32)
    tables[:, _SIGN] -= zeros[:, 1].to(torch.int32)
    low = _of_parts(piece_counts[:, Counts.LOWEST], owner, parts, "amin")
    high = _of_parts(piece_counts[:, Counts.HIGHEST], owner, parts, "amax")
    again = _are_too_coarse(tables) & (low < high)
    slots = torch.where(again, again.cumsum(0) - 1, layout.slots).clamp_(max=layout.slots)
    part = torch.zeros(layout.slots + 1, dtype=torch.int64, device=tables.device)
    part.scatter_(0, slots, torch.arange(parts, device=tables.device))
    starts, shifts, choices = _cells(tables[part], low[part], high[part])
    used = torch.arange(layout.slots + 1, device=tables.device) < again.sum()
    buffer["choices"].copy_(torch.stack([part, used.to(torch.int64), *choices], dim=1)[: layout.slots])
    return Plan(slots.to(torch.int32), starts, shifts)


def _of_parts(pieces: torch.Tensor, owner: torch.Tensor, parts: int, how: str) -> torch.Tensor:
    return pieces.new_zeros(parts).scatter_reduce_(0, owner, pieces, how, include_self=False)


def _are_too_coarse(tables: torch.Tensor) -> torch.Tensor:
    """For each part (bool); the same as ``are_too_coarse`` says on the host."""
    finite = tables.view(-1, 2, BINADES, 1 << USUAL_BITS)[:, :, : TOP_EXPONENT + 1]
    mass = finite.sum((1, 3), dtype=torch.int64)
    below, total = mass.cumsum(1) - mass, mass.sum(1)
    quarter = (below * 4 <= total[:, None]).sum(1) - 1
    sixteenth = (below * 16 <= total[:, None]).sum(1) - 1
    taper = torch.minimum(quarter, sixteenth + 3).clamp_(max=TOP_EXPONENT)
    exponents = torch.arange(TOP_EXPONENT + 1, device=tables.device)
    lost = (taper[:, None] - exponents).clamp_(0, USUAL_BITS)
    occupied = finite > 0
    entries, bins = occupied.sum((1, 2, 3)), occupied.sum((1, 3))
    for bits in range(1, USUAL_BITS + 1):
        occupied = occupied.unflatten(3, (-1, 2)).any(4)  # neighbours that a lost bit joins
        bins = torch.where(lost >= bits, occupied.sum((1, 3)), bins)
    return ((bins.sum(1) < FEWEST_BINS) | (entries <= FEWEST_BINS)) & (entries > 0)


def _cells(
    tables: torch.Tensor, low: torch.Tensor, high: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, list[torch.Tensor]]:
    """For parts with these tables and magnitudes: starts, shifts, and the further columns of a Choice."""
    keys = torch.arange(KEYS, device=tables.device)
    occupied = (tables > 0) & (keys % _SIGN < (TOP_EXPONENT + 1) << USUAL_BITS)
    numbers = occupied.cumsum(1) - 1
    powers = 1 << torch.arange(_HIGHEST_BITS, device=tables.device)
    by_prefix = (powers <= numbers[:, -1:]).sum(1) + (REST_BITS - _CELL_BITS)  # bits of the highest number
    both = occupied[:, :_SIGN].any(1) & occupied[:, _SIGN:].any(1)
    shifts = torch.arange(REST_BITS + 1, device=tables.device)
    sizes = ((high[:, None] >> shifts) - (low[:, None] >> shifts) + 1) * (1 + both[:, None].to(torch.int64))
    by_window = (sizes > CELLS).sum(1)
    is_window = by_window <= by_prefix
    shift = torch.minimum(by_window, by_prefix)
    base = low >> shift
    half = torch.where(both, (high >> shift) - base + 1, 0)
    window = (((keys % _SIGN) << REST_BITS) >> shift[:, None]) - base[:, None] + half[:, None] * (keys >= _SIGN)
    starts = torch.where(is_window[:, None], window, numbers << (REST_BITS - shift[:, None]))
    return starts.to(torch.int32), shift.to(torch.int32), [shift, is_window.to(torch.int64), base, half]
