// Bands of many sites: of all of them, of a large log at a few steps; then of those near the view at many.

import { useMemo } from "preact/hooks";
import type { Api, Place } from "../../api/client";
import type { Some, Stage } from "../../api/types";
import type { BandSeries } from "../../base/paint_bands";
import { computed, type ReadonlySignal } from "../../base/signals";
import { useResource } from "../../store/data";
import { type Resource, reloads } from "../../store/resource";
import { useSteadily } from "../../store/steady";
import { MOST_STEPS } from "./data";
import { seriesOf } from "./measures";

export interface BandsKey {
  place: Place;
  stage: Stage;
  /** At how many steps all sites are asked for; empty: at all, so that there is no more to ask. */
  some: Some;
}

/** Of one place and stage the bands of each site. */
export interface KnownBands {
  key: BandsKey;
  series: readonly BandSeries[];
}

/** Asks while it is in use for all of `count` sites, then for those `near` the view. */
export function useBands(
  api: Api,
  key: ReadonlySignal<BandsKey | null>,
  count: ReadonlySignal<number>,
  near: ReadonlySignal<readonly number[]>,
): ReadonlySignal<Resource<KnownBands>> {
  const all = useResource(key, async (wanted) => {
    const answer = await api.bands(wanted.place, wanted.stage, wanted.some);
    return { key: wanted, series: Array.from({ length: count.peek() }, (_, site) => seriesOf(answer, site)) };
  });
  const inView = useMemo(
    () =>
      computed(() => {
        const key = all.value.data?.key;
        return key?.some.most_steps && near.value.length > 0 ? { key, sites: near.value } : null;
      }),
    [all, near],
  );
  const finer = useMemo(() => finerOf(api), [api]);
  const fine = useSteadily(inView, finer);
  return useMemo(
    () =>
      computed(() => {
        const { data, ...rest } = all.value;
        const found = fine.value.data;
        if (!data || found?.key !== data.key) return { data, ...rest };
        return {
          ...rest,
          data: { ...data, series: data.series.map((series, site) => found.series.get(site) ?? series) },
        };
      }),
    [all, fine],
  );
}

/** Asks for the sites that it has not asked for since the last reload, and keeps what it had for the same key. */
function finerOf(api: Api) {
  let [known, turn] = [null as BandsKey | null, -1];
  let series = new Map<number, BandSeries>();
  let asked = new Set<number>();
  return async ({ key, sites }: { key: BandsKey; sites: readonly number[] }) => {
    if (known !== key) series = new Map();
    if (known !== key || turn !== reloads.peek()) asked = new Set();
    [known, turn] = [key, reloads.peek()];
    const into = series;
    const missing = sites.filter((site) => !asked.has(site)).sort((a, b) => a - b);
    if (missing.length > 0) {
      asked = new Set([...asked, ...missing]);
      const answer = await api.bands(key.place, key.stage, { most_steps: MOST_STEPS, sites: missing.join() });
      missing.forEach((site, row) => {
        into.set(site, seriesOf(answer, row));
      });
    }
    return { key, series: new Map(into) };
  };
}
