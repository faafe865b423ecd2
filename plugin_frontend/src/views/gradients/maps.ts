// Heatmaps as matrices, and their colours.

import type { Heatmap, HeatmapRanges, HeatmapsAnswer, Range } from "../../api/types";
import { type ColourScale, magnitudeScale, signedScale } from "../../base/colour_scale";
import { csvOf } from "../../base/csv";
import { type Matrix, matrixOf } from "../../base/matrix";
import type { Quantity } from "./options";

export function valuesOf(heatmap: Heatmap, quantity: Quantity): Float32Array {
  return quantity === "mean" ? heatmap.mean : heatmap.absMax;
}

export function mapMatrix(heatmap: Heatmap, quantity: Quantity): Matrix {
  return matrixOf(heatmap.cellRows, heatmap.cellColumns, valuesOf(heatmap, quantity), heatmap.absMax);
}

/** Heatmaps by site; where a site has several stages, that of what the optimizer uses. */
export function bySite(answer: HeatmapsAnswer): Map<string, Heatmap> {
  const maps = new Map<string, Heatmap>();
  for (const heatmap of answer.heatmaps) {
    if (!maps.has(heatmap.site) || heatmap.stage === "gradient") maps.set(heatmap.site, heatmap);
  }
  return maps;
}

/** Whether there is a cell that has a colour on a scale. */
export function hasFiniteCell({ absMax }: Heatmap): boolean {
  return absMax.some((value) => value > 0 && value < Number.POSITIVE_INFINITY);
}

/** All cells of all maps in one array. */
export function allCells(maps: Iterable<Heatmap>, quantity: Quantity): Float32Array {
  const parts = [...maps].map((heatmap) => valuesOf(heatmap, quantity));
  const cells = new Float32Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    cells.set(part, offset);
    offset += part.length;
  }
  return cells;
}

/** The colours of one map or of several, whose cells are `values`: the same at every step. */
export function mapScale(
  quantity: Quantity,
  values: ArrayLike<number>,
  ranges: HeatmapRanges | undefined,
  dark: boolean,
): ColourScale {
  const exponents = ranges?.[quantity];
  const range = exponents ? ([10 ** exponents[0], 10 ** exponents[1]] as const) : null;
  return quantity === "mean" ? signedScale(values, { dark, range }) : magnitudeScale(values, { dark, range });
}

export function deadCount(ranges: readonly Range[]): number {
  return ranges.reduce((total, [, length]) => total + length, 0);
}

/** Whether every cell is exactly 0. */
export function isDead(heatmap: Heatmap): boolean {
  return heatmap.absMax.length > 0 && heatmap.absMax.every((value) => value === 0);
}

/** "96–111, 320": ranges of rows or columns. */
export function rangeWords(ranges: readonly Range[]): string {
  return ranges.map(([start, length]) => (length === 1 ? String(start) : `${start}–${start + length - 1}`)).join(", ");
}

/** Which rows of the full matrix (or columns) a cell covers, first and last. */
export function covered(cell: number, cells: number, size: number): [first: number, last: number] {
  return [Math.floor((cell * size) / cells), Math.max(0, Math.floor(((cell + 1) * size) / cells) - 1)];
}

/** The cells of a map as CSV, one line each. */
export function mapCsv(heatmap: Heatmap): string {
  const lines = Array.from(heatmap.absMax, (magnitude, cell) => {
    const rows = covered(Math.floor(cell / heatmap.cellColumns), heatmap.cellRows, heatmap.rows);
    const columns = covered(cell % heatmap.cellColumns, heatmap.cellColumns, heatmap.columns);
    return [...rows, ...columns, magnitude, heatmap.mean[cell] ?? Number.NaN];
  });
  return csvOf([["first row", "last row", "first column", "last column", "absolute maximum", "signed mean"], ...lines]);
}
