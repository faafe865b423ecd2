// How many findings each run has, and how bad the worst is: which of many runs is sick.

import type { Api, Place } from "../api/client";
import type { Finding, Severity } from "../api/types";
import { computed, effect, signal } from "../base/signals";
import { findings } from "./data";
import { type Fetcher, resource } from "./resource";
import { ourRuns } from "./selection";

type Marks = ReadonlyMap<string, readonly Finding[]>;

/** Findings of all groups of each run, by its name; a run whose findings are not known (yet) is not there. */
export const runMarks = signal<Marks>(new Map());

/** How bad the worst of some findings is; undefined: there is none. */
export function worstOf(found: readonly Finding[]): Severity | undefined {
  return SEVERITIES.find((severity) => found.some((finding) => finding.severity === severity));
}

const SEVERITIES: readonly Severity[] = ["critical", "warning", "note"];

/** Whether marks are on the screen: only then they are asked for. */
export const areMarksSeen = signal(false);

/** Asks once the shown run's own findings are there; returns the end of it. */
export function watchRunMarks(api: Api): () => void {
  const key = computed(() => (areMarksSeen.value && findings.value.data ? JSON.stringify(watchedPlaces()) : null));
  const { state, stop } = resource(key, marksOf(api));
  const stopCopy = effect(() => {
    if (state.value.data) runMarks.value = state.value.data;
  });
  return () => {
    stop();
    stopCopy();
  };
}

function watchedPlaces(): Place[] {
  return ourRuns.value.flatMap(({ name, groups }) =>
    groups.filter(({ kinds }) => kinds.statistics?.length).map((group) => ({ run: name, group: group.name })),
  );
}

/** Each run's is shown as soon as it is known. */
function marksOf(api: Api): Fetcher<string, Marks> {
  return async (key, show) => {
    let marks: Marks = new Map();
    const judge = async (place: Place) => {
      const answer = await api.findings(place);
      marks = new Map(marks).set(place.run, [...(marks.get(place.run) ?? []), ...answer.findings]);
      show(marks);
    };
    await Promise.allSettled((JSON.parse(key) as Place[]).map(judge));
    return marks;
  };
}
