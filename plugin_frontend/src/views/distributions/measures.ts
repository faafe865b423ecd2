// Numbers that the view computes from what the server sends.

import { type BandsAnswer, type DistributionsAnswer, State } from "../../api/types";
import { type Axis, linearAxis, symlogAxis } from "../../base/axis";
import { binRange, type ValueScale } from "../../base/bins";
import { csvOf } from "../../base/csv";
import { formatCount, formatNumber } from "../../base/format";
import { BAND_LEVELS, type BandSeries } from "../../base/paint_bands";
import { STATE_WORDS } from "../../base/state_words";
import type { Row } from "../../widgets/tooltip";
import type { RunDistributions } from "./plot";

const LEVELS = BAND_LEVELS.length;

/** The bands of one site. */
export function seriesOf(bands: BandsAnswer, site: number): BandSeries {
  const count = bands.steps.length;
  return {
    steps: bands.steps,
    quantiles: bands.values.subarray(site * count * LEVELS, (site + 1) * count * LEVELS),
    states: bands.state.subarray(site * count, (site + 1) * count),
  };
}

/** The bands of one site out of its distributions, which have more quantiles. */
export function seriesOfDistributions(answer: DistributionsAnswer, levels: readonly number[]): BandSeries {
  const places = levels.map((level) => answer.quantileLevels.indexOf(level));
  const all = answer.quantileLevels.length;
  return {
    steps: answer.steps,
    quantiles: Float32Array.from(
      { length: answer.steps.length * places.length },
      (_, index) =>
        answer.quantiles[Math.floor(index / places.length) * all + (places[index % places.length] ?? 0)] ?? Number.NaN,
    ),
    states: answer.state,
  };
}

/**
 * One axis for the bands of several sites: symmetric round 0 where they reach to both sides of it. Quantiles of values
 * are none of their magnitudes, so a logarithmic one is symmetric, too.
 */
export function bandAxis(series: readonly BandSeries[], scale: ValueScale): Axis {
  const { low, high, smallest } = bandExtent(series);
  if (low > high) return linearAxis(-1, 1);
  const reach = Math.max(-low, high);
  const [from, to] = low < 0 && high > 0 ? [-reach, reach] : [low, high];
  if (scale === "linear" || !(smallest < Number.POSITIVE_INFINITY)) return linearAxis(from, to);
  return symlogAxis(from, to, 10 ** Math.floor(Math.log10(smallest)));
}

/** Range of the outer band, and the smallest interquartile magnitude that is not 0. */
function bandExtent(series: readonly BandSeries[]): { low: number; high: number; smallest: number } {
  const extent = { low: Number.POSITIVE_INFINITY, high: Number.NEGATIVE_INFINITY, smallest: Number.POSITIVE_INFINITY };
  for (const { quantiles, steps } of series) {
    for (let step = 0; step < steps.length; step++) {
      const at = (quantile: number) => quantiles[step * LEVELS + quantile] ?? Number.NaN;
      if (at(0) < extent.low) extent.low = at(0);
      if (at(4) > extent.high) extent.high = at(4);
      const size = Math.max(Math.abs(at(1)), Math.abs(at(3)));
      if (size > 0 && size < extent.smallest) extent.smallest = size;
    }
  }
  return extent;
}

/** What a site's bands say at a step: its middle, and where half and nine tenths of the values lie. */
export function bandRows({ steps, quantiles, states }: BandSeries, index: number): Row[] {
  const at = (level: number) => formatNumber(quantiles[index * LEVELS + level] ?? Number.NaN);
  const when = `step ${formatCount(steps[index] ?? 0)}`;
  const state = STATE_WORDS[states[index] ?? State.missing];
  if (Number.isNaN(quantiles[index * LEVELS + 2] ?? Number.NaN)) return [[when, state ?? "–", ""]];
  return [
    [when, at(2), "median"],
    ["", `${at(1)} to ${at(3)}`, "25 to 75 %"],
    ["", `${at(0)} to ${at(4)}`, "5 to 95 %"],
    ...(state ? [["", state, "holds"] as Row] : []),
  ];
}

/** Bands of sites as CSV, a line for each site and step. */
export function bandsCsv(sites: readonly (readonly [name: string, series: BandSeries | undefined])[]): string {
  const lines = sites.flatMap(([name, series]) =>
    Array.from(series?.steps ?? [], (step, index) => [
      name,
      step,
      ...BAND_LEVELS.map((_, level) => series?.quantiles[index * LEVELS + level] ?? Number.NaN),
    ]),
  );
  return csvOf([["site", "step", ...BAND_LEVELS.map((level) => `${level * 100} %`)], ...lines]);
}

/** Histograms of runs as CSV: for each step the occupied bins, then what is in no bin. */
export function histogramsCsv(runs: readonly Pick<RunDistributions, "label" | "answer" | "exact">[]): string {
  const lines = runs.flatMap(({ label, answer, exact }) => [
    ...histogramLines(label, answer),
    // The current step, where it is left out of the others.
    ...(exact && !answer.steps.includes(exact.steps[0] ?? Number.NaN) ? histogramLines(label, exact) : []),
  ]);
  return csvOf([["of", "step", "lower", "upper", "count"], ...lines]);
}

function histogramLines(label: string, answer: DistributionsAnswer): (string | number)[][] {
  const { lower, upper, counts, zeros, nan, posInf, negInf } = answer;
  const others = { "exactly 0": zeros, NaN: nan, "+Inf": posInf, "-Inf": negInf };
  return Array.from(answer.steps, (at, step) => {
    const [first, end] = binRange(answer, step);
    const bins = Array.from({ length: end - first }, (_, bin) =>
      [lower, upper, counts].map((list) => list[first + bin]),
    );
    const apart = Object.entries(others).map(([name, list]) => [name, "", list[step]]);
    return [...bins, ...apart].map((line) => [label, at, ...line.map((field) => field ?? Number.NaN)]);
  }).flat();
}
