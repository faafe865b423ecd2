// The map on its canvas: labels, cells, the current step, crosshair, profile and the words below.

import { type Severity, State } from "../../api/types";
import { isNonFinite } from "../../base/cells";
import type { ColourScale } from "../../base/colour_scale";
import { formatCount, plural } from "../../base/format";
import { drawRing, font } from "../../base/paint";
import { membersOf } from "../../base/stage_sites";
import type { Stretch } from "../../widgets/brush";
import type { look, Size } from "../../widgets/canvas";
import type { StepAxis } from "../../widgets/step_axis";
import { drawLabels } from "./draw_labels";
import type { MapRows } from "./map_rows";
import type { RunData } from "./run_data";

/** Room under the map for its words. */
export const FOOT = 20;
/** Room above it, for the words of the profile. */
export const HEAD = 14;

export interface MapGeometry {
  rows: MapRows;
  axis: StepAxis;
}

export interface Marks {
  now: number | null;
  /** Index of the column shown at `now`; -1: none. */
  column: number;
  hovered: { row: number; column: number } | null;
  /** Row of the selected site; -1: none. */
  selected: number;
  /** Rows of each finding that has sites, worst first. */
  pins: readonly Pinned[];
  /** The stretch that is being picked, in pixels; null: none is. */
  brush: Stretch | null;
  /** Position in `pins` of the finding that is pointed at; -1: none. */
  pointed: number;
}

export interface Pinned {
  number: number;
  severity: Severity;
  /** Ascending. */
  rows: readonly number[];
  /** The row to look at first. */
  first: number;
}

export interface MapDrawing {
  data: RunData;
  scale: ColourScale;
  /** The painted cells, or null before the first size is known. */
  cells: HTMLCanvasElement | null;
  geometry: MapGeometry;
  marks: Marks;
  look: typeof look.value;
}

type Context = CanvasRenderingContext2D;

export const SMALL = font(11);
export const SMALL_BOLD = font(11, 500);

export function drawMap(context: Context, size: Size, drawing: MapDrawing): void {
  const { cells, geometry } = drawing;
  context.textBaseline = "middle";
  if (cells) {
    context.imageSmoothingEnabled = false;
    const ratio = window.devicePixelRatio || 1;
    context.drawImage(cells, geometry.axis.left, HEAD, cells.width / ratio, cells.height / ratio);
  }
  drawDimmed(context, drawing);
  drawLabels(context, drawing);
  drawSelection(context, drawing);
  drawNow(context, drawing);
  drawCrosshair(context, drawing);
  drawBrush(context, drawing);
  drawFoot(context, drawing);
  if (size.width - geometry.axis.right > 100) drawProfile(context, size, drawing);
}

/** All but the rows of the finding that is pointed at, at 60 %. */
function drawDimmed(context: Context, { geometry: { rows, axis }, marks, look }: MapDrawing): void {
  const pinned = marks.pins[marks.pointed];
  if (!pinned) return;
  // Rows of a closed module lie upon each other.
  const about = new Set(pinned.rows.map((row) => rows.top[row]));
  const width = (axis.columns.at(-1)?.right ?? axis.right) - axis.left;
  context.save();
  context.globalAlpha = 0.4;
  context.fillStyle = look.bg;
  rows.top.forEach((top, row) => {
    if (!about.has(top) && top !== rows.top[row - 1])
      context.fillRect(axis.left, HEAD + top, width, rows.heights[row] ?? 0);
  });
  context.restore();
}

/** The selected site's row: blue line above and below. */
function drawSelection(context: Context, { geometry: { rows, axis }, marks, look }: MapDrawing): void {
  const top = rows.top[marks.selected];
  if (top === undefined) return;
  const right = axis.columns.at(-1)?.right ?? axis.right;
  const height = Math.max(3, rows.heights[marks.selected] ?? 0);
  context.strokeStyle = look.where;
  context.lineWidth = 2;
  context.strokeRect(axis.left - 1, HEAD + top - 1, right - axis.left + 2, height + 2);
}

function drawNow(context: Context, { geometry: { rows, axis }, marks: { now }, look }: MapDrawing): void {
  if (now === null || axis.steps.length === 0) return;
  const x = Math.min(axis.right, Math.max(axis.left, axis.x(now)));
  context.fillStyle = look.now;
  context.fillRect(x - 1, 0, 2, HEAD + rows.bottom);
}

