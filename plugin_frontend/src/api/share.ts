// Two parts of the page that ask for the same at the same time share one request.

import type { Api } from "./client";
import { everyCall } from "./every_call";

/** The same API; a call whose equal is under way gets that one's answer. */
export function shareRequests(api: Api): Api {
  const underWay = new Map<string, Promise<unknown>>();
  return everyCall(api, (ask, route, parameters) => {
    const key = JSON.stringify([route, ...parameters]);
    const known = underWay.get(key);
    if (known) return known;
    const answer = ask().finally(() => underWay.delete(key));
    underWay.set(key, answer);
    return answer;
  });
}
