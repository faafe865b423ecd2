// What this view remembers while other views are looked at.

import { computed, signal } from "@preact/signals";
import { currentStep, place, shownGroup } from "../../store/selection";

export type Quantity = "mean" | "abs_max";
export type Sharing = "shared" | "own";

export const quantity = signal<Quantity>("mean");
export const sharing = signal<Sharing>("shared");
export const panelOpen = signal(innerWidth >= 1100);

/** Steps that have heatmaps. */
export const heatmapSteps = computed<readonly number[]>(() => shownGroup.value?.kinds.heatmaps ?? []);

/** The step whose heatmaps are shown: the last one not after the current step, else the first. */
export const heatmapStep = computed<number | null>(() => {
  const now = currentStep.value;
  const all = heatmapSteps.value;
  return all.findLast((step) => now === null || step <= now) ?? all[0] ?? null;
});

/** Between two steps with heatmaps nothing new is asked for. */
export const heatmapsKey = computed(() =>
  place.value && heatmapStep.value !== null ? { place: place.value, step: heatmapStep.value } : null,
);
