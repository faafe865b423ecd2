// One typed function a route. Views never see a URL; the export answers the same interface from its own data.

import { ArraysAnswer } from "./arrays";
import { StepAnswers } from "./fresh";
import type {
  BandsAnswer,
  DistributionsAnswer,
  ExecutionOrderAnswer,
  FindingsAnswer,
  FlightRecorderAnswer,
  GraphAnswer,
  Heatmap,
  HeatmapsAnswer,
  LossesAnswer,
  Problem,
  ProgressAnswer,
  Range,
  RunsAnswer,
  SiteAnswer,
  SitesAnswer,
  Stage,
  StatisticsAnswer,
  TensorViewAnswer,
  TensorViewsAnswer,
  WatchCostAnswer,
} from "./types";

/** A request failed; message and hint are sentences for the user. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

/** Where a group of records is. */
export interface Place {
  run: string;
  group: string;
}

export interface Api {
  runs(): Promise<RunsAnswer>;
  sites(place: Place): Promise<SitesAnswer>;
  statistics(place: Place, stage: Stage, column: string): Promise<StatisticsAnswer>;
  site(place: Place, site: string): Promise<SiteAnswer>;
  distributions(place: Place, site: string, stage: Stage): Promise<DistributionsAnswer>;
  bands(place: Place, stage: Stage): Promise<BandsAnswer>;
  heatmaps(place: Place, step: number): Promise<HeatmapsAnswer>;
  graph(place: Place): Promise<GraphAnswer>;
  tensorViews(run: string): Promise<TensorViewsAnswer>;
  tensorView(place: Place, step: number): Promise<TensorViewAnswer>;
  losses(run: string): Promise<LossesAnswer>;
  learningRates(run: string): Promise<LossesAnswer>;
  progress(run: string): Promise<ProgressAnswer>;
  findings(place: Place): Promise<FindingsAnswer>;
  executionOrder(place: Place): Promise<ExecutionOrderAnswer>;
  watchCost(place: Place): Promise<WatchCostAnswer>;
  flightRecorder(place: Place, step: number): Promise<FlightRecorderAnswer>;
}

type Parameters = Record<string, string | number>;

/** The API of the plugin's own server; `base` is where its routes are, relative to the page. */
export function httpApi(base = "."): Api {
  const get = async (route: string, parameters: object): Promise<Response> => {
    const query = new URLSearchParams(
      Object.entries(parameters as Parameters).map(([name, value]) => [name, String(value)]),
    );
    const response = await fetch(`${base}/${route}?${query}`).catch(unanswered);
    if (!response.ok) throw await errorOf(response);
    return response;
  };
  const json = rememberingJson(get);
  const arrays = async (route: string, parameters: object): Promise<ArraysAnswer> =>
    ArraysAnswer.decode(await (await get(route, parameters)).arrayBuffer());
  const overSteps = new StepAnswers(arrays);

  return {
    runs: () => json("runs"),
    sites: (place) => json("sites", place),
    statistics: (place, stage, column) => overSteps.get("statistics", { ...place, stage, column }, statisticsOf),
    site: (place, site) => overSteps.get("site", { ...place, site }, siteOf),
    distributions: (place, site, stage) => overSteps.get("distributions", { ...place, site, stage }, distributionsOf),
    bands: (place, stage) => overSteps.get("bands", { ...place, stage }, bandsOf),
    heatmaps: async (place, step) => heatmapsOf(await arrays("heatmaps", { ...place, step })),
    graph: (place) => json("graph", place),
    tensorViews: (run) => json("tensor_views", { run }),
    tensorView: async (place, step) => tensorViewOf(await arrays("tensor_view", { ...place, step })),
    losses: async (run) => lossesOf(await arrays("losses", { run })),
    learningRates: async (run) => lossesOf(await arrays("learning_rates", { run })),
    progress: (run) => json("progress", { run }),
    findings: (place) => json("findings", place),
    executionOrder: (place) => json("execution_order", place),
    watchCost: (place) => overSteps.get("watch_cost", place, watchCostOf),
    flightRecorder: async (place, step) => flightRecorderOf(await arrays("flight_recorder", { ...place, step })),
  };
}

/** Answers whose parsed form is kept, for the case that the next one is the same. */
const MOST_REMEMBERED = 32;

/** Reads JSON; gives the same object again while the server's answer is the same, which its ETag tells. */
function rememberingJson(get: (route: string, parameters: object) => Promise<Response>) {
  const known = new Map<string, { tag: string; answer: unknown }>();
  return async <T>(route: string, parameters: object = {}): Promise<T> => {
    const response = await get(route, parameters);
    const tag = response.headers.get("ETag") ?? "";
    const key = JSON.stringify([route, parameters]);
    const old = known.get(key);
    if (old && old.tag === tag && tag !== "") return old.answer as T;
    const answer = (await response.json()) as T;
    known.delete(key);
    known.set(key, { tag, answer });
    const [oldest = key] = known.keys();
    if (known.size > MOST_REMEMBERED) known.delete(oldest);
    return answer;
  };
}

