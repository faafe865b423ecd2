// The map as a tree of rows for those who don't see it, with the same modules open, and as a CSV file.

import { State } from "../../api/types";
import { isNonFinite } from "../../base/cells";
import { csvOf } from "../../base/csv";
import { formatCount } from "../../base/format";
import { Table, type TableRow } from "../../widgets/table";
import { describeCell } from "./columns";
import { type Foldable, foldableOf, seenIn } from "./map_folds";
import type { MapModel } from "./map_model";
import type { RowGroup } from "./map_rows";
import type { RunData } from "./run_data";
import { describeStep, describeValue, toggleModule } from "./settings";

/** Of a module that is not open, the numbers of the site that would be seen if it were one row. */
export function MapTwin({ model }: { model: MapModel }) {
  const { data, cells: coloured } = model.map;
  const { cells, sites, column, stage } = data;
  const shown = model.rows.value;
  const { groups, open, sites: siteOf } = shown;
  const last = cells.steps.length - 1;
  const firsts = firstsNonFinite(data, last + 1);

  const numbersOf = (from: number, to: number): string[] => {
    const seenAt = (step: number) => seenIn(shown, { from, to }, step, coloured, model.strength);
    const ends = [0, last].map((step) => valueText(data, step, siteOf[seenAt(step)] ?? 0));
    const first = Math.min(...siteOf.slice(from, to).map((site) => firsts[site] ?? last + 1));
    return [...ends, first > last ? "" : formatCount(cells.steps[first] ?? 0)];
  };
  const moduleRow = (module: Foldable, depth: number): TableRow => ({
    key: `${module.label} ${module.from} ${depth}`,
    level: depth + 1,
    expanded: module.isOpen,
    cells: [<ModuleButton key={module.label} module={module} />, ...numbersOf(module.from, module.to)],
  });
  const rowsOf = (group: RowGroup): TableRow[] => {
    const module = foldableOf(group);
    if (module?.isOpen === false) return [moduleRow(module, group.depth)];
    return Array.from({ length: group.to - group.from }, (_, index) => {
      const row = group.from + index;
      const name = sites[siteOf[row] ?? 0]?.name ?? "";
      return { key: name, level: group.depth + 1, cells: [name, ...numbersOf(row, row + 1)] };
    });
  };
  const rows = groups.flatMap((group) => [
    ...open
      .filter(({ from }) => from === group.from)
      .map((module) => moduleRow({ ...module, isOpen: true }, module.depth)),
    ...rowsOf(group),
  ]);
  const head = ["site", describeStep(cells.steps[0] ?? 0), describeStep(cells.steps[last] ?? 0), "not finite from"];
  return <Table hidden tree caption={describeCell(column, stage)} head={head} rows={rows} />;
}

/** For those who read the table: with the keyboard one opens modules in the map. */
function ModuleButton({ module }: { module: Foldable }) {
  return (
    <button type="button" tabIndex={-1} onClick={() => toggleModule(module)}>
      {module.label}
    </button>
  );
}

function valueText({ cells, sites }: RunData, step: number, site: number): string {
  const at = step * sites.length + site;
  return describeValue(cells.values[at] ?? Number.NaN, cells.state[at] ?? State.missing);
}

/** Of each site the first of so many steps at which it is not finite; as many where there is none. */
function firstsNonFinite({ cells: { state }, sites }: RunData, steps: number): Int32Array {
  const firsts = new Int32Array(sites.length).fill(steps);
  // From the end: what comes first is written last.
  for (let at = state.length - 1; at >= 0; at--) {
    if (isNonFinite(state[at] ?? 0)) firsts[at % sites.length] = Math.floor(at / sites.length);
  }
  return firsts;
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
