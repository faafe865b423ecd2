// Data that several views share, and the hook by which a view gets its own.

import { useEffect, useMemo } from "preact/hooks";
import type { Api } from "../api/client";
import type { FindingsAnswer, LossesAnswer, ProgressAnswer, RunsAnswer, SitesAnswer } from "../api/types";
import { computed, effect, type ReadonlySignal, type Signal, signal } from "../base/signals";
import { runColour } from "../theme";
import { type Fetcher, type Resource, resource } from "./resource";
import { catalogue, comparedRuns, ourRuns, place, shownRun } from "./selection";

const NOTHING = { data: null, error: null, loading: false };

/** The list of runs as a request: its error is the page's. The answer itself is `catalogue`. */
export const runsRequest: Signal<Resource<RunsAnswer>> = signal(NOTHING);
/** The sites of the shown run and group. */
export const sites: Signal<Resource<SitesAnswer>> = signal(NOTHING);
/** How far the shown run is. */
export const progress: Signal<Resource<ProgressAnswer>> = signal(NOTHING);
/** What is wrong in the shown group. */
export const findings: Signal<Resource<FindingsAnswer>> = signal(NOTHING);
/** Losses of the shown and the compared runs, by name. */
export const losses: Signal<ReadonlyMap<string, LossesAnswer>> = signal(new Map());

/** Names of the shown run and the compared ones, in that order. */
export const drawnRuns = computed<string[]>(() =>
  [shownRun.value, ...comparedRuns.value].flatMap((run) => (run ? [run.name] : [])),
);

/** The colour of a run's dots and lines. */
export function colourOfRun(name: string): string {
  return runColour(
    Math.max(
      0,
      ourRuns.value.findIndex((run) => run.name === name),
    ),
  );
}

/** Starts the shared requests; returns the end of them. */
export function createData(api: Api): () => void {
  const always = signal(true);
  const shownName = computed(() => shownRun.value?.name ?? null);
  // Names joined by a character that no path has, so that an equal list is an equal key.
  const names = computed(() => drawnRuns.value.join("\0") || null);
  const stops = [
    share(runsRequest, always, () => api.runs()),
    share(sites, place, (where) => api.sites(where)),
    share(findings, place, (where) => api.findings(where)),
    share(progress, shownName, (run) => api.progress(run)),
    effect(() => {
      if (runsRequest.value.data) catalogue.value = runsRequest.value.data;
    }),
  ];
  const lossRequest = signal<Resource<ReadonlyMap<string, LossesAnswer>>>(NOTHING);
  stops.push(
    share(lossRequest, names, (joined) => lossesOf(api, joined.split("\0"))),
    effect(() => {
      if (lossRequest.value.data) losses.value = lossRequest.value.data;
    }),
  );
  return () => {
    for (const stop of stops) stop();
  };
}

/** Resource of a view: it asks while the view is there. `key` must be the same signal at every render. */
export function useResource<K, T>(key: ReadonlySignal<K | null>, fetcher: Fetcher<K, T>): ReadonlySignal<Resource<T>> {
  const made = useMemo(() => resource(key, fetcher), [key]);
  useEffect(() => made.stop, [made]);
  return made.state;
}

function share<K, T>(
  target: Signal<Resource<T>>,
  key: ReadonlySignal<K | null>,
  fetcher: (key: K) => Promise<T>,
): () => void {
  const { state, stop } = resource(key, fetcher);
  const stopCopy = effect(() => {
    target.value = state.value;
  });
  return () => {
    stop();
    stopCopy();
  };
}

/** A run whose losses can't be had is left out: its line is missing, the others are drawn. */
async function lossesOf(api: Api, runs: string[]): Promise<ReadonlyMap<string, LossesAnswer>> {
  const answers = await Promise.allSettled(runs.map(async (run) => [run, await api.losses(run)] as const));
  return new Map(answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : [])));
}
