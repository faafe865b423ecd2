// What is said of the drawn runs beside their statistics; each part may be missing without the rest being less true.

import type { Api, Place } from "../../api/client";
import type { LossesAnswer } from "../../api/types";
import { computed } from "../../base/signals";
import { quietly, type Wanted, wantedKey } from "./run_data";
import { order } from "./settings";

export interface RunExtras {
  learningRate: LossesAnswer | null;
  /** Share of the wall time that watching takes. */
  watchShare: number | null;
  /** Of a training step, the newest that was measured. */
  stepSeconds: number | null;
  /** How many findings there are; only of compared runs, as those of the shown one are known anyway. */
  findings: number | null;
  /** Rank of each site in the order of execution; only of the shown run, and only when it is wanted. */
  ranks: readonly number[] | null;
}

export type Extras = ReadonlyMap<string, RunExtras>;

/** Nothing is asked for more runs than the head can name. */
const MOST_RUNS = 6;

/** As text, so that a reload that changes nothing is not a new key. */
export const extrasKey = computed<string | null>(() => {
  if (wantedKey.value === null) return null;
  const { shown, compared } = JSON.parse(wantedKey.value) as Wanted;
  return JSON.stringify({ places: [shown, ...compared].slice(0, MOST_RUNS), ranked: order.value === "execution" });
});

export async function fetchExtras(api: Api, key: string): Promise<Extras> {
  const { places, ranked } = JSON.parse(key) as { places: Place[]; ranked: boolean };
  const asked = places.map(async (place, index) => {
    const isShown = index === 0;
    const [learningRate, cost, findings, ranks] = await Promise.all([
      quietly(() => api.learningRates(place.run)),
      quietly(() => api.watchCost(place)),
      quietly(async () => (isShown ? null : (await api.findings(place)).findings.length)),
      quietly(async () => (isShown && ranked ? (await api.executionOrder(place)).ranks : null)),
    ]);
    const stepSeconds = cost?.stepSeconds.findLast(Number.isFinite) ?? null;
    return [place.run, { learningRate, watchShare: cost?.share ?? null, stepSeconds, findings, ranks }] as const;
  });
  return new Map(await Promise.all(asked));
}
