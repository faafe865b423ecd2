// The choices of what colours the boxes, and the data that each needs.

import { type ReadonlySignal, useComputed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { Api, Place } from "../../api/client";
import type { Site, SitesAnswer, Stage } from "../../api/types";
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

/** In the words of the menu, with what is computed. */
export const COLOURING_WORDS: Record<Colouring, { name: string; formula: string }> = {
  gradient: { name: "gradient norm", formula: "‖g‖ over a module" },
  update_ratio: { name: "update ratio", formula: "‖Δw‖ / ‖w‖" },
  parameter: { name: "parameter norm", formula: "‖w‖ over a module" },
  zeros: { name: "zero share", formula: "values of g that are exactly 0" },
  nonfinite: { name: "NaN and Inf", formula: "values of g that are not finite" },
  lost: { name: "lost updates", formula: "w + Δw = w though g ≠ 0" },
  count: { name: "parameters", formula: "number of values" },
  flops: { name: "FLOPs", formula: "forward" },
  bytes: { name: "memory moved", formula: "bytes read and written, forward" },
  dtype: { name: "dtype", formula: "of parameters" },
  frozen: { name: "frozen or trainable", formula: "" },
  structure: { name: "structure", formula: "equal modules alike" },
  none: { name: "none", formula: "" },
};

/** The statistic behind a colouring of another name. */
const EXPLAINED_AS: Partial<Record<Colouring, string>> = {
  gradient: "l2",
  parameter: "l2",
  zeros: "zero_share",
  lost: "lost_share",
};

export const COLOURING_OPTIONS = COLOURINGS.map((value) => {
  const { name, formula } = COLOURING_WORDS[value];
  return { value, label: name, formula, meaning: EXPLAINED_AS[value] ?? value };
});

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
