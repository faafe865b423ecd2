// A tensor's values at the steps at which it was saved.

import { useLayoutEffect, useMemo } from "preact/hooks";
import type { Api, Place } from "../../api/client";
import type { TensorViewEntry } from "../../api/types";
import { thinned } from "../../base/bins";
import { signal } from "../../base/signals";
import { useResource } from "../../store/data";

export interface SavedStep {
  step: number;
  shape: number[];
  values: Float32Array;
}

/** Together they stay under 16 MB, on the wire as well. */
const MOST_VALUES = 4_000_000;
const MOST_STEPS = 24;

/** Evenly apart, the last one always among them. */
export function stepsToAsk({ steps, shape }: Pick<TensorViewEntry, "steps" | "shape">): number[] {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const most = Math.max(2, Math.min(MOST_STEPS, Math.floor(MOST_VALUES / Math.max(1, size))));
  return thinned(steps.length, most).flatMap((index) => steps[index] ?? []);
}

/** Those that are worth asking for, ascending; empty while they are under way: another tensor's are never shown. */
export function useSavedSteps(api: Api, place: Place, entry: TensorViewEntry): readonly SavedStep[] {
  const wanted = JSON.stringify([place, stepsToAsk(entry)]);
  const key = useMemo(() => signal(wanted), []);
  useLayoutEffect(() => {
    key.value = wanted;
  }, [key, wanted]);
  const known = useMemo(() => new Map<string, SavedStep>(), []);
  const answer = useResource(key, async (text) => ({
    place: placeOf(text),
    saved: await askSteps(api, text, known),
  })).value.data;
  return answer?.place === placeOf(wanted) ? answer.saved : [];
}

const placeOf = (text: string) => JSON.stringify((JSON.parse(text) as [Place, number[]])[0]);

/**
 * One after the other; what is known already is not asked for again, and a step that can't be read is left out. Of
 * other tensors nothing is kept.
 */
async function askSteps(api: Api, text: string, known: Map<string, SavedStep>): Promise<SavedStep[]> {
  const [place, steps] = JSON.parse(text) as [Place, number[]];
  const prefix = JSON.stringify(place);
  for (const key of known.keys()) if (!key.startsWith(prefix)) known.delete(key);
  const found: SavedStep[] = [];
  for (const step of steps) {
    const key = `${prefix} ${step}`;
    const saved = known.get(key) ?? (await api.tensorView(place, step).catch(() => null));
    if (saved?.step !== step) continue;
    known.set(key, saved);
    found.push(saved);
  }
  return found;
}
