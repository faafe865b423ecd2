// The answers of the plugin's routes, field by field as torchviz_tb/plugin/http_api.md states them.

export type Stage = "parameter" | "gradient" | "raw_gradient" | "update" | "activation" | "tensor";

export type Kind =
  | "sites"
  | "statistics"
  | "distributions"
  | "heatmaps"
  | "graph"
  | "progress"
  | "tensor_view"
  | "incidents"
  | "flight_recorder";

/** What a number is; the values of the `state` arrays. */
export * as State from "./state";

/** A record or file that could not be read; everything else of the answer is there. */
export interface Problem {
  run: string;
  group: string | null;
  kind: string | null;
  step: number | null;
  message: string;
  hint: string;
}

interface Answer {
  problems: Problem[];
}

export interface Group {
  name: string;
  /** Steps that TensorBoard kept, ascending. */
  kinds: Partial<Record<Kind, number[]>>;
}

export type Curve = "loss" | "learning_rate";

export interface Run {
  name: string;
  /** Empty: the run has none of our data. */
  groups: Group[];
  /** Which of them its ordinary scalars hold. */
  curves: Curve[];
}

export interface RunsAnswer extends Answer {
  schema_version: number;
  log_directory: { path: string; state: "ok" | "missing" | "empty" | "unknown" };
  runs: Run[];
}

export type Severity = "critical" | "warning" | "note";

/** What is wrong, why we think so, and what people do about it. */
export interface Finding {
  kind: string;
  severity: Severity;
  title: string;
  evidence: string;
  /** The step since which it is so. */
  step: number;
  /** The one to look at first, then the others; empty: it is about the run. */
  sites: string[];
  /** Where the evidence is; null: in the loss. Without sites: in all of them together. */
  picture: { stage: Stage; column: string; sites: string[]; first_step: number; last_step: number } | null;
  why: string;
  advice: string;
  source: string;
  link: string;
}

/** Worst first. */
export interface FindingsAnswer extends Answer {
  findings: Finding[];
  steps: number;
  sites: number;
  steps_for_trends: number;
  checked: string[];
}

export interface Site {
  name: string;
  aliases: string[];
  shape: number[];
  dtype: string;
  frozen: boolean;
  module: string;
  module_type: string;
  device: string;
  /** Position in the optimizer's parameter groups plus one; 0: in none. */
  parameter_group: number;
  /** True: what a module returns, of which only the stage "activation" has numbers. */
  output?: boolean;
  reason: string | null;
}

export interface ExecutionOrderAnswer extends Answer {
  /** Of each site, in the order of the sites. */
  ranks: number[];
}

/** The steps that led to an accident: S, over N sites in the order of `sites`. */
export interface FlightRecorderAnswer extends Answer {
  steps: Float64Array;
  /** [S × N], L2 over all values: NaN or infinite where the gradient holds one. */
  gradientNorms: Float32Array;
  state: Uint8Array;
  /** [S]; NaN: not told, or not a number. */
  losses: Float64Array;
}

/** What watching costs. */
export interface WatchCostAnswer {
  /** Share of the wall time, 0 to 1; null: not measured. */
  share: number | null;
  /** Wall seconds of a training step, at each sample; NaN: not measured. */
  stepSeconds: Float64Array;
  problems: Problem[];
}

export interface MeaningsAnswer {
  /** By column, and by names of their own: how a number is computed, and in one line what it says. */
  meanings: Record<string, { formula: string; says: string }>;
  problems: Problem[];
}

export interface SitesAnswer extends Answer {
  sites: Site[];
  stages: Stage[];
}

/** S steps × N sites. */
export interface StatisticsAnswer extends Answer {
  stage: Stage;
  column: string;
  /** Whether the other steps are still being read. */
  partial?: boolean;
  steps: Float64Array;
  values: Float32Array;
  state: Uint8Array;
}

/** T stages × C columns × S steps. */
export interface SiteAnswer extends Answer {
  site: string;
  stages: Stage[];
  columns: string[];
  steps: Float64Array;
  values: Float64Array;
  state: Uint8Array;
}

/** S steps, B bins of all steps together, Q quantiles. */
export interface DistributionsAnswer extends Answer {
  site: string;
  stage: Stage;
  quantileLevels: number[];
  steps: Float64Array;
  /** Step i has the bins from starts[i] up to, not with, starts[i + 1]. */
  starts: Int32Array;
  lower: Float64Array;
  upper: Float64Array;
  counts: Float64Array;
  zeros: Float64Array;
  nan: Float64Array;
  posInf: Float64Array;
  negInf: Float64Array;
  quantiles: Float32Array;
  state: Uint8Array;
}

