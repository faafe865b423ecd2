// What this view remembers while other views are looked at.

import { computed } from "../../base/signals";
import { kept, keptWord } from "../../store/kept";
import { currentStep, place, shownGroup } from "../../store/selection";

export type Quantity = "mean" | "abs_max";
export type Sharing = "shared" | "own";
/** What the flow shows of each site. */
export type Measure = "norm" | "max" | "mean" | "quantiles";

export const quantity = keptWord<Quantity>("cells", ["mean", "abs_max"]);
export const sharing = keptWord<Sharing>("colours", ["shared", "own"]);
export const measure = keptWord<Measure>("flow", ["norm", "max", "mean", "quantiles"]);
/** Whether the selected site's map has the whole stage. */
export const zoomed = kept(
  "zoom",
  false,
  (is) => (is ? "map" : ""),
  (text) => text === "map",
);

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
