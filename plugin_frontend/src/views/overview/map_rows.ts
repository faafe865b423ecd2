// Where each site's row is in the map: in groups by module, or sorted.

import type { StatisticsAnswer } from "../../api/types";
import { isNonFinite } from "../../base/cells";
import { moduleOf } from "../../base/names";

export type Order = "model" | "execution" | "size";

export interface RowGroup {
  /** Path of the module; empty where rows are not grouped. */
  label: string;
  /** First row and the one after the last. */
  from: number;
  to: number;
  top: number;
  bottom: number;
  openness: Openness;
}

/** "wide": twice the height of others, as a finding is about it; "open": the reader opened it, so rows have labels. */
export type Openness = "closed" | "wide" | "open";

export interface MapRows {
  /** Index of the site of each row, from above. */
  sites: readonly number[];
  /** Upper edges of the rows. */
  top: Float64Array;
  heights: Float64Array;
  groups: readonly RowGroup[];
  /** Where the last row ends. */
  bottom: number;
}

const GAP = 3;
const HIGHEST_ROW = 36;
/** A group gets a label of its own if it has this much room on average. */
const GROUP_ROOM = 18;
const FEWEST_GROUPS = 3;
/** Gaps take at most this part of the height. */
const GAP_SHARE = 0.25;

/** An open row has room for its label, unless all open ones together need more than this part of the height. */
export const OPEN_ROW = 14;
const OPEN_SHARE = 0.75;
const WIDE_WEIGHT = 2;

/** Rows of the sites within a height in pixels, `order` as from `orderOf`; `opennessOf` is asked for each group. */
export function mapRows(
  names: readonly string[],
  order: readonly number[],
  grouped: boolean,
  height: number,
  opennessOf: (span: Span) => Openness = () => "closed",
): MapRows {
  const spans = grouped
    ? groupSpans(
        order.map((site) => names[site] ?? ""),
        height,
      )
    : [wholeSpan(order.length)];
  const gap = GAP * (spans.length - 1) <= height * GAP_SHARE ? GAP : 0;
  const room = height - gap * (spans.length - 1);
  const opened = spans.map((span) => ({ ...span, openness: opennessOf(span) }));
  const heightOf = rowHeights(opened, room);
  const top = new Float64Array(order.length);
  const heights = new Float64Array(order.length);
  let y = 0;
  const groups = opened.map((span): RowGroup => {
    const start = y;
    const rowHeight = heightOf[span.openness];
    for (let row = span.from; row < span.to; row++) {
      top[row] = start + (row - span.from) * rowHeight;
      heights[row] = rowHeight;
    }
    const bottom = start + (span.to - span.from) * rowHeight;
    y = bottom + gap;
    return { ...span, top: start, bottom };
  });
  return { sites: order, top, heights, groups, bottom: groups.at(-1)?.bottom ?? 0 };
}

/** What the open rows leave is shared by the others; a wide row gets twice as much as a closed one. */
function rowHeights(spans: readonly (Span & { openness: Openness })[], room: number): Record<Openness, number> {
  const rows = { closed: 0, wide: 0, open: 0 };
  for (const { openness, from, to } of spans) rows[openness] += to - from;
  const weight = rows.closed + WIDE_WEIGHT * rows.wide;
  const even = room / Math.max(1, rows.open + weight);
  const most = weight === 0 ? even : (OPEN_SHARE * room) / Math.max(1, rows.open);
  const open = Math.min(HIGHEST_ROW, most, Math.max(WIDE_WEIGHT * even, OPEN_ROW));
  const closed = Math.min(HIGHEST_ROW, (room - rows.open * open) / Math.max(1, weight));
  return { closed, wide: Math.min(HIGHEST_ROW, WIDE_WEIGHT * closed), open };
}

export interface Span {
  label: string;
  from: number;
  to: number;
}

function wholeSpan(count: number): Span {
  return { label: "", from: 0, to: count };
}

/** Neighbours of one module, at the deepest level that leaves room for the labels. */
function groupSpans(names: readonly string[], height: number): Span[] {
  const modules = names.map((name) => (moduleOf(name) || name).split("."));
  const deepest = Math.max(1, ...modules.map((parts) => parts.length));
  const most = Math.max(1, Math.floor(height / GROUP_ROOM));
  const levels = Array.from({ length: deepest }, (_, index) => spansAt(modules, deepest - index));
  const fitting = levels.findIndex((spans) => spans.length <= most);
  const chosen = levels[fitting] ?? levels.at(-1) ?? [];
  // One label for everything says nothing: then every few of the deeper ones say more.
  return chosen.length < FEWEST_GROUPS ? (levels[fitting - 1] ?? chosen) : chosen;
}

function spansAt(modules: readonly string[][], depth: number): Span[] {
  const spans: Span[] = [];
  modules.forEach((parts, row) => {
    const label = parts.slice(0, depth).join(".");
    const last = spans.at(-1);
    if (last?.label === label) last.to = row + 1;
    else spans.push({ label, from: row, to: row + 1 });
  });
  return spans;
}

/** The row at a height; null beside all rows. */
export function rowAt(rows: MapRows, y: number): number | null {
  const group = rows.groups.find(({ top, bottom }) => y >= top && y < bottom);
  if (!group) return null;
  return Math.min(group.to - 1, group.from + Math.floor((y - group.top) / (rows.heights[group.from] ?? 1)));
}

/**
 * Sites in the order of the model or of execution (the model's until `ranks` are known), or those with the largest
 * magnitude at any step first, not finite before all.
 */
export function orderOf(
  order: Order,
  count: number,
  { values, state }: StatisticsAnswer,
  ranks: readonly number[] | null = null,
): number[] {
  const sites = Array.from({ length: count }, (_, site) => site);
  if (order === "execution" && ranks) return sites.sort((a, b) => (ranks[a] ?? 0) - (ranks[b] ?? 0) || a - b);
  if (order !== "size") return sites;
  const largest = new Float64Array(count);
  values.forEach((value, index) => {
    const site = index % count;
    const size = isNonFinite(state[index] ?? 0) ? Number.POSITIVE_INFINITY : Math.abs(value);
    if (size > (largest[site] ?? 0)) largest[site] = size;
  });
  return sites.sort((a, b) => {
    const [first = 0, second = 0] = [largest[a], largest[b]];
    return first === second ? a - b : second - first;
  });
}
