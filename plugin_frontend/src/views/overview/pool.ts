// Cells merged to what the screen can show: the larger value wins, what is not finite wins over all.

import { State, type StatisticsAnswer } from "../../api/types";

export interface Pooled {
  rows: number;
  columns: number;
  values: Float32Array;
  state: Uint8Array;
  /** What orders finite values: of two, the stronger one is kept. */
  strengths: Float32Array;
}

export interface Slots {
  /** The slot of each row or column. */
  slots: Int32Array;
  /** First pixel of each slot and the one after its last. */
  from: number[];
  to: number[];
}

/** Sums of sizes fall a hair short of the whole numbers that they mean. */
const pixel = (edge: number): number => Math.floor(edge + 1e-6);

/** Slots in device pixels, `starts` and `ends` ascending: what begins in the same pixel shares a slot. */
export function slotsOf(starts: ArrayLike<number>, ends: ArrayLike<number>): Slots {
  const slots = new Int32Array(starts.length);
  const from: number[] = [];
  const to: number[] = [];
  for (let i = 0; i < starts.length; i++) {
    const start = pixel(starts[i] ?? 0);
    if (start !== from.at(-1)) from.push(start);
    slots[i] = from.length - 1;
    to[from.length - 1] = Math.max(start + 1, pixel(ends[i] ?? 0));
  }
  return { slots, from, to };
}

const WEAKEST = Number.NEGATIVE_INFINITY;

/** Of two merged states the one with the higher rank is kept. */
const RANK = new Uint8Array(9);
RANK[State.missing] = 0;
RANK[State.unsupported] = 1;
RANK[State.frozen] = 2;
RANK[State.noGradient] = 3;
RANK[State.zero] = 4;
RANK[State.finite] = 5;
RANK[State.negInf] = 6;
RANK[State.posInf] = 7;
RANK[State.nan] = 8;

/**
 * Sites in the map's order merged to the rows of the screen, every step a column of its own; `strength` orders finite
 * values. One pass over all cells: done once for a layout, so that a zoom in steps need not look at every site again.
 */
export function poolRows(
  answer: StatisticsAnswer,
  sites: readonly number[],
  rowSlots: Slots,
  strength: (value: number) => number,
): Pooled {
  const columns = answer.steps.length;
  // Of the run: a stage may show only some of its sites.
  const count = answer.values.length / Math.max(1, columns);
  const pooled = emptyPool(rowSlots.from.length, columns);
  for (let row = 0; row < sites.length; row++) {
    const site = sites[row] ?? 0;
    const start = (rowSlots.slots[row] ?? 0) * columns;
    for (let column = 0; column < columns; column++) {
      const from = column * count + site;
      const to = start + column;
      const kind = answer.state[from] ?? State.missing;
      const value = answer.values[from] ?? 0;
      const force = kind === State.finite ? strength(value) : WEAKEST;
      if (!wins(kind, force, pooled, to)) continue;
      pooled.strengths[to] = force;
      pooled.values[to] = value;
      pooled.state[to] = kind;
    }
  }
  return pooled;
}

/** The columns of `rows` from `first` on, merged to those of the screen. Cost: a few ns for each cell of `rows`. */
export function poolColumns(rows: Pooled, first: number, columnSlots: Slots): Pooled & { winners: Int32Array } {
  const pooled = emptyPool(rows.rows, columnSlots.from.length);
  const winners = new Int32Array(pooled.values.length).fill(-1);
  const count = columnSlots.slots.length;
  for (let row = 0; row < rows.rows; row++) {
    const source = row * rows.columns + first;
    const target = row * pooled.columns;
    for (let column = 0; column < count; column++) {
      const from = source + column;
      const to = target + (columnSlots.slots[column] ?? 0);
      const kind = rows.state[from] ?? State.missing;
      const force = rows.strengths[from] ?? WEAKEST;
      if (!wins(kind, force, pooled, to)) continue;
      pooled.strengths[to] = force;
      pooled.values[to] = rows.values[from] ?? 0;
      pooled.state[to] = kind;
      winners[to] = from;
    }
  }
  return { ...pooled, winners };
}

/** A state of higher rank wins over what is there; of finite values the stronger one. */
function wins(kind: number, force: number, pooled: Pooled, at: number): boolean {
  const gain = (RANK[kind] ?? 0) - (RANK[pooled.state[at] ?? State.missing] ?? 0);
  return gain > 0 || (gain === 0 && force > (pooled.strengths[at] ?? WEAKEST));
}

function emptyPool(rows: number, columns: number): Pooled {
  const size = rows * columns;
  const state = new Uint8Array(size).fill(State.missing);
  return { rows, columns, values: new Float32Array(size), state, strengths: new Float32Array(size).fill(WEAKEST) };
}

export interface Run {
  row: number;
  /** First column and the one after the last. */
  from: number;
  to: number;
  state: number;
  /** Of NaN: whether it was NaN before. */
  isAftermath: boolean;
}

/** Stretches of equal states that have no colour on the scale; a NaN's first column is a stretch of its own. */
export function specialRuns({ rows, columns, state }: Pooled): Run[] {
  const runs: Run[] = [];
  for (let row = 0; row < rows; row++) {
    let open: Run | null = null;
    for (let column = 0; column < columns; column++) {
      const kind = state[row * columns + column] ?? State.missing;
      const isAftermath = kind === State.nan && column > 0 && state[row * columns + column - 1] === State.nan;
      if (open && open.state === kind && open.isAftermath === isAftermath) {
        open.to = column + 1;
        continue;
      }
      open = kind === State.finite ? null : { row, from: column, to: column + 1, state: kind, isAftermath };
      if (open) runs.push(open);
    }
  }
  return runs;
}
