// Percentile bands over steps, and the marks of steps that are not on the value axis.

import type { Axis } from "./axis";
import {
  type CellColours,
  drawAftermath,
  drawFrozen,
  drawInfinity,
  drawNan,
  drawNotMeasured,
  type Rect,
} from "./cells";
import { paletteStops } from "./colour_scale";
import { type StepColumns, type Stretch, stretchesOf } from "./step_columns";

type Context = CanvasRenderingContext2D;

/** S steps × 5 quantiles: 5, 25, 50, 75, 95 %. */
export interface BandSeries {
  steps: ArrayLike<number>;
  quantiles: ArrayLike<number>;
  states: ArrayLike<number>;
}

export const BAND_LEVELS = [0.05, 0.25, 0.5, 0.75, 0.95] as const;
/** Opacity of the outer band, the inner band, the median. */
export const BAND_OPACITY = { outer: 0.27, inner: 0.55, median: 1 } as const;
const LEVELS = BAND_LEVELS.length;
const THINNEST = 1;

/** The one colour of all bands. */
export function bandColour(dark: boolean): string {
  return paletteStops("magnitude", dark)[4] ?? "";
}

/** Draws the bands of one site in a plot whose value axis has its start at the bottom. */
export function paintBands(
  context: Context,
  plot: Rect,
  series: BandSeries,
  axis: Axis,
  columns: StepColumns,
  colours: CellColours,
): void {
  context.fillStyle = bandColour(colours.dark);
  for (const [opacity, low, high] of [
    [BAND_OPACITY.outer, 0, 4],
    [BAND_OPACITY.inner, 1, 3],
    [BAND_OPACITY.median, 2, 2],
  ] as const) {
    context.globalAlpha = opacity;
    fillBand(context, plot, series, axis, columns, low, high);
  }
  context.globalAlpha = 1;
  paintStretches(context, plot, stretchesOf(series.states), axis, columns, colours);
}

function fillBand(
  context: Context,
  plot: Rect,
  series: BandSeries,
  axis: Axis,
  columns: StepColumns,
  low: number,
  high: number,
): void {
  const y = (value: number) => plot.y + plot.height * (1 - Math.min(1, Math.max(0, axis.position(value))));
  const thinnest = low === high ? THINNEST + 1 : THINNEST;
  // One path: its rectangles unite, so neither seams nor overlaps show through the opacity.
  context.beginPath();
  for (let step = 0; step < series.steps.length; step++) {
    const top = y(series.quantiles[step * LEVELS + high] ?? Number.NaN);
    const bottom = y(series.quantiles[step * LEVELS + low] ?? Number.NaN);
    if (!(bottom >= top)) continue;
    const height = Math.max(thinnest, bottom - top);
    const left = columns.edge(step);
    context.rect(plot.x + left, (top + bottom - height) / 2, columns.edge(step + 1) - left, height);
  }
  context.fill();
}

/** Draws what is not on the axis over its columns: NaN and its aftermath, infinities, not measured, exactly 0. */
export function paintStretches(
  context: Context,
  plot: Rect,
  stretches: readonly Stretch[],
  axis: Axis,
  columns: StepColumns,
  colours: CellColours,
): void {
  const quiet = stretches.filter(({ mark }) => mark !== "onset" && mark !== "infinite");
  const loud = stretches.filter(({ mark }) => mark === "onset" || mark === "infinite");
  // The loud ones may be wider than their columns: nothing is drawn over them.
  for (const stretch of [...quiet, ...loud]) paintStretch(context, plot, stretch, axis, columns, colours);
}

function paintStretch(
  context: Context,
  plot: Rect,
  stretch: Stretch,
  axis: Axis,
  columns: StepColumns,
  colours: CellColours,
): void {
  const left = columns.edge(stretch.from);
  const rect = { x: plot.x + left, y: plot.y, width: columns.edge(stretch.to) - left, height: plot.height };
  if (stretch.mark === "onset") drawNan(context, rect, colours);
  else if (stretch.mark === "aftermath") drawAftermath(context, rect, colours);
  else if (stretch.mark === "infinite") drawInfinity(context, rect, "", colours);
  else if (stretch.mark === "missing") drawNotMeasured(context, rect, colours);
  else if (stretch.mark === "frozen") drawFrozen(context, rect, colours);
  else drawZeroLine(context, rect, axis, colours);
}

/** Exactly 0 throughout: a line of ash, for there is nothing else on the axis. */
function drawZeroLine(context: Context, rect: Rect, axis: Axis, colours: CellColours): void {
  const position = Math.min(1, Math.max(0, axis.position(0)));
  context.fillStyle = colours.zero;
  context.fillRect(rect.x, rect.y + rect.height * (1 - position) - 1, rect.width, 2);
}
