// The cells of the map, painted into a canvas of their own: moving the step line must not paint them again, and a zoom
// in steps must not look at every site again.

import { State, type StatisticsAnswer } from "../../api/types";
import { drawAftermath, drawState, isNonFinite } from "../../base/cells";
import { type ColourScale, packColour } from "../../base/colour_scale";
import type { look } from "../../widgets/canvas";
import type { StepAxis } from "../../widgets/step_axis";
import type { MapRows } from "./map_rows";
import { type Pooled, poolColumns, poolRows, type Run, type Slots, slotsOf, specialRuns } from "./pool";

type Look = typeof look.value;

export interface RasterInput {
  /** All steps. */
  answer: StatisticsAnswer;
  rows: MapRows;
  scale: ColourScale;
  look: Look;
  /** Device pixels of a CSS pixel. */
  ratio: number;
}

export interface Raster {
  /** The columns of an axis, whose first is the step of that index, with the axis' left edge at x = 0. */
  paint(axis: StepAxis, first: number): HTMLCanvasElement;
}

/** Merges and colours the rows once. */
export function createRaster(input: RasterInput): Raster {
  const { answer, rows, scale, ratio } = input;
  const rowSlots = slotsOf(
    rows.top.map((top) => top * ratio),
    rows.top.map((top, row) => (top + (rows.heights[row] ?? 0)) * ratio),
  );
  const cells = poolRows(answer, rows.sites, rowSlots, strengthOf(scale));
  const pooled: RowPool = {
    cells,
    colours: coloursOf(cells, input),
    rowSlots,
    isPlain: cells.state.every((kind) => kind === State.finite),
    canvas: document.createElement("canvas"),
    image: null,
    winners: new Int32Array(cells.values.length),
  };
  return { paint: (axis, first) => paintCells(input, pooled, axis, first) };
}

/** On a scale with a centre the value farther from it is the stronger one. */
export function strengthOf(scale: ColourScale): (value: number) => number {
  return scale.palette === "signed" ? (value) => Math.abs(scale.position(value) - 0.5) : (value) => value;
}

function coloursOf(cells: Pooled, { scale, look: { bg, zero } }: RasterInput): Uint32Array {
  const ground = packColour(bg);
  const ash = packColour(zero);
  const colours = new Uint32Array(cells.values.length);
  for (let at = 0; at < colours.length; at++) {
    const kind = cells.state[at];
    colours[at] = kind === State.finite ? scale.colour(cells.values[at] ?? 0) : kind === State.zero ? ash : ground;
  }
  return colours;
}

interface RowPool {
  cells: Pooled;
  /** Of each of the cells. */
  colours: Uint32Array;
  rowSlots: Slots;
  /** Whether every cell has a colour on the scale. */
  isPlain: boolean;
  /** Painted on again and again: a new one at each notch of the wheel is megabytes to be cleared away. */
  canvas: HTMLCanvasElement;
  image: ImageData | null;
  /** Room for those of all columns. */
  winners: Int32Array;
}

function paintCells(input: RasterInput, pooled: RowPool, axis: StepAxis, first: number): HTMLCanvasElement {
  const { rows, ratio } = input;
  const { canvas, cells } = pooled;
  const width = Math.max(1, Math.round((axis.right - axis.left) * ratio));
  const height = Math.max(1, Math.round(rows.bottom * ratio));
  const context = canvas.getContext("2d");
  if (!context) return canvas;
  if (pooled.image?.width !== width || pooled.image.height !== height) {
    Object.assign(canvas, { width, height });
    pooled.image = context.createImageData(width, height);
    context.scale(ratio, ratio);
  }
  const columnSlots = slotsOf(
    axis.columns.map(({ left }) => (left - axis.left) * ratio),
    axis.columns.map(({ right }) => (right - axis.left) * ratio),
  );
  const winners = poolColumns(cells, first, columnSlots, pooled.winners);
  fillCells(new Uint32Array(pooled.image.data.buffer).fill(0), width, winners, columnSlots, pooled);
  context.putImageData(pooled.image, 0, 0);
  if (!pooled.isPlain) {
    const state = Uint8Array.from(winners, (winner) => cells.state[winner] ?? State.missing);
    drawSpecial(context, specialRuns(state, columnSlots.from.length), pooled.rowSlots, columnSlots, input);
  }
  drawHoles(context, axis, input);
  return canvas;
}

function fillCells(
  pixels: Uint32Array,
  width: number,
  winners: Int32Array,
  columns: Slots,
  { colours, rowSlots }: RowPool,
): void {
  // Looked up for each pixel rather than walked column by column: half the time, and the same however wide columns are.
  const columnAt = new Int32Array(width).fill(-1);
  columns.from.forEach((from, column) => {
    columnAt.fill(column, from, columns.to[column]);
  });
  rowSlots.from.forEach((top, row) => {
    const start = top * width;
    fillRow(pixels, start, columnAt, winners, row * columns.from.length, colours);
    // The other lines of the row are the same.
    const last = Math.min(pixels.length / width, rowSlots.to[row] ?? 0);
    for (let y = top + 1; y < last; y++) pixels.copyWithin(y * width, start, start + width);
  });
}

/** A call of its own for the same reason as `poolRow`. */
function fillRow(
  pixels: Uint32Array,
  start: number,
  columnAt: Int32Array,
  winners: Int32Array,
  first: number,
  colours: Uint32Array,
): void {
  for (let x = 0; x < columnAt.length; x++) {
    const column = columnAt[x] ?? -1;
    if (column >= 0) pixels[start + x] = colours[winners[first + column] ?? 0] ?? 0;
  }
}

/** Non-finite cells are drawn last, as they may be larger than their place. */
function drawSpecial(
  context: CanvasRenderingContext2D,
  runs: readonly Run[],
  rows: Slots,
  columns: Slots,
  { look: colours, ratio }: RasterInput,
): void {
  const isLoud = (run: Run) => isNonFinite(run.state) && !run.isAftermath;
  for (const run of [...runs.filter((one) => !isLoud(one)), ...runs.filter(isLoud)]) {
    if (run.state === State.zero) continue;
    const x = (columns.from[run.from] ?? 0) / ratio;
    const y = (rows.from[run.row] ?? 0) / ratio;
    const rect = {
      x,
      y,
      width: (columns.to[run.to - 1] ?? 0) / ratio - x,
      height: (rows.to[run.row] ?? 0) / ratio - y,
    };
    if (run.isAftermath) drawAftermath(context, rect, colours);
    else drawState(context, rect, run.state, colours);
  }
}

function drawHoles(context: CanvasRenderingContext2D, axis: StepAxis, { rows, look: colours }: RasterInput): void {
  for (const { left, right } of axis.holes) {
    const rect = { x: left - axis.left, y: 0, width: right - left, height: rows.bottom };
    drawState(context, rect, State.missing, colours);
  }
}
