// The map at full size, with the maximum of each column above it and of each row at its right.

import type { Heatmap } from "../../api/types";
import { logAxis } from "../../base/axis";
import type { CellColours, Rect } from "../../base/cells";
import { type ColourScale, decadeRange } from "../../base/colour_scale";
import { cellRect, paintMatrix } from "../../base/matrix";
import { drawCrosshair, drawRing, type InkColours } from "../../base/paint";
import { mapMatrix } from "./maps";
import type { Quantity } from "./options";

type Context = CanvasRenderingContext2D;
export type MapColours = CellColours & InkColours;

const BARS = 30;
const GAP = 6;
const LEAST_BAR = 1;
/** Length of the ash at the map's edge where a row or column is exactly 0. */
const DEAD_MARK = 5;
/** Of a map of one row, or of one column. */
const THIN = 28;

/** Where the map lies in its picture. */
export function mapArea(size: { width: number; height: number }, heatmap: { rows: number }): Rect {
  const full = size.height - BARS - GAP;
  return {
    x: 0,
    y: BARS + GAP,
    width: size.width - BARS - GAP,
    height: heatmap.rows === 1 ? Math.min(THIN, full) : full,
  };
}

/** Height of the picture for its width: the map is a square, or a strip. */
export function pictureHeight(width: number, heatmap: { rows: number }): number {
  return heatmap.rows === 1 ? BARS + GAP + THIN : width;
}

export function paintMap(
  context: Context,
  size: { width: number; height: number },
  heatmap: Heatmap,
  quantity: Quantity,
  scale: ColourScale,
  cell: number,
  colours: MapColours,
): void {
  const area = mapArea(size, heatmap);
  paintMatrix(context, area, mapMatrix(heatmap, quantity), scale, colours);
  paintBars(context, { ...area, y: 0, height: BARS }, heatmap.columnMax, "up", colours);
  context.fillStyle = colours.zero;
  for (const [start, length] of heatmap.deadColumns) {
    const pitch = area.width / heatmap.columns;
    context.fillRect(area.x + start * pitch, BARS - DEAD_MARK, Math.max(1, length * pitch), DEAD_MARK + GAP);
  }
  if (heatmap.rows > 1) {
    paintBars(context, { ...area, x: area.width + GAP, width: BARS }, heatmap.rowMax, "right", colours);
    context.fillStyle = colours.zero;
    for (const [start, length] of heatmap.deadRows) {
      const pitch = area.height / heatmap.rows;
      context.fillRect(area.width, area.y + start * pitch, DEAD_MARK + GAP, Math.max(1, length * pitch));
    }
  }
  const ring = cellRect({ rows: heatmap.cellRows, columns: heatmap.cellColumns }, cell, area);
  drawCrosshair(context, area, ring.x + ring.width / 2, ring.y + ring.height / 2, colours);
  drawRing(context, ring, 8, colours);
}

/** Maxima as bars on a logarithmic scale; non-finite ones gold or crimson and at full length, zeros ash. */
function paintBars(
  context: Context,
  area: Rect,
  maxima: Float32Array,
  direction: "up" | "right",
  colours: MapColours,
): void {
  const range = decadeRange(maxima);
  const axis = range ? logAxis(range[0] / 10, range[1]) : null;
  const across = direction === "up" ? area.width : area.height;
  const along = direction === "up" ? area.height : area.width;
  const pitch = across / Math.max(1, maxima.length);
  for (const loud of [false, true]) {
    maxima.forEach((maximum, index) => {
      const finite = Number.isFinite(maximum);
      if (finite === loud) return;
      const share = finite ? Math.min(1, Math.max(0, axis && maximum > 0 ? axis.position(maximum) : 0)) : 1;
      const length = Math.max(LEAST_BAR, share * along);
      const width = Math.max(loud ? 3 : 0.75, pitch - (pitch > 3 ? 1 : 0));
      context.fillStyle = barColour(maximum, colours);
      if (direction === "up") context.fillRect(area.x + index * pitch, area.y + area.height - length, width, length);
      else context.fillRect(area.x, area.y + index * pitch, length, width);
    });
  }
}

function barColour(maximum: number, colours: MapColours): string {
  if (Number.isNaN(maximum)) return colours.bad;
  if (!Number.isFinite(maximum)) return colours.gold;
  return maximum === 0 ? colours.zero : colours.ink2;
}
