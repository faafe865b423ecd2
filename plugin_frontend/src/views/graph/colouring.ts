// The choices of what colours the boxes, and the data that each needs.

import { computed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { Api, Place } from "../../api/client";
import type { Stage } from "../../api/types";
import { sites, useResource } from "../../store/data";
import { keptWord } from "../../store/kept";
import { currentStep, place } from "../../store/selection";
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

export const COLOURING_OPTIONS = COLOURINGS.map((value) => {
  const { name, formula } = COLOURING_WORDS[value];
  return { value, label: name, ...(formula && { formula }) };
});

/** It stays while other views are looked at, and in the address. */
export const colouring = keptWord<Colouring>("colour", COLOURINGS);

/** What only one of the colourings needs: asked for while it is chosen. */
const EXTRA: Partial<Record<Colouring, { stage: Stage; column: string }>> = {
  zeros: { stage: "gradient", column: "zero_share" },
  nonfinite: { stage: "gradient", column: "nonfinite" },
  lost: { stage: "update", column: "lost_share" },
};

const placeWith = (stage: Stage) =>
  computed<Place | null>(() => (sites.value.data?.stages.includes(stage) ? place.value : null));
const gradientPlace = placeWith("gradient");
const updatePlace = placeWith("update");
const parameterPlace = placeWith("parameter");
const extraKey = computed(() => {
  const extra = EXTRA[colouring.value];
  return extra && place.value && sites.value.data?.stages.includes(extra.stage)
    ? { where: place.value, ...extra }
    : null;
});

export function useNorms(api: Api): Norms {
  const extra = useResource(extraKey, ({ where, stage, column }) => api.statistics(where, stage, column)).value.data;
  return {
    gradient: useResource(gradientPlace, (where) => api.statistics(where, "gradient", "l2")).value.data,
    update: useResource(updatePlace, (where) => api.statistics(where, "update", "l2")).value.data,
    parameter: useResource(parameterPlace, (where) => api.statistics(where, "parameter", "l2")).value.data,
    extra: extra?.column === EXTRA[colouring.value]?.column ? extra : null,
  };
}

export function useHealth(model: GraphModel, norms: Norms): Health {
  const known = sites.value.data?.sites;
  const step = currentStep.value;
  const { gradient, update, parameter, extra } = norms;
  const chosen = colouring.value;
  return useMemo(() => {
    const list = known ?? [];
    const isDark = dark.value;
    const { graph, hierarchy } = model;
    const make: Record<Colouring, () => Health> = {
      gradient: () => normHealth(list, gradient, step, isDark),
      update_ratio: () => ratioHealth(list, norms, step, isDark),
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
  }, [model, known, step, gradient, update, parameter, extra, chosen, dark.value]);
}
