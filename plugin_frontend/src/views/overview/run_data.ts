// What the Overview asks for: of each drawn run its sites, the statistic of the map, the gradient norms, its progress.

import type { Api, Place } from "../../api/client";
import type { Progress, Run, Site, Stage, StatisticsAnswer } from "../../api/types";
import { computed } from "../../base/signals";
import { column, comparedRuns, place, shownRun, stage } from "../../store/selection";
import { runByRun } from "../../store/soon";
import { type Column, columnOf, NORM, stageOf } from "./columns";

export interface RunData {
  place: Place;
  sites: Site[];
  stages: Stage[];
  /** What the map shows. */
  stage: Stage;
  column: Column;
  cells: StatisticsAnswer;
  /** Norms of the gradients (of the map's stage where there are none), for the headline and the track. */
  norms: StatisticsAnswer;
  progress: Progress | null;
}

export interface Wanted {
  shown: Place;
  compared: Place[];
  stage: Stage;
  column: string;
}

/** The group of a compared run: the one of the same name, else the first with statistics. */
function placeIn(run: Run, group: string): Place | null {
  const groups = run.groups.filter(({ kinds }) => kinds.statistics?.length);
  const found = groups.find(({ name }) => name === group) ?? groups[0];
  return found ? { run: run.name, group: found.name } : null;
}

/** As text, so that a reload that changes nothing is not a new key. */
export const wantedKey = computed<string | null>(() => {
  const shown = place.value;
  const run = shownRun.value;
  const here = run?.groups.find(({ name }) => name === shown?.group);
  if (!shown || !here?.kinds.statistics?.length) return null;
  const compared = comparedRuns.value.flatMap((other) => placeIn(other, shown.group) ?? []);
  return JSON.stringify({ shown, compared, stage: stage.value, column: column.value } satisfies Wanted);
});

/** The shown run first; where just others came or went, it stays as it is until all are there. */
export function fetchRuns(
  api: Api,
  key: string,
  show: (runs: RunData[]) => void,
  old: RunData[] | null,
): Promise<RunData[]> {
  const wanted = JSON.parse(key) as Wanted;
  const [first] = old ?? [];
  const isDrawn =
    first?.place.run === wanted.shown.run &&
    first.place.group === wanted.shown.group &&
    first.stage === wanted.stage &&
    first.column.value === wanted.column;
  return runByRun(
    [wanted.shown, ...wanted.compared],
    (where, soon) => askRun(api, where, wanted, soon),
    (runs) => isDrawn || show(runs),
    ({ cells, norms }) => cells.partial === true || norms.partial === true,
  );
}

async function askRun(api: Api, where: Place, wanted: Wanted, soon?: number): Promise<RunData> {
  const statistics = (stage: Stage, { value }: Column) => api.statistics(where, stage, value, soon);
  // Nearly always the wanted stage is there: its numbers are asked for before it is certain, as they take longest.
  const likely = statistics(wanted.stage, columnOf(wanted.column, wanted.stage));
  likely.catch(() => {}); // it is awaited below, or not wanted after all
  const [{ sites, stages }, progress] = await Promise.all([api.sites(where), quietly(() => api.progress(where.run))]);
  const shownStage = stageOf(wanted.stage, stages) ?? "parameter";
  const shownColumn = columnOf(wanted.column, shownStage);
  const normStage = stageOf("gradient", stages) ?? shownStage;
  const isNorm = normStage === shownStage && shownColumn.value === "l2";
  const cells = shownStage === wanted.stage ? likely : statistics(shownStage, shownColumn);
  const norms = isNorm ? cells : statistics(normStage, NORM);
  return {
    place: where,
    sites,
    stages,
    stage: shownStage,
    column: shownColumn,
    cells: await cells,
    norms: await norms,
    progress: progress?.progress ?? null,
  };
}

/** What is a line beside the rest: without it everything else is shown. */
export async function quietly<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch {
    return null;
  }
}
