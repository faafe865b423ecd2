// Where each site's row is in the map: in groups by module, or sorted.

import type { StatisticsAnswer } from "../../api/types";
import { isNonFinite } from "../../base/cells";
import type { Group, MapTree, OpenModule } from "./map_tree";

export type Order = "model" | "execution" | "size";

export interface RowGroup extends Group {
  top: number;
  bottom: number;
}

export interface MapRows {
  /** Index of the site of each row, from above. Rows of a closed module lie upon each other. */
  sites: readonly number[];
  /** Upper edges of the rows. */
  top: Float64Array;
  heights: Float64Array;
  groups: readonly RowGroup[];
  open: readonly OpenModule[];
  /** Where the last row ends. */
  bottom: number;
}

const GAP = 3;
const HIGHEST_ROW = 36;
/** Gaps take at most this part of the height. */
const GAP_SHARE = 0.25;

/** An open row has room for its label, unless all open ones together need more than this part of the height. */
export const OPEN_ROW = 14;
const OPEN_SHARE = 0.75;
const WIDE_WEIGHT = 2;
/** With room for a label, rows without one share it. */
const ROWS_PER_LABEL = 7;

/** Rows of the sites within a height in pixels, `order` as from `orderOf`. */
export function mapRows(order: readonly number[], { groups, open }: MapTree, height: number): MapRows {
  const gap = GAP * (groups.length - 1) <= height * GAP_SHARE ? GAP : 0;
  const heightOf = groupHeights(groups, height - gap * (groups.length - 1));
  const top = new Float64Array(order.length);
  const heights = new Float64Array(order.length);
  let y = 0;
  const placed = groups.map((group): RowGroup => {
    const { from, to } = group;
    const start = y;
    const isOneRow = group.form === "closed";
    const whole = heightOf(group);
    heights.fill(isOneRow ? whole : whole / (to - from), from, to);
    for (let row = from; row < to; row++) top[row] = start + (isOneRow ? 0 : ((row - from) * whole) / (to - from));
    y = start + whole + gap;
    return { ...group, top: start, bottom: start + whole };
  });
  return { sites: order, top, heights, groups: placed, open, bottom: placed.at(-1)?.bottom ?? 0 };
}

/** For how many labels a group needs room; 0: it takes what is left. */
function labelsIn({ form, from, to }: Group): number {
  if (form === "open") return to - from;
  return form === "closed" ? 1 : form === "named" ? Math.max(1, (to - from) / ROWS_PER_LABEL) : 0;
}

/** What labelled rows leave is shared by the others; a wide row gets twice as much as a thin one. */
function groupHeights(groups: readonly Group[], room: number): (group: Group) => number {
  let labels = 0;
  let weight = 0;
  const weightOf = ({ form, from, to }: Group) => (to - from) * (form === "wide" ? WIDE_WEIGHT : 1);
  for (const group of groups) {
    labels += labelsIn(group);
    if (labelsIn(group) === 0) weight += weightOf(group);
  }
  const even = room / Math.max(1, labels + weight);
  const most = weight === 0 ? even : (OPEN_SHARE * room) / Math.max(1, labels);
  const labelled = Math.min(HIGHEST_ROW, most, Math.max(WIDE_WEIGHT * even, OPEN_ROW));
  const thin = Math.min(HIGHEST_ROW, (room - labels * labelled) / Math.max(1, weight));
  return (group) => {
    const { from, to } = group;
    return labelsIn(group) * labelled || Math.min(HIGHEST_ROW * (to - from), thin * weightOf(group));
  };
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
