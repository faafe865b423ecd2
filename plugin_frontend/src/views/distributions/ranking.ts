// Which sites' distributions are farthest apart: between two steps of a run, or between two runs at a step.

import { useMemo } from "preact/hooks";
import type { Api, OtherPlace, Place } from "../../api/client";
import type { DistancesAnswer, Stage } from "../../api/types";
import { isNonFinite } from "../../base/cells";
import { formatCount } from "../../base/format";
import { computed, type ReadonlySignal } from "../../base/signals";
import { indexAtOrBefore } from "../../base/steps";
import type { Resource } from "../../store/resource";
import { comparedRuns, currentStep, place } from "../../store/selection";
import { useSteadily } from "../../store/steady";
import { playing } from "../../store/step";
import { allSteps } from "./data";
import { order, shownStage } from "./options";

/** What a site's distribution is compared with: its own at the first or the previous step, or the other run's. */
export type Against = "first" | "previous" | "runs";

interface Key {
  place: Place;
  stage: Stage;
  step: number;
  other: OtherPlace;
}

/** Of the first compared run. */
export const otherRun = () => comparedRuns.value[0]?.name;

/** What the list of the panel and an order by distance go by; without another run there is no difference to one. */
export function listedAgainst(): Against {
  const by = order.value;
  return by === "first" || by === "previous" ? by : otherRun() ? "runs" : "first";
}

export function useDistances(api: Api): ReadonlySignal<Resource<DistancesAnswer>> {
  const key = useMemo(() => {
    let step: number | null = null;
    return computed<Key | null>(() => {
      // What is sorted by it must not jump while steps are played.
      if (!playing.value) step = currentStep.value;
      const run = listedAgainst() === "runs" ? otherRun() : undefined;
      const other_step = run === undefined ? stepBefore(step) : step;
      if (!place.value || !shownStage.value || step === null || other_step == null) return null;
      const other = run === undefined ? { other_step } : { other_run: run, other_step };
      return { place: place.value, stage: shownStage.value, step, other };
    });
  }, []);
  return useSteadily(key, ({ place: where, stage, step, other }) => api.distances(where, stage, step, other));
}

/** The step that a step is compared with. */
function stepBefore(step: number | null): number | undefined {
  const [all, isPrevious] = [allSteps.value, listedAgainst() === "previous"];
  return all[isPrevious ? Math.max(0, indexAtOrBefore(all, step ?? 0) - 1) : 0];
}

/**
 * What sites are ranked by: the relative distance. A site that is finite on one side alone comes before all, one that
 * can't be compared after all.
 */
export function scoreOf({ relative, state, otherState }: DistancesAnswer, site: number): number {
  const [here, there] = [isNonFinite(state[site] ?? 0), isNonFinite(otherState[site] ?? 0)];
  if (here !== there) return Number.POSITIVE_INFINITY;
  const distance = relative[site] ?? Number.NaN;
  return Number.isNaN(distance) ? -1 : distance;
}

/** Sites by score, the largest first; equal ones stay in their order. */
export function ranked(sites: readonly number[], answer: DistancesAnswer): number[] {
  return [...sites].sort((a, b) => {
    const [first, second] = [scoreOf(answer, a), scoreOf(answer, b)];
    return first === second ? a - b : second - first;
  });
}

/** What is compared: "between the runs at step 100", "from step 0 to 100". */
export function whichSteps({ step, otherStep }: DistancesAnswer): string {
  const to = formatCount(step);
  return listedAgainst() === "runs" ? `between the runs at step ${to}` : `from step ${formatCount(otherStep)} to ${to}`;
}

/** "0.62"; null where there is nothing to compare. */
export function distanceWord(answer: DistancesAnswer, site: number): string | null {
  const score = scoreOf(answer, site);
  return score > 1 ? "NaN, Inf" : score < 0 ? null : score.toFixed(2);
}
