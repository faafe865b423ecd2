// The value under the pointer or the crosshair as an expression, and how it stands in its row.

import { formatCount, formatFloat, formatNumber } from "../../base/format";
import { position, type Slice } from "./slice";
import type { SliceMapProps } from "./slice_map";
import { readCell } from "./state";

export function PointedValue({ tensor, picks, slice }: SliceMapProps) {
  const at = readCell(slice);
  const value = slice.values[at.row * slice.columns + at.column] ?? Number.NaN;
  const { sum, rank, finite } = rowOf(slice, at.row, value);
  const where = picks.index.length === 0 ? tensor.name : `[${position(picks, at.row, at.column).join(", ")}]`;
  const isOneOfMany = rank !== null && slice.columns > 1;
  return (
    <p class="pointed-value">
      <strong>
        {where} = {formatFloat(value)}
      </strong>
      {isOneOfMany &&
        `, rank ${formatCount(rank)} of ${formatCount(finite)} in its row, which sums to ${formatNumber(sum)}`}
    </p>
  );
}

/** Sum of a row's finite values, how many there are, and the value's rank among them from the largest; null: it has none. */
export function rowOf(slice: Slice, row: number, value: number): { sum: number; rank: number | null; finite: number } {
  const values = slice.values.subarray(row * slice.columns, (row + 1) * slice.columns).filter(Number.isFinite);
  const sum = values.reduce((total, each) => total + each, 0);
  const rank = Number.isFinite(value) ? 1 + values.filter((each) => each > value).length : null;
  return { sum, rank, finite: values.length };
}
