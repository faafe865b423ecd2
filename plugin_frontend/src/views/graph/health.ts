// What colours the boxes: one number of each module at the current step, over all parameters in it.

import { type Site, State, type StatisticsAnswer } from "../../api/types";
import { type ColourScale, magnitudeScale } from "../../base/colour_scale";
import { formatNumber } from "../../base/format";
import { ratioScale } from "../../base/ratio_scale";
import { STATE_WORDS } from "../../base/state_words";
import { formatCompact, pathsHolding } from "./facts";

export const COLOURINGS = ["gradient", "update_ratio", "parameter", "count", "none"] as const;
export type Colouring = (typeof COLOURINGS)[number];

/** One number and what it is; `value` is NaN where the state says that there is none. */
export interface Measure {
  value: number;
  state: number;
}

export interface Health {
  /** Null: nothing to colour by. */
  scale: ColourScale | null;
  /** By module path; a module without parameters is not in it. */
  modules: Map<string, Measure>;
  /** The step that the numbers are from; null where they are from none. */
  step: number | null;
  format: (value: number) => string;
}

/** The answers of `statistics` that the view has so far. */
export interface Norms {
  gradient: StatisticsAnswer | null;
  update: StatisticsAnswer | null;
  parameter: StatisticsAnswer | null;
}

/** States from the one that wins when parameters are put together to the one that yields to all. */
const PRECEDENCE = [
  State.nan,
  State.negInf,
  State.posInf,
  State.finite,
  State.zero,
  State.noGradient,
  State.frozen,
  State.unsupported,
  State.missing,
];

export const NO_HEALTH: Health = { scale: null, modules: new Map(), step: null, format: formatNumber };

/** Norms of the concatenated parameters of each module: √Σ l2². O(sites × depth). */
export function normHealth(sites: Site[], answer: StatisticsAnswer | null, step: number | null, dark: boolean): Health {
  const row = answer ? rowAt(answer.steps, step) : null;
  if (!answer || row === null) return NO_HEALTH;
  return {
    scale: magnitudeScale(answer.values, { dark }),
    modules: gather(sites, (site) => measureAt(answer, sites.length, row, site)),
    step: answer.steps[row] ?? null,
    format: formatNumber,
  };
}

/** ‖update‖ / ‖parameter‖ over all parameters of each module. */
export function ratioHealth(sites: Site[], norms: Norms, step: number | null, dark: boolean): Health {
  const { update, parameter } = norms;
  const updates = normHealth(sites, update, step, dark);
  const parameters = normHealth(sites, parameter, step, dark);
  if (!update || !parameter || updates.step === null) return NO_HEALTH;
  const modules = new Map<string, Measure>();
  for (const [path, measure] of updates.modules) {
    modules.set(path, ratio(measure, parameters.modules.get(path)));
  }
  return { scale: ratioScale(siteRatios(update, parameter), dark), modules, step: updates.step, format: formatNumber };
}

/** The ratio of a module or of one parameter; there is none to parameters that are exactly 0. */
export function ratio(update: Measure, parameter: Measure | undefined): Measure {
  if (update.state !== State.finite || !parameter) return update;
  if (parameter.state === State.zero) return { value: Number.NaN, state: State.unsupported };
  if (parameter.state !== State.finite) return { value: Number.NaN, state: parameter.state };
  return { value: update.value / parameter.value, state: State.finite };
}

function siteRatios(update: StatisticsAnswer, parameter: StatisticsAnswer): Float32Array {
  if (update.values.length !== parameter.values.length) return new Float32Array();
  return update.values.map((value, index) => value / (parameter.values[index] ?? Number.NaN));
}

/** How many values each module's parameters have. */
export function countHealth(counts: Map<string, number>, dark: boolean): Health {
  const modules = new Map([...counts].map(([path, value]) => [path, { value, state: State.finite }]));
  return { scale: magnitudeScale([...counts.values()], { dark }), modules, step: null, format: formatCompact };
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

function gather(sites: Site[], measure: (site: number) => Measure): Map<string, Measure> {
  const squares = new Map<string, { sum: number; state: number }>();
  sites.forEach((site, index) => {
    const { value, state } = measure(index);
    const square = Number.isFinite(value) ? value * value : 0;
    for (const path of pathsHolding([site.name, ...site.aliases])) {
      const total = squares.get(path);
      if (!total) squares.set(path, { sum: square, state });
      else {
        total.sum += square;
        total.state = stronger(total.state, state);
      }
    }
  });
  return new Map([...squares].map(([path, { sum, state }]) => [path, { value: Math.sqrt(sum), state }]));
}

const stronger = (a: number, b: number): number =>
  PRECEDENCE.indexOf(a as (typeof PRECEDENCE)[number]) <= PRECEDENCE.indexOf(b as (typeof PRECEDENCE)[number]) ? a : b;

/** The words and numbers of a measure: "0.64", "+Inf", "NaN", "exactly 0", "frozen" … */
export function describeMeasure({ value, state }: Measure, format: (value: number) => string): string {
  return STATE_WORDS[state] ?? format(value);
}
