// What the Tensors view shows: which tensor, which slice, how. It outlives a change of tab.

import { computed, signal } from "@preact/signals";
import type { Place } from "../../api/client";
import type { TensorViewEntry, TensorViewsAnswer } from "../../api/types";
import { type Decades, decadeRange, unionRange } from "../../base/colour_scale";
import { currentStep, shownRun } from "../../store/selection";
import type { Picks } from "./slice";

export type Drawing = "map" | "values" | "image";

/** Group of the chosen tensor; null: the first of the list. */
export const chosen = signal<string | null>(null);
export const filter = signal("");
export const drawing = signal<Drawing>("map");
/** Picks of the newest tensor looked at; null: its default ones. */
export const picks = signal<Picks | null>(null);
/** Row and column under the crosshair; null: none. */
export const crosshair = signal<{ row: number; column: number } | null>(null);

/** The run whose list is asked for. */
export const listKey = computed(() => shownRun.value?.name ?? null);

export function chosenEntry(answer: TensorViewsAnswer | null): TensorViewEntry | null {
  const entries = answer?.tensor_views ?? [];
  return entries.find((entry) => entry.group === chosen.value) ?? entries[0] ?? null;
}

export interface TensorKey {
  place: Place;
  step: number;
}

/** The step that an entry is asked at: the rail's, else its newest. */
export function stepOf(entry: TensorViewEntry): number {
  return currentStep.value ?? entry.steps.at(-1) ?? 0;
}

const ranges = new Map<string, Decades | null>();

/** Decades of all steps of a tensor seen so far, so that colours keep their meaning from step to step. */
export function rangeOf(place: string, values: Float32Array): Decades | null {
  const range = unionRange(ranges.get(place) ?? null, decadeRange(values));
  ranges.set(place, range);
  return range;
}
