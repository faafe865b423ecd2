// The map as a table, for those who don't see it, and as a CSV file.

import { State } from "../../api/types";
import { isNonFinite } from "../../base/cells";
import { csvOf } from "../../base/csv";
import { formatCount } from "../../base/format";
import { Table, type TableRow } from "../../widgets/table";
import { describeCell } from "./columns";
import type { RunData } from "./run_data";
import { describeStep, describeValue } from "./settings";

export function MapTwin({ data }: { data: RunData }) {
  const { cells, sites, column, stage } = data;
  const last = cells.steps.length - 1;
  const rows = sites.map(({ name }, site): TableRow => {
    const ends = [0, last].map((step) => valueText(data, step, site));
    return { key: name, cells: [name, ...ends, firstNonFinite(data, site)] };
  });
  const head = ["site", describeStep(cells.steps[0] ?? 0), describeStep(cells.steps[last] ?? 0), "not finite from"];
  return <Table hidden caption={describeCell(column, stage)} head={head} rows={rows} />;
}

function valueText({ cells, sites }: RunData, step: number, site: number): string {
  const at = step * sites.length + site;
  return describeValue(cells.values[at] ?? Number.NaN, cells.state[at] ?? State.missing);
}

function firstNonFinite({ cells, sites }: RunData, site: number): string {
  const index = cells.steps.findIndex((_, step) => isNonFinite(cells.state[step * sites.length + site] ?? 0));
  return index < 0 ? "" : formatCount(cells.steps[index] ?? 0);
}

/** A line a step, a column a site; what is not a number is in words. */
export function mapCsv({ cells, sites }: RunData): string {
  const head = ["step", ...sites.map(({ name }) => name)];
  const lines = Array.from(cells.steps, (step, row) => [
    String(step),
    ...sites.map((_, site) => csvValue(row * sites.length + site)),
  ]);
  function csvValue(at: number): string {
    const state = cells.state[at] ?? State.missing;
    return state === State.finite ? String(cells.values[at]) : describeValue(0, state);
  }
  return csvOf([head, ...lines]);
}
