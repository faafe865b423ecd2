// The cells of the map, painted once into a canvas of their own: moving the step line must not paint them again.

import { State, type StatisticsAnswer } from "../../api/types";
import { drawAftermath, drawState, isNonFinite } from "../../base/cells";
import { type ColourScale, packColour } from "../../base/colour_scale";
import type { look } from "../../widgets/canvas";
import type { StepAxis } from "../../widgets/step_axis";
import type { MapRows } from "./map_rows";
import { type Pooled, pool, type Run, type Slots, slotsOf, specialRuns } from "./pool";

type Look = typeof look.value;

export interface RasterInput {
  answer: StatisticsAnswer;
  rows: MapRows;
  axis: StepAxis;
  scale: ColourScale;
  look: Look;
  /** Device pixels of a CSS pixel. */
  ratio: number;
}

/** Draws the cells with the axis' left edge at x = 0; `width` and `height` in CSS pixels. */
export function paintCells(input: RasterInput, width: number, height: number): HTMLCanvasElement {
  const { answer, rows, axis, ratio, scale } = input;
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  const context = canvas.getContext("2d");
  if (!context) return canvas;
  const rowSlots = slotsOf(
    rows.top.map((top) => top * ratio),
    rows.top.map((top, row) => (top + (rows.heights[row] ?? 0)) * ratio),
  );
  const columnSlots = slotsOf(
    axis.columns.map(({ left }) => (left - axis.left) * ratio),
    axis.columns.map(({ right }) => (right - axis.left) * ratio),
  );
  const cells = pool(answer, rows.sites, rowSlots, columnSlots, strengthOf(scale));
  const image = context.createImageData(canvas.width, canvas.height);
  fillCells(new Uint32Array(image.data.buffer), canvas.width, canvas.height, cells, rowSlots, columnSlots, input);
  context.putImageData(image, 0, 0);
  context.scale(ratio, ratio);
  drawSpecial(context, specialRuns(cells), rowSlots, columnSlots, input);
  drawHoles(context, input);
  return canvas;
}

/** On a scale with a centre the value farther from it is the stronger one. */
function strengthOf(scale: ColourScale): (value: number) => number {
  return scale.palette === "signed" ? (value) => Math.abs(scale.position(value) - 0.5) : (value) => value;
}

function fillCells(
  pixels: Uint32Array,
  width: number,
  height: number,
  cells: Pooled,
  rows: Slots,
  columns: Slots,
  { scale, look: { bg, zero } }: RasterInput,
): void {
  const ground = packColour(bg);
  const ash = packColour(zero);
  for (let row = 0; row < cells.rows; row++) {
    const start = (rows.from[row] ?? 0) * width;
    for (let column = 0; column < cells.columns; column++) {
      const index = row * cells.columns + column;
      const kind = cells.state[index] ?? State.missing;
      const hasColour = kind === State.finite;
      const colour = hasColour ? scale.colour(cells.values[index] ?? 0) : kind === State.zero ? ash : ground;
      pixels.fill(colour, start + (columns.from[column] ?? 0), start + Math.min(width, columns.to[column] ?? 0));
    }
    // The other lines of the row are the same.
    const last = Math.min(height, rows.to[row] ?? 0);
    for (let y = (rows.from[row] ?? 0) + 1; y < last; y++) pixels.copyWithin(y * width, start, start + width);
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

function drawHoles(context: CanvasRenderingContext2D, { axis, rows, look: colours }: RasterInput): void {
  for (const { left, right } of axis.holes) {
    const rect = { x: left - axis.left, y: 0, width: right - left, height: rows.bottom };
    drawState(context, rect, State.missing, colours);
  }
}
