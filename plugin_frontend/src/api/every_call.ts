// One thing done around every call of the API.

import type { Api } from "./client";

type Around = (ask: () => Promise<unknown>, route: keyof Api, parameters: readonly unknown[]) => Promise<unknown>;

/** The same API; each of its answers is what `around` makes of asking for it. */
export function everyCall(api: Api, around: Around): Api {
  return new Proxy(api, {
    get(target, route: keyof Api) {
      const call = target[route] as (...parameters: readonly unknown[]) => Promise<unknown>;
      return (...parameters: readonly unknown[]) => around(() => call(...parameters), route, parameters);
    },
  });
}
