// The one selection that all views and the URL share.

import type { Place } from "../api/client";
import type { Group, Run, RunsAnswer, Stage } from "../api/types";
import { computed, signal } from "../base/signals";
import { kept } from "./kept";

export const VIEWS = ["overview", "graph", "distributions", "gradients", "tensors"] as const;
export type View = (typeof VIEWS)[number];

/** The newest answer of `runs`; null until the first one is there. */
export const catalogue = signal<RunsAnswer | null>(null);

export const view = signal<View>("overview");
/** Names of the selected runs; the first is the one that maps show, the others are compared. */
export const selectedRuns = signal<string[]>([]);
/** Name of the group; null: the first that the shown run has. */
export const selectedGroup = signal<string | null>(null);
/** The current step; null: the newest one. */
export const selectedStep = signal<number | null>(null);
/** Name of the selected site; null: none. */
export const selectedSite = signal<string | null>(null);
export const stage = signal<Stage>("gradient");
export const column = signal<string>("l2");
/** First and last step of the range that pictures over steps are zoomed to; null: all steps. */
export const stepRange = kept<readonly [from: number, to: number] | null>(
  "range",
  null,
  (range) => range?.join("..") ?? "",
  rangeOf,
);
/** Whether the panel of the shown site is open, in the views where it need not be. */
export const panelOpen = kept(
  "panel",
  innerWidth >= 1100,
  (isOpen) => (isOpen ? "open" : "closed"),
  (text) => text === "open",
);
/** Path of the module that the graph has selected; null: none. */
export const selectedModule = signal<string | null>(null);

function rangeOf(text: string): readonly [number, number] | undefined {
  const [from = Number.NaN, to = Number.NaN] = text.split("..").map(Number);
  return from <= to ? [from, to] : undefined;
}

/** Runs that have our data. */
export const ourRuns = computed<Run[]>(() => catalogue.value?.runs.filter((run) => run.groups.length > 0) ?? []);

/** The run that maps show: the first selected one that exists, else the first with our data. */
export const shownRun = computed<Run | null>(() => {
  const runs = ourRuns.value;
  const chosen = selectedRuns.value.map((name) => runs.find((run) => run.name === name)).find((run) => run);
  return chosen ?? runs[0] ?? null;
});

/** Runs drawn beside the shown one. */
export const comparedRuns = computed<Run[]>(() =>
  ourRuns.value.filter((run) => run !== shownRun.value && selectedRuns.value.includes(run.name)),
);

/** The group of the shown run: the chosen one, else the first with statistics, else the first. */
export const shownGroup = computed<Group | null>(() => {
  const groups = shownRun.value?.groups ?? [];
  const chosen = groups.find((group) => group.name === selectedGroup.value);
  return chosen ?? groups.find((group) => group.kinds.statistics) ?? groups[0] ?? null;
});

const shownRunName = computed(() => shownRun.value?.name ?? null);
const shownGroupName = computed(() => shownGroup.value?.name ?? null);

/** Where the shown data is; null: there is none. The same object while its names are the same: a reload is no change. */
export const place = computed<Place | null>(() => {
  const run = shownRunName.value;
  const group = shownGroupName.value;
  return run !== null && group !== null ? { run, group } : null;
});

/** Steps of the shown group's statistics (or, without them, of all its kinds), ascending: the rail's snaps. */
export const steps = computed<number[]>(() => {
  const kinds = shownGroup.value?.kinds ?? {};
  if (kinds.statistics?.length) return kinds.statistics;
  const all = new Set(Object.values(kinds).flatMap((list) => list ?? []));
  return [...all].sort((a, b) => a - b);
});

/** The current step as a number; null: no step is there. */
export const currentStep = computed<number | null>(() => {
  const last = steps.value.at(-1);
  return selectedStep.value ?? last ?? null;
});
