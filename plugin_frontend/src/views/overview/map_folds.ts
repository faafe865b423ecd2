// What of the map can be opened and closed, and how one moves over rows that are closed.

import type { StatisticsAnswer } from "../../api/types";
import { type GridCell, movedInGrid } from "../../base/grid_keys";
import type { MapRows, RowGroup } from "./map_rows";
import type { Span } from "./map_tree";
import { rankOf } from "./pool";

/** A module with a word on whether it is open. */
export interface Foldable extends Span {
  isOpen: boolean;
}

const LINE = { step: 8, reach: 4, most: 5 };

/** Where the line of an open module is, `left` of which labels have their room: inside of others further right. */
export const lineX = (depth: number, left: number): number =>
  Math.round(left / 8) + LINE.step * Math.min(depth, LINE.most);

export const groupOf = ({ groups }: MapRows, row: number): RowGroup | undefined =>
  groups.find(({ from, to }) => row >= from && row < to);

/** The module that a group is, or whose sites it shows; null: there is nothing to open. */
export function foldableOf(group: RowGroup | undefined): Foldable | null {
  if (!group?.label) return null;
  const isOpen = group.form === "open";
  return isOpen || group.to - group.from > 1 ? { ...group, isOpen } : null;
}

/** The module whose line or name is at a place left of the map, which begins at `left`; null: none. */
export function foldableAt(rows: MapRows, left: number, x: number, y: number): Foldable | null {
  const isAt = (span: { top: number; bottom: number }) => y >= span.top && y < span.bottom;
  const line = rows.open.find(
    (span) => Math.abs(x - lineX(span.depth, left)) <= LINE.reach && isAt(extentOf(rows, span)),
  );
  return line ? { ...line, isOpen: true } : foldableOf(rows.groups.find(isAt));
}

/** The upper and lower edge of neighbouring rows. */
export function extentOf({ top, heights }: MapRows, { from, to }: Span): { top: number; bottom: number } {
  return { top: top[from] ?? 0, bottom: (top[to - 1] ?? 0) + (heights[to - 1] ?? 0) };
}

/** The open module around a row's own; null: none. */
export function moduleAround(rows: MapRows, row: number): Foldable | null {
  const own = groupOf(rows, row)?.label;
  const around = rows.open.filter(({ label, from, to }) => label !== own && row >= from && row < to);
  const [inner] = around.slice(-1);
  return inner ? { ...inner, isOpen: true } : null;
}

/** Where rows are one: the row of the site that is seen at a column of the answer. */
export function seenIn(
  { sites }: MapRows,
  { from, to }: Omit<Span, "label">,
  column: number,
  { values, state, steps }: StatisticsAnswer,
  strength: (value: number) => number,
): number {
  const start = (column * values.length) / steps.length;
  const rank = (row: number) => {
    const at = start + (sites[row] ?? 0);
    return rankOf(state[at] ?? 0, values[at] ?? 0, strength);
  };
  let seen = from;
  for (let row = from + 1; row < to; row++) if (rank(row) > rank(seen)) seen = row;
  return seen;
}

/** As in any grid, but what is closed is one row, and PageUp and PageDown go to the next group. */
export function movedOver(rows: MapRows, key: string, cell: GridCell, columns: number): GridCell | null {
  const { groups } = rows;
  const group = groupOf(rows, cell.row);
  const by = { PageUp: -1, PageDown: 1 }[key];
  if (by !== undefined && group) {
    const next = Math.min(groups.length - 1, Math.max(0, groups.indexOf(group) + by));
    return { ...cell, row: groups[next]?.from ?? 0 };
  }
  const edge = key === "ArrowUp" ? group?.from : group && group.to - 1;
  const row = group?.form === "closed" ? (edge ?? 0) : cell.row;
  return movedInGrid(key, { ...cell, row }, rows.sites.length, columns);
}
