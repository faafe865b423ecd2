// A first picture of a long run: some of its steps while the server is still reading the others.

import { currentStep } from "./selection";

/**
 * What `ask` gives without a step. With the current one it may be `isPartial`; then that is shown meanwhile. Where the
 * server has read everything, it is asked once.
 */
export async function soonThenAll<T>(
  ask: (soon?: number) => Promise<T>,
  isPartial: (data: T) => boolean,
  show: (data: T) => void,
): Promise<T> {
  const first = await ask(currentStep.peek() ?? 0);
  if (!isPartial(first)) return first;
  show(first);
  return ask();
}
