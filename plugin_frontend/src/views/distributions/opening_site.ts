// Which site is shown before anyone chose one. Found from the small statistics, so that the first picture need not wait
// for the histograms of all sites.

import type { Api, Place } from "../../api/client";
import type { Stage, StatisticsAnswer } from "../../api/types";

const chosen = new Map<string, Promise<number>>();

/** Index of the site that opens, chosen once for a group: neither a new step nor another stage moves what is shown. */
export function openingSite(api: Api, place: Place, stage: Stage): Promise<number> {
  const key = `${place.run}\0${place.group}`;
  const known = chosen.get(key) ?? choose(api, place, stage);
  chosen.set(key, known);
  known.catch(() => chosen.delete(key));
  return known;
}

async function choose(api: Api, place: Place, stage: Stage): Promise<number> {
  const columns = ["std", "mean"].map((column) => api.statistics(place, stage, column));
  const [std, mean] = await Promise.all(columns);
  return std && mean ? mostMoved(std, mean) : 0;
}

/**
 * Index of the site whose standard deviation or mean moved most over the steps, in decades (the mean's way is measured
 * in the largest standard deviation); 0 where nothing moved.
 */
export function mostMoved(std: StatisticsAnswer, mean: StatisticsAnswer): number {
  const sites = std.steps.length > 0 ? std.values.length / std.steps.length : 0;
  let most = 0;
  let found = 0;
  for (let site = 0; site < sites; site++) {
    const moved = change(range(std, site), range(mean, site));
    if (moved > most) [most, found] = [moved, site];
  }
  return found;
}

interface Range {
  low: number;
  high: number;
}

function change(std: Range, mean: Range): number {
  const shift = mean.high - mean.low;
  if (!(std.high > 0)) return 0;
  const spread = std.low > 0 ? Math.log10(std.high / std.low) : 0;
  return Math.max(spread, shift > 0 ? Math.log10(1 + shift / std.high) : 0);
}

/** Smallest and largest finite value of a site's column; of nothing, `low` is above `high`. */
function range({ values, steps }: StatisticsAnswer, site: number): Range {
  const sites = values.length / steps.length;
  const found = { low: Number.POSITIVE_INFINITY, high: Number.NEGATIVE_INFINITY };
  for (let index = site; index < values.length; index += sites) {
    const value = values[index] ?? Number.NaN;
    if (!Number.isFinite(value)) continue;
    found.low = Math.min(found.low, value);
    found.high = Math.max(found.high, value);
  }
  return found;
}
