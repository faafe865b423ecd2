// Looking up steps among sampled ones, which ascend.

/** The first of `count` indices for which the predicate is false; it is true before and false after. */
export function partition(count: number, predicate: (index: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (predicate(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the last sampled step that isn't after `step`; the first one if all are. -1 without steps. */
export function indexAtOrBefore(steps: ArrayLike<number>, step: number): number {
  if (steps.length === 0) return -1;
  return Math.max(0, partition(steps.length, (index) => (steps[index] ?? 0) <= step) - 1);
}
