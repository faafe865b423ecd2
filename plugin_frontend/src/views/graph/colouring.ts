// The choices of what colours the boxes, and the data that each needs.

import { useMemo } from "preact/hooks";
import type { Api, Place } from "../../api/client";
import type { Site, SitesAnswer, Stage } from "../../api/types";
import { type ReadonlySignal, useComputed } from "../../base/signals";
import { useResource } from "../../store/data";
import { keptWord } from "../../store/kept";
import { currentStep } from "../../store/selection";
import { dark, tokens } from "../../theme";
import { type Health, NO_HEALTH } from "./health";
import { type Norms, nonFiniteHealth, normHealth, ratioHealth, shareHealth } from "./health_statistics";
import { bytesHealth, countHealth, dtypeHealth, flopsHealth, frozenHealth, structureHealth } from "./health_structure";
import type { GraphModel } from "./model";

const COLOURINGS = [
  "gradient",
  "update_ratio",
  "parameter",
  "zeros",
  "nonfinite",
  "lost",
  "count",
  "flops",
  "bytes",
  "dtype",
  "frozen",
  "structure",
  "none",
] as const;
export type Colouring = (typeof COLOURINGS)[number];

/** In the words of the menu. */
export const COLOURING_WORDS: Record<Colouring, string> = {
  gradient: "gradient norm",
  update_ratio: "update ratio",
  parameter: "parameter norm",
  zeros: "zero share",
  nonfinite: "NaN and Inf",
  lost: "lost updates",
  count: "parameters",
  flops: "FLOPs",
  bytes: "memory moved",
  dtype: "dtype",
  frozen: "frozen or trainable",
  structure: "structure",
  none: "none",
};

export const COLOURING_OPTIONS = COLOURINGS.map((value) => ({
  value,
  label: COLOURING_WORDS[value],
  meaning: `coloured_${value}`,
}));

/** It stays while other views are looked at, and in the address. */
export const colouring = keptWord<Colouring>("colour", COLOURINGS);

/** What only one of the colourings needs: asked for while it is chosen. */
const EXTRA: Partial<Record<Colouring, { stage: Stage; column: string }>> = {
  zeros: { stage: "gradient", column: "zero_share" },
  nonfinite: { stage: "gradient", column: "nonfinite" },
  lost: { stage: "update", column: "lost_share" },
};

/** What the boxes of one run's graph are coloured from. */
export interface RunNumbers extends Norms {
  sites: Site[];
}

/** Asks for what the colouring needs of the run at a place. */
export function useNumbers(
  api: Api,
  where: ReadonlySignal<Place | null>,
  table: ReadonlySignal<SitesAnswer | null>,
): RunNumbers {
  const key = (stage: Stage, column: string) => () =>
    where.value && table.value?.stages.includes(stage) ? { place: where.value, stage, column } : null;
  const ask = (wanted: { place: Place; stage: Stage; column: string }) =>
    api.statistics(wanted.place, wanted.stage, wanted.column);
  const extraKey = useComputed(() => {
    const extra = EXTRA[colouring.value];
    return extra ? key(extra.stage, extra.column)() : null;
  });
  const extra = useResource(extraKey, ask).value.data;
  return {
    sites: table.value?.sites ?? NO_SITES,
    gradient: useResource(useComputed(key("gradient", "l2")), ask).value.data,
    update: useResource(useComputed(key("update", "l2")), ask).value.data,
    parameter: useResource(useComputed(key("parameter", "l2")), ask).value.data,
    extra: extra?.column === EXTRA[colouring.value]?.column ? extra : null,
  };
}

const NO_SITES: Site[] = [];

export function useHealth(model: GraphModel | null, numbers: RunNumbers): Health {
  const step = currentStep.value;
  const { sites: list, gradient, update, parameter, extra } = numbers;
  const chosen = colouring.value;
  return useMemo(() => {
    if (!model) return NO_HEALTH;
    const isDark = dark.value;
    const { graph, hierarchy } = model;
    const make: Record<Colouring, () => Health> = {
      gradient: () => normHealth(list, gradient, step, isDark),
      update_ratio: () => ratioHealth(list, { update, parameter }, step, isDark),
      parameter: () => normHealth(list, parameter, step, isDark),
      zeros: () => shareHealth(list, extra, step, isDark),
      nonfinite: () => nonFiniteHealth(list, extra, step, isDark),
      lost: () => shareHealth(list, extra, step, isDark),
      count: () => countHealth(model.parameterCounts, isDark),
      flops: () => flopsHealth(hierarchy, isDark),
      bytes: () => bytesHealth(graph, hierarchy, isDark),
      dtype: () => dtypeHealth(graph, hierarchy, tokens.value),
      frozen: () => frozenHealth(graph, hierarchy, tokens.value),
      structure: () => structureHealth(hierarchy, tokens.value),
      none: () => NO_HEALTH,
    };
    return make[chosen]();
  }, [model, list, step, gradient, update, parameter, extra, chosen, dark.value]);
}
