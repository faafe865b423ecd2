import { describe, expect, it } from "vitest";
import { mapRows, orderOf, rowAt } from "../../../src/views/overview/map_rows";
import { statistics } from "./answers";

const NAMES = ["conv1.weight", "conv1.bias", "fc.weight", "fc.bias"];
const MODEL = [0, 1, 2, 3];

describe("mapRows", () => {
  it("groups by module with a gap of 3 px and rows of at most 36", () => {
    const rows = mapRows(NAMES, MODEL, true, 1000);
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
    const order = names.map((_, index) => index);
    for (const height of [100, 370, 2000]) {
      expect(mapRows(names, order, true, height).bottom).toBeCloseTo(height, 6);
    }
  });

  it("takes the deepest level whose labels find room", () => {
    const names = Array.from({ length: 48 }, (_, index) => `h.${Math.floor(index / 4)}.mlp${index % 2}.fc${index % 4}`);
    const order = names.map((_, index) => index);
    const labels = mapRows(names, order, true, 400).groups.map(({ label }) => label);
    expect(labels).toEqual(Array.from({ length: 12 }, (_, block) => `h.${block}`));
    expect(mapRows(names, order, true, 100).groups).toHaveLength(12);
  });

  it("knows one row without module", () => {
    const rows = mapRows(["w"], [0], true, 300);
    expect(rows.groups.map(({ label }) => label)).toEqual(["w"]);
    expect(mapRows([], [], true, 300).bottom).toBe(0);
  });
});

it("finds the row at a height, and none in a gap or below", () => {
  const rows = mapRows(NAMES, MODEL, true, 1000);
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

describe("openness", () => {
  const names = Array.from({ length: 48 }, (_, index) => `h.${Math.floor(index / 4)}.fc${index % 4}`);
  const order = names.map((_, index) => index);

  function heights(height: number, openness: Record<string, "wide" | "open">) {
    const rows = mapRows(names, order, true, height, ({ label }) => openness[label] ?? "closed");
    const of = (label: string) => rows.heights[rows.groups.find((group) => group.label === label)?.from ?? 0] ?? 0;
    return { rows, of };
  }

  it("gives wide rows twice the height, and all still fit", () => {
    const { rows, of } = heights(300, { "h.4": "wide" });
    expect(of("h.4")).toBeCloseTo(2 * of("h.5"), 9);
    expect(rows.bottom).toBeCloseTo(300, 6);
  });

  it("gives open rows room for labels at the others' cost", () => {
    const { rows, of } = heights(300, { "h.4": "open" });
    expect(of("h.4")).toBe(14);
    expect(of("h.5")).toBeLessThan(5);
    expect(rows.bottom).toBeCloseTo(300, 6);
  });

  it("never takes more than three quarters for open rows", () => {
    const all = Object.fromEntries(Array.from({ length: 11 }, (_, block) => [`h.${block}`, "open" as const]));
    const { rows, of } = heights(300, all);
    expect(44 * of("h.0")).toBeLessThanOrEqual(0.75 * 300);
    expect(of("h.11")).toBeGreaterThan(0);
    expect(rows.bottom).toBeLessThanOrEqual(300 + 1e-6);
  });

  it("shares the height evenly when all are open", () => {
    const all = Object.fromEntries(Array.from({ length: 12 }, (_, block) => [`h.${block}`, "open" as const]));
    const { rows } = heights(300, all);
    expect(new Set(rows.heights).size).toBe(1);
    expect(rows.bottom).toBeCloseTo(300, 6);
  });

  it("finds rows in groups of different heights", () => {
    const { rows } = heights(300, { "h.4": "open" });
    order.forEach((_, row) => {
      const middle = (rows.top[row] ?? 0) + (rows.heights[row] ?? 0) / 2;
      expect(rowAt(rows, middle)).toBe(row);
    });
  });
});
