// Where the drawing of the step rail is, as numbers.

import { stepTicks, type Tick } from "../base/ticks";
import type { StepAxis } from "./step_axis";

/** The box of the loss lines within the rail's 56 px. */
export const TRACK = { top: 9, bottom: 37 };
const PADDING = 3;
const TICK_DISTANCE = 110;

export interface Line {
  steps: ArrayLike<number>;
  values: ArrayLike<number>;
}

/** Smallest and largest finite value of all lines; null where there is none. */
export function finiteExtent(lines: readonly (Line | Pick<Line, "values">)[]): [low: number, high: number] | null {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { values } of lines) {
    for (let i = 0; i < values.length; i++) {
      const value = values[i] ?? Number.NaN;
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return low <= high ? [low, high] : null;
}

interface Box {
  top: number;
  bottom: number;
}

/**
 * An SVG path of a line in the box; what is not finite, or lies outside the axis, breaks it.
 * `place` gives 0 (bottom) to 1 (top).
 */
export function linePath(line: Line, axis: StepAxis, place: (value: number) => number, box: Box = TRACK): string {
  const height = box.bottom - box.top - 2 * PADDING;
  let path = "";
  let isDown = false;
  for (let i = 0; i < line.steps.length; i++) {
    const x = axis.x(line.steps[i] ?? Number.NaN);
    const y = box.bottom - PADDING - place(line.values[i] ?? Number.NaN) * height;
    const isIn = Number.isFinite(y) && x >= axis.left && x <= axis.right;
    if (isIn) path += `${isDown ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    isDown = isIn;
  }
  return path;
}

const LEAST_SPREAD = 0.05;

/** The extent, widened about its middle to a twentieth of that: what hardly changes is drawn as what hardly changes. */
export function spread([low, high]: readonly [number, number]): [low: number, high: number] {
  const middle = (low + high) / 2;
  const half = Math.max(high - low, Math.abs(middle) * LEAST_SPREAD) / 2 || 1;
  return [middle - half, middle + half];
}

/** Linear from the lowest to the highest value; a constant is drawn in the middle; NaN has no place. */
export function linearPlace(extent: readonly [number, number]): (value: number) => number {
  const [low, high] = spread(extent);
  return (value) => (value - low) / (high - low);
}

/** The step from which on the line has no finite value; null if its last value is finite, or none is. */
export function endOfFinite({ steps, values }: Line): number | null {
  let last = values.length - 1;
  while (last >= 0 && !Number.isFinite(values[last])) last -= 1;
  return last < 0 || last === values.length - 1 ? null : (steps[last + 1] ?? null);
}

/** Ticks at the rail's foot: round steps, the first and the last, none under the pill. */
export function railTicks(axis: StepAxis, now: number | null): Tick[] {
  const first = axis.steps[0];
  const last = axis.steps.at(-1);
  if (first === undefined || last === undefined || first === last) return [];
  const count = Math.max(1, Math.floor((axis.right - axis.left) / TICK_DISTANCE));
  const pill = now === null ? Number.NaN : axis.x(now);
  return stepTicks(first, last, count)
    .map((value) => ({ value, label: value.toLocaleString("en-US"), position: axis.x(value) }))
    .filter(({ position, label }) => !(Math.abs(position - pill) < (pillWidth(label) + pillWidth(String(now))) / 2));
}

/** Of the pill that holds a text; digits of the 11 px type are about 6.5 px wide. */
export function pillWidth(text: string): number {
  return Math.max(30, text.length * 6.5 + 18);
}
