// What the eye waits for is asked for first: one server process answers all requests of a page.

import type { Api } from "./client";
import { everyCall } from "./every_call";

/** Milliseconds without a foreground request after which the others go: an answer's own drawing may ask for more. */
const QUIET = 40;

/** The same API; a call that `waits` says may wait is held back while any other is under way. */
export function foregroundFirst(api: Api, waits: (route: keyof Api) => boolean): Api {
  let underWay = 0;
  let held: (() => void)[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;

  const settle = () => {
    clearTimeout(timer);
    if (underWay === 0) timer = setTimeout(release, QUIET);
  };
  const release = () => {
    if (underWay > 0) return;
    const ready = held;
    held = [];
    for (const go of ready) go();
  };
  const quiet = () =>
    new Promise<void>((go) => {
      held.push(go);
      settle();
    });

  return everyCall(api, async (ask, route) => {
    if (waits(route)) {
      await quiet();
      return ask();
    }
    underWay += 1;
    return ask().finally(() => {
      underWay -= 1;
      settle();
    });
  });
}
