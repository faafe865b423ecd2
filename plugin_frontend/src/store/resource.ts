// Data that follows a key: late answers are dropped, old content stays until the new is there.

import { effect, type ReadonlySignal, type Signal, signal } from "../base/signals";

export interface Resource<T> {
  /** The newest answer that arrived; it stays while the next one is under way. */
  data: T | null;
  /** Why the newest request failed; null while there is no failure. */
  error: Error | null;
  loading: boolean;
}

/** Counts TensorBoard's reloads; a resource asks again when it grows. */
export const reloads: Signal<number> = signal(0);

const EMPTY = { data: null, error: null, loading: false };

/** Asks for the data of a key; what it shows meanwhile stands until all is there. `old` is what stood before it asked. */
export type Fetcher<K, T> = (key: K, show: (data: T) => void, old: T | null) => Promise<T>;

/**
 * Fetches whenever the key changes and at each reload. A null key means that there is nothing to fetch.
 * `stop` ends it.
 */
export function resource<K, T>(
  key: ReadonlySignal<K | null>,
  fetcher: Fetcher<K, T>,
): { state: ReadonlySignal<Resource<T>>; stop: () => void } {
  const state = signal<Resource<T>>(EMPTY);
  let newest = 0;
  const stop = effect(() => {
    const wanted = key.value;
    reloads.value;
    newest += 1;
    if (wanted === null) {
      state.value = EMPTY;
      return;
    }
    const mine = newest;
    const settle = (next: Partial<Resource<T>>) => {
      const old = state.peek();
      if (next.data && alike(old.data, next.data)) next.data = old.data;
      if (mine === newest) state.value = { ...old, ...next };
    };
    const old = state.peek();
    state.value = { ...old, loading: true };
    fetcher(wanted, (data) => settle({ data, error: null }), old.data).then(
      (data) => settle({ data, error: null, loading: false }),
      (error: unknown) => settle({ error: error instanceof Error ? error : new Error(String(error)), loading: false }),
    );
  });
  return { state, stop };
}

/**
 * Whether two answers are made of the same parts: a reload without news then leaves alone what was drawn of the first.
 * Arrays of numbers are parts: nobody compares their content.
 */
export function alike(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (a instanceof Map && b instanceof Map) return alike([...a], [...b]);
  if (!isMade(a) || !isMade(b)) return false;
  const keys = Object.keys(a);
  const areKeysSame = keys.length === Object.keys(b).length && keys.every((key) => key in b);
  return areKeysSame && Array.isArray(a) === Array.isArray(b) && keys.every((key) => alike(a[key], b[key]));
}

/** Of parts: a list, or an object without a class. */
function isMade(value: unknown): value is Record<string, unknown> {
  return Array.isArray(value) || (value as object | null)?.constructor === Object;
}
