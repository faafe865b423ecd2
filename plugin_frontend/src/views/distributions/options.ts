// What this view remembers while other views are looked at.

import { computed, signal } from "@preact/signals";
import type { Stage } from "../../api/types";
import type { ValueScale } from "../../base/bins";
import { sites } from "../../store/data";
import { selectedSite, stage } from "../../store/selection";

export type Drawing = "density" | "bands" | "ridges" | "overlay";
export type Order = "depth" | "change";

export const drawing = signal<Drawing>("density");
export const valueScale = signal<ValueScale>("symlog");
export const order = signal<Order>("depth");
/** Glob over the names of sites. */
export const filter = signal("");
export const panelOpen = signal(innerWidth >= 1100);

/** Stages in words, and the sign of their values. */
export const STAGE_WORDS: Record<Stage, { title: string; word: string; sign: string }> = {
  parameter: { title: "Parameter", word: "parameter", sign: "w" },
  gradient: { title: "Gradient", word: "gradient", sign: "g" },
  raw_gradient: { title: "Gradient before clipping", word: "gradient before clipping", sign: "g" },
  update: { title: "Update", word: "update", sign: "Δw" },
  activation: { title: "Activation", word: "activation", sign: "a" },
  tensor: { title: "Tensor", word: "tensor", sign: "x" },
};

const PANELS: readonly Stage[] = ["parameter", "gradient", "update"];
const MOST_PANELS = 3;

/** Stages that were measured. */
export const measuredStages = computed<Stage[]>(() => sites.value.data?.stages ?? []);

/** Stages shown side by side: parameter, gradient, update, as far as they are there; an output has activations. */
export const panelStages = computed<Stage[]>(() => {
  const site = sites.value.data?.sites.find(({ name }) => name === selectedSite.value);
  if (site?.output) return ["activation"];
  const usual = PANELS.filter((each) => measuredStages.value.includes(each));
  return usual.length > 0 ? usual : measuredStages.value.slice(0, MOST_PANELS);
});

/** The stage of the bands and of the panel: the chosen one, else the first that there is. */
export const shownStage = computed<Stage | null>(() => {
  const all = measuredStages.value;
  return all.includes(stage.value) ? stage.value : (all[0] ?? null);
});
