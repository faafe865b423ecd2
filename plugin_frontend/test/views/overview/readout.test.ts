import { expect, it } from "vitest";
import { columnOf, columnsOf, stageOf } from "../../../src/views/overview/columns";
import { type MapData, mapDataOf } from "../../../src/views/overview/map_data";
import { mapRows } from "../../../src/views/overview/map_rows";
import { cutTree, ungrouped } from "../../../src/views/overview/map_tree";
import { mapCsv } from "../../../src/views/overview/map_twin";
import { readoutOf } from "../../../src/views/overview/readout";
import type { RunData } from "../../../src/views/overview/run_data";
import { statistics } from "./answers";

function runData(run: string, names: string[], cells: ReturnType<typeof statistics>): RunData {
  const sites = names.map((name) => ({
    name,
    aliases: [],
    shape: [2],
    dtype: "float32",
    frozen: false,
    module: "",
    module_type: "",
    device: "cpu",
    parameter_group: 1,
    reason: name === "sparse" ? "sparse tensors have no histogram" : null,
  }));
  const column = columnOf("l2", "gradient");
  return {
    place: { run, group: "model" },
    sites,
    stages: ["gradient"],
    stage: "gradient",
    column,
    cells,
    norms: cells,
    progress: null,
  };
}

function mapOf(runs: RunData[], shows: "difference" | number = 0): MapData {
  const map = mapDataOf(runs, { shows, rowColours: "shared" });
  if (!map) throw new Error("there is a map of any run");
  return map;
}

const rowsOf = (sites: number[]) => mapRows(sites, ungrouped(sites.length), 100);

it("reads out here, what is usual, and the same site of a compared run, found by its name", () => {
  const shown = runData(
    "a",
    ["w", "v"],
    statistics(
      [
        [1, 10],
        [2, 20],
        [9, 30],
      ],
      [0, 10, 20],
    ),
  );
  const other = runData("b", ["v", "w"], statistics([[7, 8]], [15]));
  expect(readoutOf(mapOf([shown, other]), rowsOf([1, 0]), { row: 1, column: 2 }).rows).toEqual([
    ["step 20", "9.0", "norm of the gradient"],
    ["usual", "2.0", "median of 3 steps"],
    ["b", "8.0", "step 15"],
  ]);
});

it("reads out a difference as a factor, with both numbers", () => {
  const one = runData("a", ["w", "v"], statistics([[8, 1]]));
  const other = runData("b", ["v", "w"], statistics([["zero", 2]]));
  const map = mapOf([one, other], "difference");
  expect(readoutOf(map, rowsOf([0, 1]), { row: 0, column: 0 }).rows).toEqual([
    ["step 0", "×4.0", "a against b"],
    ["a", "8.0", "same step"],
    ["b", "2.0", "same step"],
  ]);
  expect(readoutOf(map, rowsOf([0, 1]), { row: 1, column: 0 }).rows[0]).toEqual([
    "step 0",
    "from or to 0",
    "a against b",
  ]);
});

it("says of a module that is one row whose cell is seen", () => {
  const shown = runData("a", ["w", "h.u", "h.v"], statistics([[1, 2, 8]]));
  const tree = cutTree(["w", "h.u", "h.v"], 100, new Map([["h", false]]), () => false);
  const { rows } = readoutOf(mapOf([shown]), mapRows([0, 1, 2], tree, 100), { row: 2, column: 0 });
  expect(rows).toEqual([
    ["step 0", "8.0", "norm of the gradient"],
    ["seen", "1 of 2", "sites in h"],
  ]);
});

it("gives the reason where a site can't be measured", () => {
  const shown = runData("a", ["sparse"], statistics([["unsupported"]]));
  expect(readoutOf(mapOf([shown]), rowsOf([0]), { row: 0, column: 0 }).rows).toEqual([
    ["step 0", "not measured", "sparse tensors have no histogram"],
  ]);
});

it("writes the map as CSV", () => {
  const shown = runData(
    "a",
    ["w", 'odd,"name"'],
    statistics(
      [
        [0.5, "nan"],
        ["zero", "posInf"],
      ],
      [0, 7],
    ),
  );
  expect(mapCsv(shown)).toBe('step,w,"odd,""name"""\n0,0.5,NaN\n7,0,+Inf\n');
});

it("falls back to what a stage has", () => {
  expect(columnsOf("gradient").map(({ value }) => value)).not.toContain("update_ratio");
  expect(columnsOf("update").map(({ value }) => value)).toContain("update_ratio");
  expect(columnOf("update_ratio", "gradient").value).toBe("l2");
  expect(stageOf("update", ["parameter", "gradient"])).toBe("gradient");
  expect(stageOf("update", ["parameter"])).toBe("parameter");
  expect(stageOf("update", [])).toBeNull();
});
