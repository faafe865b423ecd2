// One typed function a route. Views never see a URL; the export answers the same interface from its own data.

import { ArraysAnswer } from "./arrays";
import { StepAnswers } from "./fresh";
import type {
  BandsAnswer,
  DistancesAnswer,
  DistributionsAnswer,
  ExecutionOrderAnswer,
  FindingsAnswer,
  FlightRecorderAnswer,
  GraphAnswer,
  Heatmap,
  HeatmapsAnswer,
  LossesAnswer,
  MeaningsAnswer,
  ProgressAnswer,
  RunsAnswer,
  SiteAnswer,
  SitesAnswer,
  Some,
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

/** The same run where none is named. */
export interface OtherPlace {
  other_run?: string;
  other_step: number;
}

export interface Api {
  runs(): Promise<RunsAnswer>;
  sites(place: Place): Promise<SitesAnswer>;
  /** `soon`: of the step at which a page waits for its first picture, the answer may be partial. */
  statistics(place: Place, stage: Stage, column: string, soon?: number): Promise<StatisticsAnswer>;
  site(place: Place, site: string): Promise<SiteAnswer>;
  distributions(place: Place, site: string, stage: Stage, some?: Some): Promise<DistributionsAnswer>;
  bands(place: Place, stage: Stage, some?: Some): Promise<BandsAnswer>;
  distances(place: Place, stage: Stage, step: number, other: OtherPlace): Promise<DistancesAnswer>;
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
  meanings(): Promise<MeaningsAnswer>;
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
    meanings: () => json("meanings"),
    sites: (place) => json("sites", place),
    statistics: (place, stage, column, soon) =>
      overSteps.get("statistics", { ...place, stage, column }, plain<StatisticsAnswer>, soon),
    site: (place, site) => overSteps.get("site", { ...place, site }, plain<SiteAnswer>),
    distributions: (place, site, stage, some) =>
      overSteps.get("distributions", { ...place, site, stage, ...some }, plain<DistributionsAnswer>),
    bands: (place, stage, some) => overSteps.get("bands", { ...place, stage, ...some }, plain<BandsAnswer>),
    distances: async (place, stage, step, other) =>
      plain<DistancesAnswer>(await arrays("distances", { ...place, stage, step, ...other })),
    heatmaps: async (place, step) => heatmapsOf(await arrays("heatmaps", { ...place, step })),
    graph: (place) => json("graph", place),
    tensorViews: (run) => json("tensor_views", { run }),
    tensorView: async (place, step) => plain<TensorViewAnswer>(await arrays("tensor_view", { ...place, step })),
    losses: (run) => overSteps.get("losses", { run }, plain<LossesAnswer>),
    learningRates: (run) => overSteps.get("learning_rates", { run }, plain<LossesAnswer>),
    progress: (run) => json("progress", { run }),
    findings: (place) => json("findings", place),
    executionOrder: (place) => json("execution_order", place),
    watchCost: (place) => overSteps.get("watch_cost", place, plain<WatchCostAnswer>),
    flightRecorder: async (place, step) =>
      plain<FlightRecorderAnswer>(await arrays("flight_recorder", { ...place, step })),
  };
}

/**
 * Reads JSON; gives the same object again while the server's answer is the same, which its ETag tells. One answer is
 * kept of each request: they are about runs and groups, not about steps.
 */
function rememberingJson(get: (route: string, parameters: object) => Promise<Response>) {
  const known = new Map<string, { tag: string; answer: unknown }>();
  return async <T>(route: string, parameters: object = {}): Promise<T> => {
    const response = await get(route, parameters);
    const tag = response.headers.get("ETag") ?? "";
    const key = JSON.stringify([route, parameters]);
    const old = known.get(key);
    if (old && old.tag === tag && tag !== "") return old.answer as T;
    const answer = (await response.json()) as T;
    known.set(key, { tag, answer });
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

/** "cell_rows" is cellRows. */
const camelCase = (name: string): string => name.replace(/_./g, (part) => part.slice(1).toUpperCase());

function named(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  return Object.fromEntries(entries.map(([name, value]) => [camelCase(name), value]));
}

/**
 * Fields and arrays of an answer by the page's names, which are those of http_api.md in camel case; the levels of
 * quantiles and the quantiles themselves have one name there.
 */
function plain<T>({ header: { quantiles: quantileLevels, ...fields }, arrays }: ArraysAnswer): T {
  const elements = [...arrays].map(([name, array]) => [name, array.elements] as const);
  return { ...named(Object.entries(fields)), quantileLevels, ...named(elements) } as T;
}

function heatmapsOf(answer: ArraysAnswer): HeatmapsAnswer {
  const { heatmaps, ...rest } = plain<HeatmapsAnswer>(answer);
  return {
    ...rest,
    heatmaps: heatmaps.map((header, index) => {
      const own = ["abs_max", "mean", "row_max", "column_max"].map(
        (name) => [name, answer.arrays.get(`${name}/${index}`)?.elements] as const,
      );
      return named([...Object.entries(header), ...own]) as unknown as Heatmap;
    }),
  };
}
