// Steps across: where a step's column lies in a picture, and which columns are not on any scale.

import { State } from "../api/types";
import { isNonFinite } from "./cells";

/** A lone step has no neighbour to share the width with. */
export const LONE_COLUMN_PX = 24;

export interface StepColumns {
  /** Left edge of column `index`, and at `index` = S the right edge of the last, in px from the picture's left. */
  edge(index: number): number;
  /** Where a step is: the middle of its column; between two samples between them. */
  x(step: number): number;
  /** Whether a step is among them. */
  holds(step: number): boolean;
  /** The column at a place, −1 beyond them. */
  indexAt(x: number): number;
}

/** Columns that meet halfway between neighbouring steps and fill `width`; a lone step gets 24 px. */
export function stepColumns(steps: ArrayLike<number>, width: number): StepColumns {
  const edges = edgesInSteps(steps);
  const low = edges[0] ?? 0;
  const high = edges.at(-1) ?? low + 1;
  const extent = steps.length === 1 ? Math.min(LONE_COLUMN_PX, width) : width;
  const place = (step: number) => ((Math.min(high, Math.max(low, step)) - low) / (high - low)) * extent;
  return {
    edge: (index) => place(edges[index] ?? low),
    x: place,
    holds: (step) => step >= low && step <= high,
    indexAt: (x) => (edges.length === 0 || x < 0 || x >= extent ? -1 : edges.findIndex((edge) => place(edge) > x) - 1),
  };
}

function edgesInSteps(steps: ArrayLike<number>): number[] {
  const count = steps.length;
  if (count === 0) return [];
  const at = (index: number) => steps[index] ?? 0;
  if (count === 1) return [at(0) - 0.5, at(0) + 0.5];
  const halves = Array.from({ length: count - 1 }, (_, index) => (at(index) + at(index + 1)) / 2);
  return [2 * at(0) - (halves[0] ?? 0), ...halves, 2 * at(count - 1) - (halves.at(-1) ?? 0)];
}

/** How a stretch of columns is drawn apart from its values. */
export type Mark = "onset" | "aftermath" | "infinite" | "zero" | "missing" | "frozen";

export interface Stretch {
  mark: Mark;
  /** First column, and the one after the last. */
  from: number;
  to: number;
}

/** Stretches of columns that are not plain finite numbers. The first NaN is the onset, what stays NaN its aftermath. */
export function stretchesOf(states: ArrayLike<number>): Stretch[] {
  const stretches: Stretch[] = [];
  for (let index = 0; index < states.length; index++) {
    const mark = markOf(states[index] ?? State.missing, index > 0 && states[index - 1] === State.nan);
    const open = stretches.at(-1);
    if (mark === null) continue;
    if (open && open.mark === mark && open.to === index) open.to = index + 1;
    else stretches.push({ mark, from: index, to: index + 1 });
  }
  return stretches;
}

function markOf(state: number, afterNan: boolean): Mark | null {
  if (state === State.nan) return afterNan ? "aftermath" : "onset";
  if (isNonFinite(state)) return "infinite";
  if (state === State.zero) return "zero";
  if (state === State.noGradient || state === State.frozen) return "frozen";
  return state === State.finite ? null : "missing";
}
