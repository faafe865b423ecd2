// Cells merged to what the screen can show: the larger value wins, what is not finite wins over all.

import { State, type StatisticsAnswer } from "../../api/types";

export interface Pooled {
  rows: number;
  columns: number;
  values: Float32Array;
  state: Uint8Array;
  /** Of two cells that are merged, that of the higher order is kept. */
  order: Float64Array;
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

/** Of two merged states the one with the higher order is kept; that of finite values, which lies between, is their own. */
const ORDER = new Float64Array(9);
ORDER[State.missing] = -5e300;
ORDER[State.unsupported] = -4e300;
ORDER[State.frozen] = -3e300;
ORDER[State.noGradient] = -2e300;
ORDER[State.zero] = -1e300;
ORDER[State.negInf] = 1e300;
ORDER[State.posInf] = 2e300;
ORDER[State.nan] = 3e300;

/** Where a cell stands in that order; `strength` orders finite values. */
export function rankOf(kind: number, value: number, strength: (value: number) => number): number {
  return kind === State.finite ? strength(value) : (ORDER[kind] ?? 0);
}

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
      const rank = rankOf(kind, value, strength);
      if (!(rank > (pooled.order[to] ?? 0))) continue;
      pooled.order[to] = rank;
      pooled.values[to] = value;
      pooled.state[to] = kind;
    }
  }
  return pooled;
}

/**
 * For each column of the screen, row by row, which of the cells of `rows` it shows: that of the highest order among the
 * columns of its slot, the first of which is `first`: written into `room`, of which that part is returned. Cost: a ns or
 * two a cell.
 */
export function poolColumns(rows: Pooled, first: number, { slots, from }: Slots, room: Int32Array): Int32Array {
  const winners = room.subarray(0, rows.rows * from.length);
  for (let row = 0; row < rows.rows; row++) {
    poolRow(rows.order, row * rows.columns + first, slots, winners, row * from.length);
  }
  return winners;
}

/** A row is a call, and knows of arrays alone: after one picture the browser has compiled it for good. */
function poolRow(order: Float64Array, source: number, slots: Int32Array, winners: Int32Array, target: number): void {
  let open = -1;
  let best = 0;
  for (let column = 0; column < slots.length; column++) {
    const slot = slots[column] ?? 0;
    const rank = order[source + column] ?? 0;
    if (slot === open && rank <= best) continue;
    open = slot;
    best = rank;
    winners[target + slot] = source + column;
  }
}

function emptyPool(rows: number, columns: number): Pooled {
  const size = rows * columns;
  const state = new Uint8Array(size).fill(State.missing);
  const order = new Float64Array(size).fill(ORDER[State.missing] ?? 0);
  return { rows, columns, values: new Float32Array(size), state, order };
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
export function specialRuns(state: Uint8Array, columns: number): Run[] {
  const runs: Run[] = [];
  for (let row = 0; row * columns < state.length; row++) {
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
