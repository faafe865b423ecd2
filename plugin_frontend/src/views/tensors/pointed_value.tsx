// The value under the crosshair as an expression, and how it stands in its row.

import { formatCount, formatExact, formatNumber } from "../../base/format";
import { position, type Slice } from "./slice";
import type { SliceMapProps } from "./slice_map";
import { crosshair } from "./state";

export function PointedValue({ tensor, picks, slice }: SliceMapProps) {
  const at = crosshair.value;
  if (!at || slice.values.length === 0) return null;
  const value = slice.values[at.row * slice.columns + at.column] ?? Number.NaN;
  const { sum, rank, finite } = rowOf(slice, at.row, value);
  const place = rank === null ? "" : `, rank ${formatCount(rank)} of ${formatCount(finite)} in its row`;
  return (
    <p class="pointed-value">
      <strong>
        [{position(picks, at.row, at.column).join(", ")}] = {formatExact(Number(value.toPrecision(8)))}
      </strong>{" "}
      at step {tensor.step}
      {place}, which sums to {formatNumber(sum)}
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