function unanswered(): never {
  throw new ApiError("TensorBoard does not answer", "Is it still running? Its terminal says more.");
}

async function errorOf(response: Response): Promise<ApiError> {
  try {
    const { error } = (await response.json()) as { error: { message: string; hint: string } };
    return new ApiError(error.message, error.hint);
  } catch {
    return new ApiError(`TensorBoard answered ${response.status}`, "Is it still running? Its terminal says more.");
  }
}

const problemsOf = (answer: ArraysAnswer): Problem[] => answer.header.problems as Problem[];

function statisticsOf(answer: ArraysAnswer): StatisticsAnswer {
  return {
    stage: answer.header.stage as Stage,
    column: answer.header.column as string,
    steps: answer.float64("steps"),
    values: answer.float32("values"),
    state: answer.uint8("state"),
    problems: problemsOf(answer),
  };
}

function siteOf(answer: ArraysAnswer): SiteAnswer {
  return {
    site: answer.header.site as string,
    stages: answer.header.stages as Stage[],
    columns: answer.header.columns as string[],
    steps: answer.float64("steps"),
    values: answer.float64("values"),
    state: answer.uint8("state"),
    problems: problemsOf(answer),
  };
}

function distributionsOf(answer: ArraysAnswer): DistributionsAnswer {
  return {
    site: answer.header.site as string,
    stage: answer.header.stage as Stage,
    quantileLevels: answer.header.quantiles as number[],
    steps: answer.float64("steps"),
    starts: answer.int32("starts"),
    lower: answer.float64("lower"),
    upper: answer.float64("upper"),
    counts: answer.float64("counts"),
    zeros: answer.float64("zeros"),
    nan: answer.float64("nan"),
    posInf: answer.float64("pos_inf"),
    negInf: answer.float64("neg_inf"),
    quantiles: answer.float32("quantiles"),
    state: answer.uint8("state"),
    problems: problemsOf(answer),
  };
}

function bandsOf(answer: ArraysAnswer): BandsAnswer {
  return {
    stage: answer.header.stage as Stage,
    quantileLevels: answer.header.quantiles as number[],
    steps: answer.float64("steps"),
    values: answer.float32("values"),
    state: answer.uint8("state"),
    problems: problemsOf(answer),
  };
}

interface HeatmapHeader {
  site: string;
  stage: Stage;
  rows: number;
  columns: number;
  cell_rows: number;
  cell_columns: number;
  max_error: number;
  dead_rows: Range[];
  dead_columns: Range[];
}

function heatmapsOf(answer: ArraysAnswer): HeatmapsAnswer {
  const headers = answer.header.heatmaps as HeatmapHeader[];
  return {
    step: answer.header.step as number,
    heatmaps: headers.map((header, index) => heatmapOf(answer, header, index)),
    problems: problemsOf(answer),
  };
}

function heatmapOf(answer: ArraysAnswer, header: HeatmapHeader, index: number): Heatmap {
  return {
    site: header.site,
    stage: header.stage,
    rows: header.rows,
    columns: header.columns,
    cellRows: header.cell_rows,
    cellColumns: header.cell_columns,
    maxError: header.max_error,
    deadRows: header.dead_rows,
    deadColumns: header.dead_columns,
    absMax: answer.float32(`abs_max/${index}`),
    mean: answer.float32(`mean/${index}`),
    rowMax: answer.float32(`row_max/${index}`),
    columnMax: answer.float32(`column_max/${index}`),
  };
}

function tensorViewOf(answer: ArraysAnswer): TensorViewAnswer {
  return {
    name: answer.header.name as string,
    step: answer.header.step as number,
    dtype: answer.header.dtype as string,
    shape: answer.header.shape as number[],
    fullShape: answer.header.full_shape as number[],
    axes: answer.header.axes as string[],
    values: answer.float32("values"),
    problems: problemsOf(answer),
  };
}

function watchCostOf(answer: ArraysAnswer): WatchCostAnswer {
  return {
    share: answer.header.share as number | null,
    stepSeconds: answer.float64("step_seconds"),
    problems: problemsOf(answer),
  };
}

function flightRecorderOf(answer: ArraysAnswer): FlightRecorderAnswer {
  return {
    steps: answer.float64("steps"),
    gradientNorms: answer.float32("gradient_norms"),
    state: answer.uint8("state"),
    losses: answer.float64("losses"),
    problems: problemsOf(answer),
  };
}

function lossesOf(answer: ArraysAnswer): LossesAnswer {
  return {
    tag: answer.header.tag as string | null,
    steps: answer.float64("steps"),
    values: answer.float32("values"),
    problems: problemsOf(answer),
  };
}
