// What a cell of the map says: its value, what is usual there, and the same in compared runs.

import type { ComponentChildren } from "preact";
import { State } from "../../api/types";
import { formatCount, formatNumber } from "../../base/format";
import { indexAtOrBefore } from "../../base/steps";
import { SiteName } from "../../widgets/site_name";
import { describeCell } from "./columns";
import { BEYOND } from "./difference";
import type { MapData } from "./map_data";
import { groupOf } from "./map_folds";
import type { MapRows } from "./map_rows";
import type { RunData } from "./run_data";
import { describeStep, describeValue } from "./settings";

type Row = [when: string, value: string, what: string];

export function readoutOf(
  { data: shown, runs }: MapData,
  map: MapRows,
  cell: { row: number; column: number },
): { title: ComponentChildren; rows: Row[] } {
  const index = map.sites[cell.row] ?? 0;
  const site = shown.sites[index];
  if (!site) return { title: "", rows: [] };
  const isDifference = shown.column.kind === "factor" || !runs.some(({ column }) => column === shown.column);
  const step = shown.cells.steps[cell.column] ?? 0;
  const here = valueAt(shown, index, cell.column);
  const reason =
    here.state === State.unsupported && site.reason ? site.reason : describeCell(shown.column, shown.stage);
  return {
    title: <SiteName name={site.name} />,
    rows: [
      [describeStep(step), describeCellValue(shown, here), isDifference ? (shown.column.formula ?? "") : reason],
      ...closed(map, cell.row),
      ...(isDifference ? [] : usual(shown, index)),
      ...(isDifference ? runs : runs.slice(1)).flatMap((other) => compared(other, site.name, step)),
    ],
  };
}

/** Of a module that is one row: whose cell it is. */
function closed(map: MapRows, row: number): Row[] {
  const group = groupOf(map, row);
  return group?.form === "closed" ? [["seen", `1 of ${group.to - group.from}`, `sites in ${group.label}`]] : [];
}

/** A factor as such: "×3.2". */
function describeCellValue({ column }: RunData, { value, state }: { value: number; state: number }): string {
  if (column.kind !== "factor" || state !== State.finite) return describeValue(value, state);
  if (Math.abs(value) >= BEYOND) return "from or to 0";
  return `${value < 0 ? "÷" : "×"}${formatNumber(10 ** Math.abs(value))}`;
}

function valueAt({ cells, sites }: RunData, site: number, column: number): { value: number; state: number } {
  const at = column * sites.length + site;
  return { value: cells.values[at] ?? Number.NaN, state: cells.state[at] ?? State.missing };
}

/** The median of the site's finite values at all steps. */
function usual(data: RunData, site: number): Row[] {
  const finite = Array.from(data.cells.steps, (_, column) => valueAt(data, site, column))
    .filter(({ state }) => state === State.finite || state === State.zero)
    .map(({ value }) => value)
    .sort((a, b) => a - b);
  if (finite.length < 3) return [];
  const median = finite[Math.floor(finite.length / 2)] ?? 0;
  return [
    [
      "usual",
      describeValue(median, median === 0 ? State.zero : State.finite),
      `median of ${formatCount(finite.length)} steps`,
    ],
  ];
}

function compared(other: RunData, name: string, step: number): Row[] {
  const site = other.sites.findIndex((candidate) => candidate.name === name);
  const column = indexAtOrBefore(other.cells.steps, step);
  if (site < 0 || column < 0) return [];
  const { value, state } = valueAt(other, site, column);
  const found = other.cells.steps[column] ?? 0;
  return [[other.place.run, describeValue(value, state), found === step ? "same step" : describeStep(found)]];
}
