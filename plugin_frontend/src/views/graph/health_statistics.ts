// Colours from the statistics of the run at the current step, over all parameters in a module.

import { type Site, State, type StatisticsAnswer } from "../../api/types";
import { type ColourScale, magnitudeScale } from "../../base/colour_scale";
import { formatCount, formatNumber, formatShare } from "../../base/format";
import { ratioScale } from "../../base/ratio_scale";
import { pathsHolding } from "./facts";
import { type Health, type Measure, NO_HEALTH, stronger } from "./health";

/** The answers of `statistics` that the view has so far. */
export interface Norms {
  gradient: StatisticsAnswer | null;
  update: StatisticsAnswer | null;
  parameter: StatisticsAnswer | null;
  /** What only the chosen colouring needs. */
  extra: StatisticsAnswer | null;
}

/** Norms of the concatenated parameters of each module: √Σ l2². O(sites × depth). */
export function normHealth(sites: Site[], answer: StatisticsAnswer | null, step: number | null, dark: boolean): Health {
  const sums = sumHealth(sites, answer, step, (value) => value * value);
  if (!answer || sums.step === null) return NO_HEALTH;
  const scale = magnitudeScale(normsOverSteps(sites, answer), { dark });
  for (const measure of sums.modules.values()) measure.value = Math.sqrt(measure.value);
  return { ...sums, scale, paint: scale, format: formatNumber };
}

/** ‖update‖ / ‖parameter‖ over all parameters of each module. */
export function ratioHealth(
  sites: Site[],
  norms: Pick<Norms, "update" | "parameter">,
  step: number | null,
  dark: boolean,
): Health {
  const { update, parameter } = norms;
  const updates = normHealth(sites, update, step, dark);
  const parameters = normHealth(sites, parameter, step, dark);
  if (!update || !parameter || updates.step === null) return NO_HEALTH;
  const modules = new Map<string, Measure>();
  for (const [path, measure] of updates.modules) {
    modules.set(path, ratio(measure, parameters.modules.get(path)));
  }
  const scale = ratioScale(ratiosOverSteps(sites, update, parameter), dark);
  return { ...updates, scale, paint: scale, modules };
}

/** The share of all values in a module: of exact zeros, of lost updates. `answer` holds a share for each site. */
export function shareHealth(
  sites: Site[],
  answer: StatisticsAnswer | null,
  step: number | null,
  dark: boolean,
): Health {
  const sums = sumHealth(sites, answer, step, (share, site) => share * elementsOf(site));
  if (!answer || sums.step === null) return NO_HEALTH;
  const totals = new Map<string, number>();
  for (const site of sites) {
    for (const path of holding(site)) totals.set(path, (totals.get(path) ?? 0) + elementsOf(site));
  }
  for (const [path, measure] of sums.modules) measure.value /= totals.get(path) || 1;
  // A share of 0 is good news and no dead parameter: it has the scale's own lowest colour.
  const modules = new Map([...sums.modules].map(([path, measure]) => [path, zeroAsNumber(measure)]));
  const scale = shareScale(dark);
  return { ...sums, scale, paint: scale, modules, zeros: new Set(), format: formatShare };
}

/** How many values of a module are not finite. */
export function nonFiniteHealth(
  sites: Site[],
  answer: StatisticsAnswer | null,
  step: number | null,
  dark: boolean,
): Health {
  const sums = sumHealth(sites, answer, step, (count) => count);
  if (!answer || sums.step === null) return NO_HEALTH;
  const modules = new Map([...sums.modules].map(([path, measure]) => [path, zeroAsNumber(measure)]));
  const scale = magnitudeScale([1, 10], { dark });
  const describe = (count: number) => (count === 0 ? "all finite" : formatCount(count));
  return { ...sums, scale, paint: scale, modules, zeros: new Set(), format: describe };
}

const zeroAsNumber = (measure: Measure): Measure =>
  measure.state === State.zero ? { value: 0, state: State.finite } : measure;

const shareScale = (dark: boolean): ColourScale => magnitudeScale([0, 1], { dark, kind: "linear", range: [0, 1] });

