import { describe, expect, it } from "vitest";
import { mapRows, orderOf, rowAt } from "../../../src/views/overview/map_rows";
import { cutTree } from "../../../src/views/overview/map_tree";
import { statistics } from "./answers";

const NAMES = ["conv1.weight", "conv1.bias", "fc.weight", "fc.bias"];

/** In the model's order, with findings in the pinned modules. */
function laidOut(names: string[], height: number, said: Record<string, boolean> = {}, pinned: string[] = []) {
  const tree = cutTree(names, height, new Map(Object.entries(said)), ({ label }) => pinned.includes(label));
  return mapRows([...names.keys()], tree, height);
}

describe("mapRows", () => {
  it("groups by module with a gap of 3 px and rows of at most 36", () => {
    const rows = laidOut(NAMES, 1000);
    expect([...rows.top]).toEqual([0, 36, 75, 111]);
    expect(rows.groups.map(({ label, top, bottom }) => [label, top, bottom])).toEqual([
      ["conv1", 0, 72],
      ["fc", 75, 147],
    ]);
  });

  it("fills the height without exceeding it, with or without gaps", () => {
    const names = Array.from(
      { length: 1000 },
      (_, index) => `layers.${Math.floor(index / 4)}.block${index % 4}.weight`,
    );
    for (const height of [100, 370, 2000]) {
      expect(laidOut(names, height).bottom).toBeCloseTo(height, 6);
    }
  });

  it("takes the deepest level whose labels find room", () => {
    const names = Array.from({ length: 48 }, (_, index) => `h.${Math.floor(index / 4)}.mlp${index % 2}.fc${index % 4}`);
    const labels = laidOut(names, 400).groups.map(({ label }) => label);
    expect(labels).toEqual(Array.from({ length: 12 }, (_, block) => `h.${block}`));
    expect(laidOut(names, 100).groups).toHaveLength(12);
  });

  it("knows one row without module", () => {
    const rows = laidOut(["w"], 300);
    expect(rows.groups.map(({ label }) => label)).toEqual(["w"]);
    expect(laidOut([], 300).bottom).toBe(0);
  });
});

it("finds the row at a height, and none in a gap or below", () => {
  const rows = laidOut(NAMES, 1000);
  expect([0, 35.9, 36, 71.9, 73, 75, 146, 147, -1].map((y) => rowAt(rows, y))).toEqual([
    0,
    0,
    1,
    1,
    null,
    2,
    3,
    null,
    null,
  ]);
});

it("sorts by the largest magnitude at any step, what is not finite first, equal ones as in the model", () => {
  const cells = statistics([
    [1, -9, 2, "nan", 2],
    [3, 0, 2, 1, 2],
  ]);
  expect(orderOf("size", 5, cells)).toEqual([3, 1, 0, 2, 4]);
  expect(orderOf("model", 5, cells)).toEqual([0, 1, 2, 3, 4]);
});

describe("rows of open and closed modules", () => {
  const names = Array.from({ length: 48 }, (_, index) => `h.${Math.floor(index / 4)}.fc${index % 4}`);
  const blocks = Array.from({ length: 12 }, (_, block) => `h.${block}`);

  function heights(height: number, said: Record<string, boolean>, pinned: string[] = []) {
    const rows = laidOut(names, height, said, pinned);
    const of = (label: string) => rows.heights[rows.groups.find((group) => group.label === label)?.from ?? 0] ?? 0;
    return { rows, of };
  }
  const all = (labels: string[]) => Object.fromEntries(labels.map((label) => [label, true]));

  it("gives wide rows twice the height, and all still fit", () => {
    const { rows, of } = heights(300, {}, ["h.4"]);
    expect(of("h.4")).toBeCloseTo(2 * of("h.5"), 9);
    expect(rows.bottom).toBeCloseTo(300, 6);
  });

  it("gives open rows room for labels at the others' cost", () => {
    const { rows, of } = heights(300, { "h.4": true });
    expect(of("h.4")).toBe(14);
    expect(of("h.5")).toBeLessThan(5);
    expect(rows.bottom).toBeCloseTo(300, 6);
  });

  it("never takes more than three quarters for open rows", () => {
    const { rows, of } = heights(300, all(blocks.slice(1)));
    expect(44 * of("h.1")).toBeLessThanOrEqual(0.75 * 300);
    expect(of("h.0")).toBeGreaterThan(0);
    expect(rows.bottom).toBeLessThanOrEqual(300 + 1e-6);
  });

  it("shares the height evenly when all are open", () => {
    const { rows } = heights(300, all(blocks));
    expect(Math.max(...rows.heights)).toBeCloseTo(Math.min(...rows.heights), 9);
    expect(rows.bottom).toBeCloseTo(300, 6);
  });

  it("lays the rows of a closed module upon each other, and others have its room", () => {
    const { rows, of } = heights(300, { "h.4": false });
    expect(new Set(rows.top.subarray(16, 20)).size).toBe(1);
    expect(of("h.4")).toBe(14);
    expect(of("h.5")).toBeGreaterThan(heights(300, {}).of("h.5"));
    expect(rows.bottom).toBeCloseTo(300, 6);
  });

  it("finds rows in groups of different heights", () => {
    const { rows } = heights(300, { "h.4": true });
    names.forEach((_, row) => {
      const middle = (rows.top[row] ?? 0) + (rows.heights[row] ?? 0) / 2;
      expect(rowAt(rows, middle)).toBe(row);
    });
  });
});
