// What the flow shows of each site, before and after clipping.

import type { Api, Place } from "../../api/client";
import type { BandsAnswer, Site, SitesAnswer, Stage } from "../../api/types";
import { computed } from "../../base/signals";
import { indexAtOrBefore } from "../../base/steps";
import { colourOfRun, sites as sharedSites } from "../../store/data";
import { comparedRuns, place } from "../../store/selection";
import { type Runs, runByRun } from "../../store/soon";
import type { RunNorms } from "./norms";
import { type Measure, measure } from "./options";

/** One number of each site; `before` is null where nothing was measured before clipping. */
export interface RunFlow {
  after: RunNorms;
  before: RunNorms | null;
}

export interface QuantileFlow {
  after: BandsAnswer;
  before: BandsAnswer | null;
  /** Row of each site in the answers. */
  rows: ReadonlyMap<string, number>;
}

export type FlowAnswer =
  | { measure: Exclude<Measure, "quantiles">; runs: Readonly<Runs<RunFlow>> }
  | { measure: "quantiles"; quantiles: QuantileFlow };

/** With the name under which the server explains each. */
export const MEASURES: readonly { value: Measure; label: string; meaning: string }[] = [
  { value: "norm", label: "norm", meaning: "l2" },
  { value: "max", label: "maximum", meaning: "abs_max" },
  { value: "mean", label: "mean", meaning: "mean_magnitude" },
  { value: "quantiles", label: "quantiles", meaning: "quantiles" },
];

const COLUMNS: Record<Exclude<Measure, "quantiles">, string> = { norm: "l2", max: "abs_max", mean: "l1" };

/** The drawn runs, as text: a reload that changes nothing is no new key. */
export const placesKey = computed<string | null>(() => {
  const where = place.value;
  return where && JSON.stringify([where, ...comparedRuns.value.map((run) => ({ ...where, run: run.name }))]);
});

export const flowKey = computed<string | null>(
  () => placesKey.value && JSON.stringify([measure.value, JSON.parse(placesKey.value)]),
);

export async function askFlow(
  api: Api,
  key: string,
  show: (flow: FlowAnswer) => void,
  old: FlowAnswer | null,
): Promise<FlowAnswer> {
  const [measure, places] = JSON.parse(key) as [Measure, Runs<Place>];
  if (measure === "quantiles") return { measure, quantiles: await askQuantiles(api, places) };
  const isDrawn = old?.measure === measure && old.runs[0].after.run === places[0].run;
  const runs = await runByRun(
    places,
    (where, soon) => askRun(api, where, measure, soon),
    (found) => isDrawn || show({ measure, runs: found }),
    ({ after, before }) => isPartial(after) || isPartial(before),
  );
  return { measure, runs };
}

const isPartial = (norms: RunNorms | null): boolean => norms?.answer.partial === true;

/** Norms of the shown run, and of the compared ones that have this group. */
export async function askNorms(
  api: Api,
  key: string,
  show: (norms: Runs<RunNorms>) => void,
  old: Readonly<Runs<RunNorms>> | null,
): Promise<Runs<RunNorms>> {
  const places = JSON.parse(key) as Runs<Place>;
  const ask = async (where: Place, soon?: number) => {
    const [answer, table] = await Promise.all([api.statistics(where, "gradient", "l2", soon), tableOf(api, where)]);
    return runNorms(where.run, answer, table.sites);
  };
  return runByRun(places, ask, (norms) => old?.[0].run === places[0].run || show(norms), isPartial);
}

/** The sites of a place; those of the shown run are there already, unless a reload is asking for them anew. */
async function tableOf(api: Api, where: Place): Promise<SitesAnswer> {
  const { data, loading } = sharedSites.peek();
  const isShown = where.run === place.peek()?.run && where.group === place.peek()?.group;
  return data && isShown && !loading ? data : api.sites(where);
}

function runNorms(run: string, answer: RunNorms["answer"], sites: readonly Site[]): RunNorms {
  const columns = new Map(sites.map(({ name }, column) => [name, column]));
  return { run, colour: colourOfRun(run), answer, columns };
}

async function askRun(api: Api, where: Place, wanted: Exclude<Measure, "quantiles">, soon?: number): Promise<RunFlow> {
  const { sites, stages } = await tableOf(api, where);
  const ask = async (stage: Stage): Promise<RunNorms> => {
    const norms = runNorms(where.run, await api.statistics(where, stage, COLUMNS[wanted], soon), sites);
    return wanted === "mean" ? meansOf(norms, sites) : norms;
  };
  const [after, before] = await Promise.all([
    ask("gradient"),
    stages.includes("raw_gradient") ? ask("raw_gradient") : null,
  ]);
  return { after, before };
}

/** Sums of magnitudes become means; a layer's is that of all its values, so each site counts by its size. */
export function meansOf(sums: RunNorms, sites: readonly Site[]): RunNorms {
  const counts = sites.map(({ shape }) => shape.reduce((product, size) => product * size, 1));
  const values = sums.answer.values.map((sum, cell) => sum / (counts[cell % counts.length] || 1));
  return { ...sums, counts, answer: { ...sums.answer, values } };
}

async function askQuantiles(api: Api, [where]: readonly Place[]): Promise<QuantileFlow> {
  if (!where) throw new Error("no run is shown");
  const { sites, stages } = await tableOf(api, where);
  const rows = new Map(sites.map(({ name }, row) => [name, row]));
  const [after, before] = await Promise.all([
    api.bands(where, "gradient"),
    stages.includes("raw_gradient") ? api.bands(where, "raw_gradient") : null,
  ]);
  return { after, before, rows };
}

/** A site's quantiles at the step or the last one before it; null: there are none. */
export function quantilesAt(bands: BandsAnswer, row: number | undefined, step: number): Float32Array | null {
  const index = indexAtOrBefore(bands.steps, step);
  if (row === undefined || index < 0) return null;
  const [steps, levels] = [bands.steps.length, bands.quantileLevels.length];
  const start = (row * steps + index) * levels;
  const quantiles = bands.values.subarray(start, start + levels);
  return quantiles.length === levels && quantiles.every(Number.isFinite) ? quantiles : null;
}