/** A ring of ink on the hovered cell. */
function drawCrosshair(context: Context, { geometry: { rows, axis }, marks, look }: MapDrawing): void {
  const cell = marks.hovered;
  const column = cell && axis.columns[cell.column];
  if (!cell || !column) return;
  const rect = { x: column.left, y: HEAD + (rows.top[cell.row] ?? 0), width: column.right - column.left };
  drawRing(context, { ...rect, height: rows.heights[cell.row] ?? 0 }, 6, look);
}

function drawBrush(context: Context, { geometry: { rows, axis }, marks: { brush }, look }: MapDrawing): void {
  if (!brush) return;
  const left = Math.max(axis.left, brush.from);
  const width = Math.min(axis.right, brush.to) - left;
  context.save();
  context.fillStyle = look.where;
  context.globalAlpha = 0.25;
  context.fillRect(left, HEAD, width, rows.bottom);
  context.globalAlpha = 1;
  context.fillRect(left - 1, HEAD, 2, rows.bottom);
  context.fillRect(left + width - 1, HEAD, 2, rows.bottom);
  context.restore();
}

function drawFoot(context: Context, { data, geometry: { rows, axis }, look }: MapDrawing): void {
  const y = HEAD + rows.bottom + FOOT / 2 + 1;
  context.font = SMALL;
  context.fillStyle = look.ink2;
  context.textAlign = "left";
  const { length } = data.cells.steps;
  const sites = membersOf(data.sites, data.stage).size;
  const rest = data.cells.partial ? ", the others are being read" : "";
  const words = `${plural(sites, "site")} × ${plural(length, "step")}${rest}`;
  context.fillText(words, axis.left, y);
  const free = axis.left + context.measureText(words).width;
  context.textAlign = "center";
  for (const { left, right, after, before } of axis.holes) {
    const middle = (left + right) / 2;
    const note = `none between ${formatCount(after)} and ${formatCount(before)}`;
    const half = context.measureText(note).width / 2;
    if (middle - half > free + 12 && middle + half < axis.right) context.fillText(note, middle, y);
  }
}

const PROFILE_MARGIN = { left: 18, right: 30 };
const DOT = { width: 4, lowest: 2, highest: 4 };

/** Each site's value at the current step as a dot on its row. */
function drawProfile(context: Context, size: Size, drawing: MapDrawing): void {
  const { data, scale, geometry, marks, look } = drawing;
  const { rows, axis } = geometry;
  if (marks.column < 0) return;
  const from = axis.right + PROFILE_MARGIN.left;
  const to = size.width - PROFILE_MARGIN.right;
  const start = marks.column * data.sites.length;
  rows.sites.forEach((site, row) => {
    const rowHeight = rows.heights[row] ?? 0;
    const y = HEAD + (rows.top[row] ?? 0) + rowHeight / 2;
    const height = Math.min(DOT.highest, Math.max(DOT.lowest, rowHeight * 0.4));
    const state = data.cells.state[start + site] ?? State.missing;
    const x = from + scale.position(data.cells.values[start + site] ?? 0) * (to - from);
    drawDot(context, { x, y, from, to, height }, state, look);
  });
  context.font = SMALL_BOLD;
  context.fillStyle = look.nowText;
  context.textAlign = "right";
  const step = data.cells.steps[marks.column] ?? 0;
  context.fillText(`at step ${formatCount(step)}`, size.width - 16, HEAD / 2 - 1);
  drawProfileAxis(context, from, to, drawing);
}

interface DotPlace {
  x: number;
  y: number;
  from: number;
  to: number;
  /** Of a dot. */
  height: number;
}

function drawDot(
  context: Context,
  { x, y, from, to, height }: DotPlace,
  state: number,
  look: MapDrawing["look"],
): void {
  if (state === State.finite) {
    context.fillStyle = look.ink2;
    context.fillRect(x - DOT.width / 2, y - height / 2, DOT.width, height);
  } else if (state === State.zero) {
    context.fillStyle = look.zero;
    context.fillRect(from - 10, y - 2, 3, 4);
  } else if (isNonFinite(state)) {
    context.fillStyle = state === State.nan ? look.bad : look.gold;
    context.fillRect(to + 6, y - 3, 8, 6);
  }
}

function drawProfileAxis(context: Context, from: number, to: number, { scale, geometry, look }: MapDrawing): void {
  const y = HEAD + geometry.rows.bottom + FOOT / 2 + 1;
  context.font = SMALL;
  context.fillStyle = look.ink3;
  context.textAlign = "center";
  for (const { position, label } of scale.ticks(2)) {
    const x = from + position * (to - from);
    context.fillText(label, x, y);
    context.fillRect(x - 0.5, HEAD + geometry.rows.bottom + 2, 1, 3);
  }
}