/** Of which steps and sites an answer is; of all without it. */
export interface Some {
  /** At most so many steps, evenly apart. */
  most_steps?: number;
  /** One: the last that is not after it, or else the first. */
  step?: number;
  /** Positions of sites, joined by commas. */
  sites?: string;
}

/** N sites. */
export interface DistancesAnswer extends Answer {
  stage: Stage;
  step: number;
  otherRun: string;
  otherStep: number;
  /** Wasserstein-1 distance in the values' own unit; NaN where one side has no finite value. */
  distance: Float64Array;
  /** 0: the same, 1: nothing in common. */
  relative: Float32Array;
  state: Uint8Array;
  otherState: Uint8Array;
}

/** N sites × S steps × Q quantiles. */
export interface BandsAnswer extends Answer {
  stage: Stage;
  quantileLevels: number[];
  steps: Float64Array;
  values: Float32Array;
  state: Uint8Array;
}

/** [start, length] of rows or columns. */
export type Range = [number, number];

/** Exponents of ten from which and to which colours go, over all steps; null: no finite cell above 0. */
export type HeatmapRanges = Record<"abs_max" | "mean", readonly [low: number, high: number] | null>;

export interface Heatmap {
  site: string;
  stage: Stage;
  rows: number;
  columns: number;
  cellRows: number;
  cellColumns: number;
  /** Largest relative error of absMax that the stored form allows. */
  maxError: number;
  deadRows: Range[];
  deadColumns: Range[];
  absMax: Float32Array;
  mean: Float32Array;
  rowMax: Float32Array;
  columnMax: Float32Array;
  ranges: HeatmapRanges;
}

export interface HeatmapsAnswer extends Answer {
  /** The step shown: the asked one, or the last before it. */
  step: number;
  /** Of all maps together. */
  ranges: HeatmapRanges;
  heatmaps: Heatmap[];
}

export interface TensorType {
  shape: number[];
  dtype: string;
  device: string;
}

/** Index of an operation, −(i + 1) for input i, null for a constant. */
export type Source = number | null;

export interface GraphAnswer extends Answer {
  model_type: string;
  mode: "training_step" | "add_graph" | "modules";
  torch_version: string;
  notes: string[];
  dropped_operations: number;
  types: TensorType[];
  parameters: { name: string; aliases: string[]; type: number; frozen: boolean; buffer: boolean }[];
  /** Relative to the user's project. */
  files?: string[];
  scopes: {
    path: string[];
    type: string[];
    parent: number[];
    call: number[];
    parameters: number[][];
    training: boolean[];
    /** Equal numbers: the calls did the same. */
    structure?: number[];
    /** Where the class's forward begins; −1: not known. */
    file?: number[];
    line?: number[];
  };
  /** Functions that the module's code called. */
  calls?: { name: string[]; scope: number[]; file: number[]; line: number[] };
  operations: {
    name: string[];
    scope: number[];
    sources: Source[][];
    outputs: number[][];
    parameters: number[][];
    flops: number[];
    /** What flows on each edge, as indices into the types; −1: not known. */
    source_types?: number[][];
    /** Of the distinct tensors that are read and written. */
    bytes?: number[];
    /** Index into the calls; −1: none was seen. */
    call?: number[];
    attributes?: Record<string, string>[];
  };
  /** What the backward pass ran; `forward` is an operation or −1. */
  backward?: { name: string[]; forward: number[]; flops: number[] };
  inputs: { name: string; type: number }[];
  outputs: { name: string; type: number; source: Source }[];
}

export interface TensorViewEntry {
  group: string;
  name: string;
  steps: number[];
  shape: number[];
  full_shape: number[];
  dtype: string;
  axes: string[];
}

export interface TensorViewsAnswer extends Answer {
  tensor_views: TensorViewEntry[];
}

export interface TensorViewAnswer extends Answer {
  name: string;
  step: number;
  dtype: string;
  shape: number[];
  fullShape: number[];
  axes: string[];
  values: Float32Array;
}

export interface LossesAnswer extends Answer {
  /** Null: the run has no scalar that tells of a loss. */
  tag: string | null;
  steps: Float64Array;
  values: Float32Array;
}

export interface Progress {
  step: number;
  total_steps: number | null;
  epoch: number | null;
  epochs: number | null;
  step_in_epoch: number | null;
  steps_in_epoch: number | null;
  items_per_second: number | null;
}

export interface ProgressAnswer extends Answer {
  progress: Progress | null;
}
