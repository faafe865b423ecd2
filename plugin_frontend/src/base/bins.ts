// Exact histograms of variable bins, as they are drawn. A bin's count is spread evenly over the bin's own width on the
// value axis, so a picture never shows more resolution than the record has. Exact zeros are kept apart: they are a
// spike at 0, not a density.

import { type Axis, linearAxis, logAxis, symlogAxis } from "./axis";
import { partition } from "./steps";

/** S steps, each with bins of its own, as in the answer of the route `distributions`. */
export interface Bins {
  steps: Float64Array;
  /** Step i has the bins from starts[i] up to, not with, starts[i + 1]. */
  starts: Int32Array;
  lower: Float64Array;
  upper: Float64Array;
  counts: Float64Array;
  zeros: Float64Array;
}

export type ValueScale = "linear" | "symlog" | "log";

/** Below this share of the non-zero values a symlog axis is linear. */
const LINEAR_SHARE = 0.1;
const SMALLEST_THRESHOLD = 1e-30;

/**
 * One axis for the values of several histograms: all that any step holds, and 0 where there are zeros. A logarithmic
 * one is for magnitudes; 0 is at its start.
 */
export function valueAxis(all: readonly Bins[], scale: ValueScale): Axis {
  if (scale === "log") return magnitudeAxis(all);
  const [low, high] = extent(all);
  return scale === "linear" ? linearAxis(low, high) : symlogAxis(low, high, threshold(all, Math.max(-low, high)));
}

function magnitudeAxis(all: readonly Bins[]): Axis {
  let low = Number.POSITIVE_INFINITY;
  for (const { lower, upper } of all)
    low = lower.reduce((least, edge, bin) => Math.min(least, edge || (upper[bin] ?? least)), low);
  const axis = Number.isFinite(low) ? logAxis(low, extent(all)[1]) : logAxis(1, 10);
  return { ...axis, position: (value) => Math.max(0, axis.position(value)) };
}

function extent(all: readonly Bins[]): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { lower, upper, zeros } of all) {
    low = lower.reduce((least, edge) => Math.min(least, edge), low);
    high = upper.reduce((most, edge) => Math.max(most, edge), high);
    if (zeros.some((count) => count > 0)) [low, high] = [Math.min(low, 0), Math.max(high, 0)];
  }
  return low <= high ? [low, high] : [-1, 1];
}

/** The power of ten below whose decade's end a tenth of the non-zero values lies, over all steps. */
function threshold(all: readonly Bins[], largest: number): number {
  const decades = new Map<number, number>();
  for (const { lower, upper, counts } of all) {
    counts.forEach((count, bin) => {
      const decade = Math.floor(Math.log10(Math.max(upper[bin] ?? 0, -(lower[bin] ?? 0))));
      decades.set(decade, (decades.get(decade) ?? 0) + count);
    });
  }
  const sorted = [...decades].sort(([a], [b]) => a - b);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  const reached = sorted.find(([, count]) => {
    seen += count;
    return seen >= total * LINEAR_SHARE;
  });
  const decade = reached?.[0] ?? Math.floor(Math.log10(largest || 1));
  return Math.max(10 ** decade, SMALLEST_THRESHOLD);
}

/** The bins of a step: from the first up to, not with, the second. */
export function binRange({ starts }: Bins, step: number): [number, number] {
  return [starts[step] ?? 0, starts[step + 1] ?? 0];
}

/** Where each bin lies on an axis of `rows` equal rows; row 0 is at the axis' start. */
interface Placement {
  axis: Axis;
  rows: number;
  /** Edges of the bins in rows, fractional, within 0 and `rows`. */
  from: Float64Array;
  to: Float64Array;
}

/** The last of each answer: a picture is painted anew for each move of the pointer, and bins stay where they are. */
const placed = new WeakMap<Bins, Placement>();

export function placeBins(bins: Bins, axis: Axis, rows: number): Placement {
  const known = placed.get(bins);
  if (known?.axis === axis && known.rows === rows) return known;
  const row = (value: number) => Math.min(rows, Math.max(0, axis.position(value) * rows));
  const placement = { axis, rows, from: Float64Array.from(bins.lower, row), to: Float64Array.from(bins.upper, row) };
  placed.set(bins, placement);
  return placement;
}

/**
 * The density of one step in each row: the share of the step's finite values (zeros included in the whole, not in the
 * rows) per row. The rows sum to the share of the non-zero values.
 */
export function profile(bins: Bins, step: number, placement: Placement): Float64Array {
  const density = new Float64Array(placement.rows);
  const total = finiteCount(bins, step);
  if (total === 0) return density;
  const [first, end] = binRange(bins, step);
  for (let bin = first; bin < end; bin++) {
    spread(density, (bins.counts[bin] ?? 0) / total, placement.from[bin] ?? 0, placement.to[bin] ?? 0);
  }
  return density;
}

/** How many finite values a step has, zeros included. */
export function finiteCount(bins: Bins, step: number): number {
  const counts = bins.counts.subarray(...binRange(bins, step));
  return counts.reduce((sum, count) => sum + count, bins.zeros[step] ?? 0);
}

/** Which share of a step's finite values is exactly 0. */
export function zeroShare(bins: Bins, step: number): number {
  return (bins.zeros[step] ?? 0) / Math.max(1, finiteCount(bins, step));
}

function spread(density: Float64Array, share: number, from: number, to: number): void {
  const first = Math.min(Math.floor(from), density.length - 1);
  const last = Math.min(Math.max(Math.ceil(to) - 1, first), density.length - 1);
  if (first === last || to - from < 1e-9) {
    density[first] = (density[first] ?? 0) + share;
    return;
  }
  for (let row = first; row <= last; row++) {
    const overlap = Math.min(to, row + 1) - Math.max(from, row);
    density[row] = (density[row] ?? 0) + (share * overlap) / (to - from);
  }
}

/** All steps' profiles, S × rows, each relative to its own step's peak: 0 nothing, 1 the peak. */
export function densityImage(bins: Bins, axis: Axis, rows: number): Float32Array {
  const placement = placeBins(bins, axis, rows);
  const image = new Float32Array(bins.steps.length * rows);
  bins.steps.forEach((_, step) => {
    const column = profile(bins, step, placement);
    const peak = column.reduce((a, b) => Math.max(a, b), 0);
    if (peak > 0)
      image.set(
        column.map((density) => density / peak),
        step * rows,
      );
  });
  return image;
}

/** The bin of a step that holds a value; −1: none does. */
export function binAt(bins: Bins, step: number, value: number): number {
  const [first, end] = binRange(bins, step);
  const low = first + partition(end - first, (index) => (bins.upper[first + index] ?? 0) <= value);
  return low < end && (bins.lower[low] ?? 0) <= value ? low : -1;
}

/** At most `most` indices of steps, evenly apart, the last one always among them. */
export function thinned(length: number, most: number): number[] {
  const stride = Math.max(1, Math.ceil(length / most));
  const indices = [];
  for (let index = length - 1; index >= 0; index -= stride) indices.unshift(index);
  return indices;
}
