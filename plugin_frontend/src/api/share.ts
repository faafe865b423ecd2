// Two parts of the page that ask for the same at the same time share one request.

import type { Api } from "./client";

/** The same API; a call whose equal is under way gets that one's answer. */
export function shareRequests(api: Api): Api {
  const underWay = new Map<string, Promise<unknown>>();
  return new Proxy(api, {
    get(target, route: keyof Api) {
      const ask = target[route] as (...parameters: unknown[]) => Promise<unknown>;
      return (...parameters: unknown[]) => {
        const key = JSON.stringify([route, ...parameters]);
        const known = underWay.get(key);
        if (known) return known;
        const answer = ask(...parameters).finally(() => underWay.delete(key));
        underWay.set(key, answer);
        return answer;
      };
    },
  });
}
