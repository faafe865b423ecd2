// A first picture of long runs, or of many, before all is there.

import { currentStep } from "./selection";

/** Of the other runs: the page can still ask for something else meanwhile, as browsers ask one server for six at once. */
const AT_A_TIME = 4;

export type Runs<T> = [T, ...T[]];

/**
 * What `ask` gives without a step. With the current one it may be `isPartial`; then that is shown meanwhile. Where the
 * server has read everything, it is asked once.
 */
async function soonThenAll<T>(
  ask: (soon?: number) => Promise<T>,
  isPartial: (data: T) => boolean,
  show: (data: T) => void,
): Promise<T> {
  const first = await ask(currentStep.peek() ?? 0);
  if (!isPartial(first)) return first;
  show(first);
  return ask();
}

/**
 * Of several runs the first is asked for and shown before the others, which come a few at a time. The first must be
 * there; others that can't be had are left out.
 */
export async function runByRun<K, T>(
  [own, ...others]: Readonly<Runs<K>>,
  ask: (of: K, soon?: number) => Promise<T>,
  show: (runs: Runs<T>) => unknown,
  isPartial: (answer: T) => boolean = () => false,
): Promise<Runs<T>> {
  const first = await soonThenAll(
    (soon) => ask(own, soon),
    isPartial,
    (answer) => show([answer]),
  );
  const found: T[] = [];
  while (others.length > 0) {
    show([first, ...found]);
    const answers = await Promise.allSettled(others.splice(0, AT_A_TIME).map((of) => ask(of)));
    found.push(...answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : [])));
  }
  return [first, ...found];
}
