// The map of two runs at once: how one differs from the other, site by site and step by step.

import { State, type StatisticsAnswer } from "../../api/types";
import { isNonFinite } from "../../base/cells";
import { indexAtOrBefore } from "../../base/steps";
import type { RunData } from "./run_data";

/** What stands for a ratio to 0 or of 0: beyond the end of every scale. */
export const BEYOND = 38;

/** The first run's sites and steps; what only one of the two has is not measured. */
export function differenceOf(one: RunData, other: RunData): RunData {
  const compare = one.column.kind === "magnitude" || one.column.kind === "ratio" ? logRatio : difference;
  const kind = compare === logRatio ? "factor" : "signed";
  const words = `${one.place.run} against ${other.place.run}`;
  const column = { ...one.column, kind, formula: words } as const;
  return { ...one, column, cells: compared(one, other, compare) };
}

type Compare = (a: number, b: number) => number;

const difference: Compare = (a, b) => a - b;

const logRatio: Compare = (a, b) => {
  if (a === 0) return -BEYOND;
  return b === 0 ? BEYOND : Math.log10(a / b);
};

function compared(one: RunData, other: RunData, compare: Compare): StatisticsAnswer {
  const { steps } = one.cells;
  const count = one.sites.length;
  const values = new Float32Array(steps.length * count);
  const state = new Uint8Array(steps.length * count).fill(State.missing);
  const siteOf = new Map(other.sites.map(({ name }, index) => [name, index]));
  const counterparts = one.sites.map(({ name }) => siteOf.get(name) ?? -1);
  steps.forEach((step, row) => {
    const otherRow = rowAt(other.cells.steps, step, row > 0 ? (steps[row - 1] ?? step) : Number.NEGATIVE_INFINITY);
    if (otherRow < 0) return;
    counterparts.forEach((site, column) => {
      if (site < 0) return;
      const at = row * count + column;
      const otherAt = otherRow * other.sites.length + site;
      const states = [one.cells.state[at] ?? State.missing, other.cells.state[otherAt] ?? State.missing] as const;
      const joint = jointState(...states);
      state[at] = joint;
      if (joint !== State.finite) return;
      values[at] = compare(numberAt(one.cells, at), numberAt(other.cells, otherAt));
    });
  });
  const partial = one.cells.partial || other.cells.partial;
  return { ...one.cells, partial: partial === true, values, state };
}

/** A state of "exactly 0" has no number of its own in every column. */
function numberAt({ values, state }: StatisticsAnswer, at: number): number {
  return state[at] === State.zero ? 0 : (values[at] ?? Number.NaN);
}

/** The row of a step, or of the last one before it that lies after the step before. */
function rowAt(steps: ArrayLike<number>, step: number, before: number): number {
  const row = indexAtOrBefore(steps, step);
  const found = steps[row] ?? Number.POSITIVE_INFINITY;
  return found <= step && found > before ? row : -1;
}

function jointState(a: number, b: number): number {
  for (const state of [a, b]) if (isNonFinite(state)) return state;
  const isNumber = (state: number) => state === State.finite || state === State.zero;
  if (a === State.zero && b === State.zero) return State.zero;
  if (isNumber(a) && isNumber(b)) return State.finite;
  return isNumber(a) ? b : a;
}
