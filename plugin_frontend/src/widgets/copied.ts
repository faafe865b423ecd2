// Saying for a moment that something was copied.

import { type ReadonlySignal, useSignal } from "../base/signals";

const SAID_MS = 1500;

/** Whether it was copied just now, and what does it. */
export function useCopied<T extends unknown[]>(
  copy: (...what: T) => Promise<void>,
): [copied: ReadonlySignal<boolean>, copy: (...what: T) => Promise<void>] {
  const copied = useSignal(false);
  const copyAndSay = async (...what: T) => {
    await copy(...what);
    copied.value = true;
    setTimeout(() => {
      copied.value = false;
    }, SAID_MS);
  };
  return [copied, copyAndSay];
}
