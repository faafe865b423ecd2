// Data that follows a key which may change faster than answers come, as while steps are played.

import { useEffect, useMemo } from "preact/hooks";
import { effect, type ReadonlySignal, signal } from "../base/signals";
import { useResource } from "./data";
import type { Fetcher, Resource } from "./resource";

/** As `useResource`, but a request that is under way is shown before the newest key is asked for: nothing starves. */
export function useSteadily<K, T>(key: ReadonlySignal<K | null>, fetcher: Fetcher<K, T>): ReadonlySignal<Resource<T>> {
  const asked = useMemo(() => signal<K | null>(key.peek()), [key]);
  const state = useResource(asked, fetcher);
  useEffect(
    () =>
      effect(() => {
        const newest = key.value;
        if (newest === null || !state.value.loading) asked.value = newest;
      }),
    [key, asked, state],
  );
  return state;
}
