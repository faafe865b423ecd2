// Values without their signs, as a logarithmic axis takes them: the grid is symmetric, so a bin and its mirror image
// are one, and counts stay exact.

import type { DistributionsAnswer } from "../../api/types";
import { type Bins, binRange, type ValueScale } from "../../base/bins";
import type { Plot, RunDistributions } from "./plot";

interface Bin {
  lower: number;
  upper: number;
  count: number;
}

/** What a scale shows of runs: a logarithmic one the magnitudes. */
export function drawnAs(scale: ValueScale, runs: Plot["runs"]): Plot["runs"] {
  if (scale !== "log") return runs;
  const drawn: readonly RunDistributions[] = runs.map((run) => ({
    ...run,
    answer: magnitudesOf(run.answer),
    exact: run.exact && magnitudesOf(run.exact),
  }));
  return drawn as Plot["runs"];
}

/** The same steps of the magnitudes: their bins, their quantiles, and all infinities as positive ones. */
export function magnitudesOf(answer: DistributionsAnswer): DistributionsAnswer {
  const { zeros, quantileLevels, posInf, negInf } = answer;
  const steps = Array.from(answer.steps, (_, step) => magnitudeBins(answer, step));
  const bins = steps.flat();
  let end = 0;
  return {
    ...answer,
    starts: Int32Array.from([0, ...steps.map(({ length }) => (end += length))]),
    lower: Float64Array.from(bins, ({ lower }) => lower),
    upper: Float64Array.from(bins, ({ upper }) => upper),
    counts: Float64Array.from(bins, ({ count }) => count),
    posInf: posInf.map((count, step) => count + (negInf[step] ?? 0)),
    negInf: negInf.map(() => 0),
    quantiles: Float32Array.from(
      steps.flatMap((each, step) => quantileLevels.map((level) => quantile(each, zeros[step] ?? 0, level))),
    ),
  };
}

/** Median of the magnitudes of a step's finite values, zeros included; values are even within a bin. NaN: no value. */
export function medianMagnitude(bins: Bins, step: number): number {
  return quantile(magnitudeBins(bins, step), bins.zeros[step] ?? 0, 0.5);
}

function quantile(bins: readonly Bin[], zeros: number, level: number): number {
  const wanted = level * bins.reduce((sum, { count }) => sum + count, zeros);
  let seen = zeros;
  if (seen > 0 && seen >= wanted) return 0;
  for (const { lower, upper, count } of bins) {
    if (seen + count >= wanted) return lower + ((wanted - seen) / count) * (upper - lower);
    seen += count;
  }
  return Number.NaN;
}

/** Those of a step, ascending. */
function magnitudeBins(bins: Bins, step: number): Bin[] {
  const found = new Map<number, Bin>();
  const [first, end] = binRange(bins, step);
  for (let bin = first; bin < end; bin++) {
    const [lower = 0, upper = 0] = [Math.abs(bins.lower[bin] ?? 0), Math.abs(bins.upper[bin] ?? 0)].sort(
      (a, b) => a - b,
    );
    const count = (found.get(lower)?.count ?? 0) + (bins.counts[bin] ?? 0);
    found.set(lower, { lower, upper, count });
  }
  return [...found.values()].sort((a, b) => a.lower - b.lower);
}
