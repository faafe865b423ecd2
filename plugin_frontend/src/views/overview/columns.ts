// The statistics that the map can show: their names and scales. What they mean the server tells.

import type { Stage } from "../../api/types";
import { type ColourScale, magnitudeScale, signedScale } from "../../base/colour_scale";
import { differenceScale } from "../../base/difference_scale";
import { ratioScale } from "../../base/ratio_scale";

export type ScaleKind = "log" | "linear";

export interface Column {
  value: string;
  label: string;
  /** In the read-out, of a map whose numbers are made from the column's. */
  formula?: string;
  /** How its values become colours; "factor": log₁₀ of how many times larger. */
  kind: "magnitude" | "signed" | "ratio" | "share" | "factor";
  /** Only of this stage. */
  stage?: Stage;
}

export const COLUMNS: readonly Column[] = [
  { value: "l2", label: "norm", kind: "magnitude" },
  { value: "rms", label: "RMS", kind: "magnitude" },
  { value: "abs_max", label: "largest magnitude", kind: "magnitude" },
  { value: "min", label: "smallest value", kind: "signed" },
  { value: "max", label: "largest value", kind: "signed" },
  { value: "quantile_spread", label: "quantile spread", kind: "magnitude" },
  { value: "mean", label: "mean", kind: "signed" },
  { value: "std", label: "standard deviation", kind: "magnitude" },
  { value: "zero_share", label: "share of zeros", kind: "share" },
  { value: "nonfinite", label: "number of NaN and Inf", kind: "magnitude" },
  { value: "update_ratio", label: "update ratio", kind: "ratio", stage: "update" },
  { value: "lost_share", label: "share of lost updates", kind: "share", stage: "update" },
  {
    value: "dead_share",
    label: "share of dead units",
    kind: "share",
    stage: "activation",
  },
];

export const NORM: Column = { value: "l2", label: "norm", kind: "magnitude" };

export const STAGE_WORDS: Record<Stage, string> = {
  parameter: "parameter",
  gradient: "gradient",
  raw_gradient: "gradient before clipping",
  update: "update",
  activation: "activation",
  tensor: "tensor",
};

/** The columns that a stage has. */
export function columnsOf(stage: Stage): Column[] {
  return COLUMNS.filter((column) => column.stage === undefined || column.stage === stage);
}

/** The wanted column if the stage has it, else the norm. */
export function columnOf(wanted: string, stage: Stage): Column {
  return columnsOf(stage).find(({ value }) => value === wanted) ?? NORM;
}

/** The wanted stage if it was measured, else the gradient, else what there is. */
export function stageOf(wanted: Stage, stages: readonly Stage[]): Stage | null {
  return [wanted, "gradient" as const].find((stage) => stages.includes(stage)) ?? stages[0] ?? null;
}

/** "gradient norm", "share of zeros of the update": what a cell's number is. */
export function describeCell({ kind, label }: Column, stage: Stage): string {
  return kind === "share" || kind === "ratio" ? label : `${label} of the ${STAGE_WORDS[stage]}`;
}

/** The colours of a column over all its values. */
export function scaleOf(column: Column, values: Float32Array, kind: ScaleKind, dark: boolean): ColourScale {
  switch (column.kind) {
    case "signed":
      return signedScale(values, { dark, kind });
    case "factor":
      return differenceScale(values, dark);
    case "ratio":
      return ratioScale(values, dark);
    case "share":
      return magnitudeScale(values, { dark, kind: "linear", range: [0, 1] });
    case "magnitude":
      return magnitudeScale(values, { dark, kind });
  }
}

/** Whether the reader can choose between a logarithmic and a linear scale. */
export function hasScaleChoice(column: Column): boolean {
  return column.kind === "magnitude" || column.kind === "signed";
}
