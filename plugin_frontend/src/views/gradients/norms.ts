// Gradient norms of all sites at all steps, and how they read.

import type { StatisticsAnswer } from "../../api/types";
import { State } from "../../api/types";
import { type Decades, decadeRange, magnitudeExtent, unionRange } from "../../base/colour_scale";
import { formatNumber } from "../../base/format";
import { indexAtOrBefore } from "../../base/steps";

/** A run's norms. */
export interface RunNorms {
  run: string;
  colour: string;
  answer: StatisticsAnswer;
  /** Column of each site. */
  columns: ReadonlyMap<string, number>;
  /** Values of each site, by column, where its number is a mean over them. */
  counts?: readonly number[];
}

export interface Norm {
  value: number;
  state: number;
}

const NOT_MEASURED: Norm = { value: Number.NaN, state: State.missing };

export function normAt(runs: RunNorms, site: string, step: number): Norm {
  return cellAt(runs, runs.columns.get(site), indexAtOrBefore(runs.answer.steps, step));
}

/** The norms of one site over the steps. */
export function normSeries(runs: RunNorms, site: string): Norm[] {
  const column = runs.columns.get(site);
  return Array.from(runs.answer.steps, (_, row) => cellAt(runs, column, row));
}

function cellAt({ answer, columns }: RunNorms, column: number | undefined, row: number): Norm {
  if (column === undefined || row < 0) return NOT_MEASURED;
  const cell = row * columns.size + column;
  return { value: answer.values[cell] ?? Number.NaN, state: answer.state[cell] ?? State.missing };
}

/** "276", "0", "+Inf", "NaN", "no gradient": the state comes first. */
export function normWords({ value, state }: Norm): string {
  const words: Record<number, string> = {
    [State.zero]: "0",
    [State.posInf]: "+Inf",
    [State.negInf]: "−Inf",
    [State.nan]: "NaN",
    [State.noGradient]: "no grad",
    [State.frozen]: "frozen",
    [State.unsupported]: "–",
    [State.missing]: "–",
  };
  return words[state] ?? formatNumber(value);
}

/** The decades of all steps and runs, so that it doesn't move with the step; the largest norm is always inside. */
export function normRange(runs: readonly RunNorms[]): Decades {
  const range = runs.map(({ answer }) => decadeRange(answer.values)).reduce(unionRange, null);
  const tops = runs.map(({ answer }) => decadeRange([magnitudeExtent(answer.values).max ?? 0]));
  const [low, high] = [range, ...tops].reduce(unionRange, null) ?? [1e-3, 1];
  return [low, high];
}

/** Median of the finite norms of the steps before one. NaN: there is none. */
export function medianBefore(runs: RunNorms, site: string, step: number): number {
  const earlier = normSeries(runs, site).filter(
    ({ value, state }, index) =>
      (runs.answer.steps[index] ?? 0) < step && state === State.finite && Number.isFinite(value),
  );
  const values = earlier.map(({ value }) => value).sort((a, b) => a - b);
  return values[Math.floor(values.length / 2)] ?? Number.NaN;
}
