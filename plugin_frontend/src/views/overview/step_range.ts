// The steps that the map and its tracks show: all, or a range that the reader has zoomed to.

import type { StatisticsAnswer } from "../../api/types";
import { indexAtOrBefore } from "../../base/steps";

/** First and last step, both included. */
export type StepRange = readonly [from: number, to: number];

/** A picture of fewer columns says nothing of a course. */
const FEWEST_COLUMNS = 4;

/** First index of a range, and the one after its last; all where no step lies in it. */
export function indicesIn(steps: ArrayLike<number>, range: StepRange | null): [start: number, end: number] {
  if (!range) return [0, steps.length];
  const [from, to] = range.map((step) => indexAtOrBefore(steps, step)) as [number, number];
  const start = (steps[from] ?? 0) < range[0] ? from + 1 : from;
  const end = (steps[to] ?? 0) > range[1] ? to : to + 1;
  return start < end ? [start, end] : [0, steps.length];
}

/** The part of an answer in a range, as views of the same arrays; all of it where no step lies in the range. */
export function within<T extends StatisticsAnswer>(answer: T, range: StepRange | null): T {
  const [start, end] = indicesIn(answer.steps, range);
  if (start === 0 && end === answer.steps.length) return answer;
  const count = answer.values.length / answer.steps.length;
  return {
    ...answer,
    steps: answer.steps.subarray(start, end),
    values: answer.values.subarray(start * count, end * count),
    state: answer.state.subarray(start * count, end * count),
  };
}

/** The range with its width multiplied, `about` staying where it is; null: everything. */
export function zoomed(
  steps: ArrayLike<number>,
  range: StepRange | null,
  about: number,
  factor: number,
): StepRange | null {
  const [start, end] = indicesIn(steps, range);
  const width = Math.max(Math.min(FEWEST_COLUMNS, steps.length), rounded((end - start) * factor, factor));
  const anchor = Math.min(end - 1, Math.max(start, indexAtOrBefore(steps, about)));
  const share = (anchor - start) / Math.max(1, end - 1 - start);
  return rangeOf(steps, Math.round(anchor - share * (width - 1)), width);
}

/** Every turn changes something, also of a few columns. */
function rounded(width: number, factor: number): number {
  return factor < 1 ? Math.floor(width) : Math.ceil(width);
}

/** The range moved by a share of its width. */
export function panned(steps: ArrayLike<number>, range: StepRange, share: number): StepRange | null {
  const [start, end] = indicesIn(steps, range);
  const width = end - start;
  return rangeOf(steps, start + Math.sign(share) * Math.max(1, Math.round(Math.abs(share) * width)), width);
}

function rangeOf(steps: ArrayLike<number>, wantedStart: number, width: number): StepRange | null {
  if (width >= steps.length) return null;
  const start = Math.min(Math.max(0, wantedStart), steps.length - width);
  return [steps[start] ?? 0, steps[start + width - 1] ?? 0];
}
