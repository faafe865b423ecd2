// Gradient flow by depth: where its dots and lines are.

import { State } from "../../api/types";
import type { Axis } from "../../base/axis";
import type { Rect } from "../../base/cells";
import { type Norm, normAt, type RunNorms } from "./norms";
import type { GalleryPlan } from "./plan";

/** The gallery's grid has the same numbers. */
export const GUTTER = 118;
export const GAP = 8;
const TOP = 12;
const FOOT = 22;
/** What is smaller than the axis reaches lies below its lowest line, not on it. */
const BELOW = -0.03;

export interface Dot {
  site: string;
  x: number;
  y: number;
  norm: Norm;
}

export interface FlowGeometry {
  plot: Rect;
  columnWidth: number;
  left(column: number): number;
}

export function flowGeometry(size: { width: number; height: number }, columns: number): FlowGeometry {
  const columnWidth = Math.max(1, (size.width - GUTTER - GAP * columns) / Math.max(1, columns));
  const plot = { x: GUTTER + GAP, y: TOP, width: size.width - GUTTER - GAP, height: size.height - TOP - FOOT };
  return { plot, columnWidth, left: (column) => plot.x + column * (columnWidth + GAP) };
}

/** One dot a site, in the model's order across its column. Not finite: over the plot. Exactly 0: under the plot. */
export function flowDots(plan: GalleryPlan, run: RunNorms, step: number, axis: Axis, geometry: FlowGeometry): Dot[] {
  return plan.columns.flatMap(({ sites }, column) =>
    sites.map((site, index) => {
      const norm = normAt(run, site, step);
      const x = geometry.left(column) + ((index + 0.5) / sites.length) * geometry.columnWidth;
      return { site, x, y: heightOf(norm, axis, geometry.plot), norm };
    }),
  );
}

export function heightOf({ value, state }: Norm, axis: Axis, plot: Rect): number {
  if (state === State.nan || state === State.posInf || state === State.negInf) return plot.y - 7;
  if (state === State.zero) return plot.y + plot.height + 10;
  return plot.y + plot.height * (1 - Math.min(1, Math.max(BELOW, axis.position(value))));
}

/** Through the number of each column; a column without one breaks the line. */
export function flowLines(
  plan: GalleryPlan,
  run: RunNorms,
  step: number,
  axis: Axis,
  geometry: FlowGeometry,
): [number, number][][] {
  const lines: [number, number][][] = [[]];
  plan.columns.forEach(({ sites }, column) => {
    const value = layerValue(run, sites, step);
    if (value > 0) {
      const x = geometry.left(column) + geometry.columnWidth / 2;
      lines.at(-1)?.push([x, heightOf({ value, state: State.finite }, axis, geometry.plot)]);
    } else lines.push([]);
  });
  return lines.filter((line) => line.length > 0);
}

/**
 * The number of several sites together: the largest finite one or, of means, the mean over all their values.
 * NaN where none is finite and above 0.
 */
export function layerValue(run: RunNorms, sites: readonly string[], step: number): number {
  const numbers = sites.map((site) => ({ ...normAt(run, site, step), count: countOf(run, site) }));
  const measured = numbers.filter(({ state }) => state === State.finite || state === State.zero);
  if (!measured.some(({ value }) => value > 0)) return Number.NaN;
  if (!run.counts) return Math.max(...measured.map(({ value }) => value));
  const total = measured.reduce((sum, { count }) => sum + count, 0);
  return measured.reduce((sum, { value, count }) => sum + value * count, 0) / total;
}

function countOf({ counts, columns }: RunNorms, site: string): number {
  return counts?.[columns.get(site) ?? -1] ?? 0;
}

/** The nearest dot within reach of the pointer. */
export function dotAt<D extends { x: number; y: number }>(
  dots: readonly D[],
  x: number,
  y: number,
  reach = 12,
): D | null {
  const distance = (dot: D) => Math.hypot(dot.x - x, dot.y - y);
  const nearest = dots.reduce<D | null>((best, dot) => (best && distance(best) <= distance(dot) ? best : dot), null);
  return nearest && distance(nearest) <= reach ? nearest : null;
}
