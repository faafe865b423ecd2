import { expect, it } from "vitest";
import {
  foldableAt,
  foldableOf,
  groupOf,
  lineX,
  moduleAround,
  movedOver,
  seenIn,
} from "../../../src/views/overview/map_folds";
import { mapRows } from "../../../src/views/overview/map_rows";
import { cutTree } from "../../../src/views/overview/map_tree";
import { statistics } from "./answers";

const NAMES = ["a.w", "h.0.u", "h.0.v", "h.1.u", "h.1.v", "z.w"];

function rowsOf(said: Record<string, boolean>, order = [0, 1, 2, 3, 4, 5]) {
  const names = order.map((site) => NAMES[site] ?? "");
  return mapRows(
    order,
    cutTree(names, 300, new Map(Object.entries(said)), () => false),
    300,
  );
}

it("finds the module whose name or line is at a place, and none where there is nothing to open", () => {
  const rows = rowsOf({ "h.0": true });
  const middle = (row: number) => (rows.top[row] ?? 0) + 1;
  expect(foldableAt(rows, 156, 100, middle(1))).toMatchObject({ label: "h.0", isOpen: true });
  expect(foldableAt(rows, 156, 100, middle(3))).toMatchObject({ label: "h.1", isOpen: false });
  expect(foldableAt(rows, 156, lineX(0, 156), middle(3))).toMatchObject({ label: "h", isOpen: true });
  expect(foldableAt(rows, 156, lineX(1, 156), middle(2))).toMatchObject({ label: "h.0", isOpen: true });
  expect(foldableAt(rows, 156, 100, middle(0))).toBeNull();
  expect(foldableAt(rows, 156, 100, rows.bottom + 1)).toBeNull();
});

it("knows the module around a row's own, up to the outermost", () => {
  const open = rowsOf({ "h.0": true });
  expect(foldableOf(groupOf(open, 1))?.label).toBe("h.0");
  expect(moduleAround(open, 1)?.label).toBe("h");
  expect(moduleAround(rowsOf({ "h.0": false }), 1)?.label).toBe("h");
  expect(moduleAround(open, 0)).toBeNull();
});

it("moves over a closed module as over one row", () => {
  const rows = rowsOf({ h: false });
  const after = (key: string, row: number) => movedOver(rows, key, { row, column: 0 }, 3)?.row;
  expect(after("ArrowDown", 0)).toBe(1);
  for (const row of [1, 2, 3, 4]) {
    expect(after("ArrowDown", row)).toBe(5);
    expect(after("ArrowUp", row)).toBe(0);
  }
  expect(after("PageDown", 3)).toBe(5);
  expect(after("x", 3)).toBeUndefined();
});

it("sees of rows that are one what is strongest, and what is not finite before all", () => {
  const answer = statistics([
    [9, 1, 5, 2, 3, 9],
    [9, 1, "nan", 2, 7, 9],
    [9, "zero", "missing", "zero", "missing", 9],
  ]);
  const rows = rowsOf({ h: false }, [5, 4, 3, 2, 1, 0]);
  const seen = [0, 1, 2].map((step) => rows.sites[seenIn(rows, { from: 1, to: 5 }, step, answer, (value) => value)]);
  expect(seen).toEqual([2, 2, 3]);
  expect(seenIn(rows, { from: 1, to: 5 }, 0, answer, (value) => -value)).toBe(4);
});
