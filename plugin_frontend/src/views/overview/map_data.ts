// What the map draws of what was fetched: which run or difference, whose colours.

import type { StatisticsAnswer } from "../../api/types";
import type { Column } from "./columns";
import { differenceOf } from "./difference";
import { rowShares } from "./row_shares";
import type { RunData } from "./run_data";

export interface MapOptions {
  /** Index of the run, or the first against the second. */
  shows: "difference" | number;
  rowColours: "shared" | "own";
}

export interface MapData {
  /** What is true: the run, or the difference. Read-outs, the table and the CSV come from it. */
  data: RunData;
  /** What is coloured: the same, or each row as shares of its largest value. */
  cells: StatisticsAnswer;
  /** Meaning of the coloured numbers. */
  column: Column;
  /** The runs whose numbers are read out beside it, the one that it shows first. */
  runs: readonly RunData[];
}

const SHARE_OF_LARGEST = "of the row's largest";

/** Null without runs. What can't be shown (a difference of one run) is the first run. */
export function mapDataOf(runs: readonly RunData[], { shows, rowColours }: MapOptions): MapData | null {
  const [first, second] = runs;
  if (!first) return null;
  const isDifference = shows === "difference" && second !== undefined;
  const chosen = isDifference ? differenceOf(first, second) : (runs[Number(shows)] ?? first);
  const own = rowColours === "own" && hasOwnColours(chosen.column);
  const cells = own ? rowShares(chosen.cells) : chosen.cells;
  const column: Column = own
    ? { ...chosen.column, kind: ownKind(chosen.column), formula: SHARE_OF_LARGEST }
    : chosen.column;
  return {
    data: chosen,
    cells,
    column,
    runs: [...runs].sort((a, b) => Number(b === chosen) - Number(a === chosen)),
  };
}

/** Shares have one scale already; a difference is relative as it is. */
export function hasOwnColours({ kind }: Column): boolean {
  return kind === "magnitude" || kind === "ratio" || kind === "signed";
}

function ownKind({ kind }: Column): Column["kind"] {
  return kind === "signed" ? "signed" : "magnitude";
}
