// The first thing on the page: what is true of the shown run, in words.

import { type FindingsAnswer, State, type StatisticsAnswer } from "../../api/types";
import { isNonFinite } from "../../base/cells";
import { formatCount, plural } from "../../base/format";
import { indexAtOrBefore } from "../../base/steps";
import { STAGE_WORDS } from "./columns";

export interface Headline {
  title: string;
  /** Counts for the line below. */
  counts: string[];
}

/** What the findings say of the run in a sentence, and how much was looked at. */
export function verdictOf(run: string, { findings, sites, steps, steps_for_trends }: FindingsAnswer): Headline {
  const extent = `${plural(sites, "site")} × ${plural(steps, "sampled step")}`;
  const [worst] = findings;
  if (worst) return { title: ofRun(run, worst.title), counts: [plural(findings.length, "finding"), extent] };
  const looked =
    steps < steps_for_trends
      ? `Looked for values that are not finite; trends are judged from ${steps_for_trends} sampled steps on`
      : "Looked for values that are not finite, gradients that vanish, explode or stay 0, updates, norms and loss";
  return {
    title: ofRun(run, `No problem found in ${plural(sites, "site")} over ${plural(steps, "sampled step")}`),
    counts: [looked],
  };
}

/** A sentence after the run's name, unless it has none of its own. Names of sites and NaN keep their capitals. */
const ofRun = (run: string, title: string) =>
  run === "." ? title : `${run}: ${title.replace(/^(The|First|Each|All|No) /, (word) => word.toLowerCase())}`;

/** What is so at the current step: sites that are exactly 0, without gradient, frozen. */
export function countsAt({ stage, steps, state }: StatisticsAnswer, now: number): string[] {
  const count = state.length / Math.max(1, steps.length);
  const index = indexAtOrBefore(steps, now);
  if (index < 0) return [];
  const row = state.subarray(index * count, (index + 1) * count);
  const step = `at step ${formatCount(steps[index] ?? 0)}`;
  const lines: [number, string][] = [
    [State.zero, `with ${STAGE_WORDS[stage]} exactly 0 ${step}`],
    [State.noGradient, `without gradient ${step}`],
    [State.frozen, "frozen"],
    [State.unsupported, "that can’t be measured"],
  ];
  return lines.flatMap(([wanted, words]) => {
    const found = row.filter((value) => value === wanted).length;
    return found > 0 ? [`${plural(found, "site")} ${words}`] : [];
  });
}

/**
 * The norm of all sites together at each step: the root of the sum of squares. NaN or Inf where a site is;
 * NaN where none was measured.
 */
export function globalNorm({
  steps,
  values,
  state,
}: Pick<StatisticsAnswer, "steps" | "values" | "state">): Float64Array {
  const count = values.length / Math.max(1, steps.length);
  return Float64Array.from(steps, (_, step) => {
    let squares = 0;
    let measured = 0;
    let worst = 0;
    for (let i = step * count; i < (step + 1) * count; i++) {
      const kind = state[i] ?? State.missing;
      if (isNonFinite(kind)) worst = Math.max(worst, kind === State.nan ? 2 : 1);
      if (kind !== State.finite && kind !== State.zero) continue;
      measured += 1;
      squares += (values[i] ?? 0) ** 2;
    }
    if (worst > 0) return worst === 2 ? Number.NaN : Number.POSITIVE_INFINITY;
    return measured > 0 ? Math.sqrt(squares) : Number.NaN;
  });
}
