import { describe, expect, it } from "vitest";
import type { Heatmap } from "../../../src/api/types";
import { maximumAt, movedCell } from "../../../src/views/gradients/full_map";
import {
  allCells,
  bySite,
  covered,
  deadCount,
  hasFiniteCell,
  isDead,
  mapCsv,
  mapMatrix,
  mapScale,
  rangeWords,
} from "../../../src/views/gradients/maps";

const NO_RANGES = { abs_max: null, mean: null };

function heatmap(fields: Partial<Heatmap> = {}): Heatmap {
  return {
    site: "w",
    stage: "gradient",
    rows: 4,
    columns: 6,
    cellRows: 2,
    cellColumns: 2,
    maxError: 0.01,
    deadRows: [],
    deadColumns: [],
    absMax: Float32Array.of(1, 2, 0, Number.NaN),
    mean: Float32Array.of(-0.5, 0.25, 0, 0),
    rowMax: Float32Array.of(2, 2, 0, 0),
    columnMax: Float32Array.of(1, 1, 1, 2, 2, 2),
    ranges: NO_RANGES,
    ...fields,
  };
}

it("cells cover the rows that the format says", () => {
  expect([0, 1, 2].map((cell) => covered(cell, 3, 10))).toEqual([
    [0, 2],
    [3, 5],
    [6, 9],
  ]);
  expect(covered(0, 1, 1)).toEqual([0, 0]);
});

it("dead ranges are counted and written as first–last", () => {
  expect(
    deadCount([
      [96, 16],
      [320, 1],
    ]),
  ).toBe(17);
  expect(
    rangeWords([
      [96, 16],
      [320, 1],
    ]),
  ).toBe("96–111, 320");
});

it("a map is dead only if every cell is exactly 0", () => {
  expect(isDead(heatmap({ absMax: new Float32Array(4) }))).toBe(true);
  expect(isDead(heatmap())).toBe(false);
  expect(isDead(heatmap({ absMax: new Float32Array() }))).toBe(false);
});

it("prefers what the optimizer uses", () => {
  const raw = heatmap({ stage: "raw_gradient" });
  const used = heatmap();
  const answer = { step: 0, ranges: NO_RANGES, problems: [] };
  expect(bySite({ ...answer, heatmaps: [raw, used] }).get("w")).toBe(used);
  expect(bySite({ ...answer, heatmaps: [used, raw] }).get("w")).toBe(used);
  expect(bySite({ ...answer, heatmaps: [raw] }).get("w")).toBe(raw);
});

it("a signed map keeps the states of its magnitudes", () => {
  expect([...mapMatrix(heatmap(), "mean").states]).toEqual([0, 0, 1, 4]);
  expect(Array.from(allCells([heatmap(), heatmap()], "mean"))).toHaveLength(8);
});

it("colours go from one power of ten to another, whatever the cells are", () => {
  const ranges = { abs_max: [-3, 2], mean: null } as const;
  const [few, many] = [Float32Array.of(5), Float32Array.of(1e-9, 1e9)];
  const scales = [few, many].map((cells) => mapScale("abs_max", cells, ranges, false));
  expect(scales.map(({ domain }) => domain.map(Math.log10))).toEqual([
    [-3, 2],
    [-3, 2],
  ]);
  expect(scales.map(({ clamped }) => clamped)).toEqual([
    { low: false, high: false },
    { low: true, high: true },
  ]);
});

it("a map has a finite cell only where one is finite and not 0", () => {
  expect(hasFiniteCell(heatmap())).toBe(true);
  const absMax = Float32Array.of(0, Number.NaN, Number.POSITIVE_INFINITY, 0);
  expect(hasFiniteCell(heatmap({ absMax }))).toBe(false);
});

it("the CSV says which rows and columns a cell covers", () => {
  const lines = mapCsv(heatmap()).trim().split("\n");
  expect(lines).toHaveLength(5);
  expect(lines[2]).toBe("0,1,3,5,2,0.25");
  expect(lines[4]).toBe("2,3,3,5,NaN,0");
});

it("the maximum of a cell's row is that of all rows it covers", () => {
  const maxima = Float32Array.of(1, 5, 2, 3, 4);
  expect([0, 1].map((cell) => maximumAt(maxima, cell, 2))).toEqual([5, 4]);
  expect(maximumAt(maxima, 4, 5)).toBe(4);
  expect(maximumAt(Float32Array.of(1, Number.NaN), 0, 1)).toBeNaN();
  expect(maximumAt(Float32Array.of(7), 2, 3)).toBe(7);
});

describe("movedCell", () => {
  const size = { cellRows: 3, cellColumns: 4 };

  it("moves within the map and stops at its edges", () => {
    expect(["ArrowRight", "ArrowDown", "Home", "End", "PageDown"].map((key) => movedCell(5, key, size))).toEqual([
      6, 9, 4, 7, 9,
    ]);
    expect(movedCell(0, "ArrowLeft", size)).toBe(0);
    expect(movedCell(11, "ArrowDown", size)).toBe(11);
  });

  it("leaves other keys alone", () => expect(movedCell(5, ".", size)).toBeNull());
});