const elementsOf = (site: Site): number => site.shape.reduce((product, size) => product * size, 1);

/** Modules that a parameter is in; what a module returns is in none. */
const holding = (site: Site): Set<string> => pathsHolding(site.output ? [] : [site.name, ...site.aliases]);

/** The ratio of a module or of one parameter; there is none to parameters that are exactly 0. */
export function ratio(update: Measure, parameter: Measure | undefined): Measure {
  if (update.state !== State.finite || !parameter) return update;
  if (parameter.state === State.zero) return { value: Number.NaN, state: State.unsupported };
  if (parameter.state !== State.finite) return { value: Number.NaN, state: parameter.state };
  return { value: update.value / parameter.value, state: State.finite };
}

/** Colours range over this many steps, evenly chosen, so that thousands cost no more. */
const MOST_STEPS = 64;
const knownNorms = new WeakMap<StatisticsAnswer, Float64Array>();

/** The norms of all modules over the steps: what is drawn, and so what colours range over. O(sites × depth). */
function normsOverSteps(sites: Site[], answer: StatisticsAnswer): Float64Array {
  const known = knownNorms.get(answer);
  if (known) return known;
  const places = new Map<string, number>();
  const holders = sites.map((site) =>
    [...holding(site)].map((path) => {
      const place = places.get(path) ?? places.size;
      places.set(path, place);
      return place;
    }),
  );
  const every = Math.ceil(answer.steps.length / MOST_STEPS);
  const rows = [...answer.steps.keys()].filter((row) => row % every === 0);
  const sums = new Float64Array(rows.length * places.size);
  rows.forEach((row, at) => {
    holders.forEach((paths, site) => {
      const { value } = measureAt(answer, sites.length, row, site);
      if (!Number.isFinite(value)) return;
      for (const path of paths) sums[at * places.size + path] = (sums[at * places.size + path] ?? 0) + value * value;
    });
  });
  const norms = sums.map(Math.sqrt);
  knownNorms.set(answer, norms);
  return norms;
}

function ratiosOverSteps(sites: Site[], update: StatisticsAnswer, parameter: StatisticsAnswer): Float64Array {
  if (update.values.length !== parameter.values.length) return new Float64Array();
  const norms = normsOverSteps(sites, parameter);
  return normsOverSteps(sites, update).map((value, index) => value / (norms[index] ?? Number.NaN));
}

/** One site's number in a statistics answer, at the row of a step. */
export function measureAt(answer: StatisticsAnswer, siteCount: number, row: number, site: number): Measure {
  const index = row * siteCount + site;
  return { value: answer.values[index] ?? Number.NaN, state: answer.state[index] ?? State.missing };
}

/** The row of a step: the last one not after it, else the first; null where there is none. */
export function rowAt(steps: ArrayLike<number>, step: number | null): number | null {
  if (steps.length === 0) return null;
  let row = steps.length - 1;
  while (row > 0 && step !== null && (steps[row] ?? 0) > step) row -= 1;
  return row;
}

/** For each module the sum of what `part` makes of its sites' finite numbers, and the strongest state. */
function sumHealth(
  sites: Site[],
  answer: StatisticsAnswer | null,
  step: number | null,
  part: (value: number, site: Site) => number,
): Health {
  const row = answer ? rowAt(answer.steps, step) : null;
  if (!answer || row === null) return NO_HEALTH;
  const modules = new Map<string, Measure>();
  const zeros = new Set<string>();
  sites.forEach((site, index) => {
    const { value, state } = measureAt(answer, sites.length, row, index);
    const own = Number.isFinite(value) ? part(value, site) : 0;
    for (const path of holding(site)) {
      if (state === State.zero) zeros.add(path);
      const total = modules.get(path);
      if (!total) modules.set(path, { value: own, state });
      else {
        total.value += own;
        total.state = stronger(total.state, state);
      }
    }
  });
  return { ...NO_HEALTH, modules, zeros, step: answer.steps[row] ?? null };
}
