// What the Tensors view shows: which tensor, which slice, how. It outlives a change of tab, and a link keeps it.

import type { TensorViewEntry, TensorViewsAnswer } from "../../api/types";
import { computed, signal } from "../../base/signals";
import { kept, keptWord } from "../../store/kept";
import { currentStep, shownRun } from "../../store/selection";
import { type Picks, parsePicks, picksText, type Slice } from "./slice";

export interface Cell {
  row: number;
  column: number;
}

export type Drawing = "map" | "values" | "image";

/** Group of the chosen tensor; empty: the first of the list. */
export const chosen = kept("tensor", "", String, String);
export const filter = kept("tensors", "", String, String);
/** "auto": an image where the tensor is one, else a map. */
export const drawing = keptWord<Drawing | "auto">("draw", ["auto", "map", "values", "image"]);
/** Picks of the newest tensor looked at; null: its default ones. */
export const picks = kept<Picks | null>("slice", null, (value) => (value ? picksText(value) : ""), parsePicks);
/** Row and column under the crosshair; null: none. */
export const crosshair = kept<Cell | null>(
  "cell",
  null,
  (cell) => (cell ? `${cell.row}.${cell.column}` : ""),
  (text) => {
    const [row = Number.NaN, column = Number.NaN] = text.split(".").map(Number);
    return row >= 0 && column >= 0 ? { row, column } : undefined;
  },
);
/** Row and column under the pointer; null: it is elsewhere. */
export const pointed = signal<Cell | null>(null);

/** The run whose list is asked for. */
export const listKey = computed(() => shownRun.value?.name ?? null);

export function chosenEntry(answer: TensorViewsAnswer | null): TensorViewEntry | null {
  const entries = answer?.tensor_views ?? [];
  return entries.find((entry) => entry.group === chosen.value) ?? entries[0] ?? null;
}

/** The saved step that is shown: the last one not after the rail's, else the first. */
export function stepOf({ steps }: TensorViewEntry): number {
  const now = currentStep.value;
  return steps.findLast((step) => now === null || step <= now) ?? steps[0] ?? 0;
}

/** The cell that is read out: under the pointer, else under the crosshair, else the first. */
export function readCell(slice: Slice): Cell {
  const { row, column } = pointed.value ?? crosshair.value ?? { row: 0, column: 0 };
  return { row: Math.min(row, slice.rows - 1), column: Math.min(column, slice.columns - 1) };
}
