// Values over steps: density image or bands, with the histogram of the step beside it.

import type { DistributionsAnswer } from "../../api/types";
import type { Axis } from "../../base/axis";
import { densityImage, placeBins, profile, zeroShare } from "../../base/bins";
import { atLeast, drawInfinity, type Rect } from "../../base/cells";
import { magnitudeLut } from "../../base/colour_scale";
import { formatCount } from "../../base/format";
import { drawLine, drawNow, drawStepLabels, drawText, drawValueLabels, fillOutline, unbroken } from "../../base/paint";
import { BAND_LEVELS, paintBands, paintStretches } from "../../base/paint_bands";
import { type StepColumns, stepColumns, stretchesOf } from "../../base/step_columns";
import { seriesOfDistributions } from "./measures";
import { atStep, type Colours, type Plot } from "./plot";

type Context = CanvasRenderingContext2D;

const LINE_LEVELS = [0.05, 0.5, 0.95];
const DENSITY_ROWS = 160;
const GUTTER = 42;
const MARGINAL = 56;
const MARGINAL_GAP = 8;
const FOOT = 26;

/** Where a picture of values over steps has its plot and its marginal. */
export function plotAreas(size: { width: number; height: number }): { plot: Rect; marginal: Rect } {
  const width = Math.max(24, size.width - GUTTER - MARGINAL_GAP - MARGINAL);
  const plot = { x: GUTTER, y: 8, width, height: size.height - FOOT - 8 };
  return { plot, marginal: { ...plot, x: plot.x + width + MARGINAL_GAP, width: MARGINAL } };
}

/** Value × step: the density image and three quantile lines, or the bands; the histogram of the step at its right. */
export function paintOverSteps(
  context: Context,
  size: { width: number; height: number },
  { runs, axis, now }: Plot,
  drawing: "density" | "bands",
  image: () => HTMLCanvasElement,
  colours: Colours,
): void {
  const { plot, marginal } = plotAreas(size);
  const [{ answer }] = runs;
  const columns = stepColumns(answer.steps, plot.width);
  context.strokeStyle = colours.line;
  context.lineWidth = 1;
  context.strokeRect(plot.x - 0.5, plot.y - 0.5, plot.width + 1, plot.height + 1);
  context.save();
  context.beginPath();
  context.rect(plot.x, plot.y - 2, plot.width, plot.height + 4);
  context.clip();
  if (drawing === "density") paintDensity(context, plot, answer, axis, columns, image(), colours);
  else paintBands(context, plot, seriesOfDistributions(answer, BAND_LEVELS), axis, columns, colours);
  for (const { answer: other, colour } of runs.slice(1)) {
    for (const line of quantileLines(plot, other, axis, columns)) drawLine(context, line, colour, 1.5);
  }
  context.restore();
  drawValueLabels(context, plot, axis, colours);
  drawStepLabels(context, plot, answer.steps, columns, colours);
  drawNow(context, plot.x + columns.x(now), plot.y - 2, plot.y + plot.height + 2, colours);
  paintMarginal(context, marginal, { runs, axis, now }, colours);
  const { answer: shown, index } = atStep(runs[0], now);
  drawText(
    context,
    `at ${formatCount(shown.steps[index] ?? now)}`,
    marginal.x + marginal.width / 2,
    plot.y + plot.height + 12,
    colours.nowText,
    "center",
  );
}

/** The density of all steps as an image of S × rows pixels; colours are relative to each step's peak. */
export function densityCanvas(answer: DistributionsAnswer, axis: Axis, dark: boolean): HTMLCanvasElement {
  const density = densityImage(answer, axis, DENSITY_ROWS);
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, answer.steps.length);
  canvas.height = DENSITY_ROWS;
  const pixels = new Uint32Array(canvas.width * DENSITY_ROWS);
  const lut = magnitudeLut(dark);
  density.forEach((value, index) => {
    const step = Math.floor(index / DENSITY_ROWS);
    const row = DENSITY_ROWS - 1 - (index % DENSITY_ROWS);
    if (value > 0) pixels[row * canvas.width + step] = lut[Math.round(value * 255)] ?? 0;
  });
  const data = new ImageData(new Uint8ClampedArray(pixels.buffer), canvas.width, DENSITY_ROWS);
  canvas.getContext("2d")?.putImageData(data, 0, 0);
  return canvas;
}

function paintDensity(
  context: Context,
  plot: Rect,
  answer: DistributionsAnswer,
  axis: Axis,
  columns: StepColumns,
  image: HTMLCanvasElement,
  colours: Colours,
): void {
  context.imageSmoothingEnabled = false;
  answer.steps.forEach((_, step) => {
    const left = Math.floor(plot.x + columns.edge(step));
    const width = Math.max(1, Math.ceil(plot.x + columns.edge(step + 1)) - left);
    context.drawImage(image, step, 0, 1, DENSITY_ROWS, left, plot.y, width, plot.height);
  });
  paintZeros(context, plot, answer, axis, columns, colours);
  paintQuantileLines(context, plot, answer, axis, columns, colours);
  const stretches = stretchesOf(answer.state);
  paintStretches(
    context,
    plot,
    stretches.filter(({ mark }) => mark !== "infinite"),
    axis,
    columns,
    colours,
  );
  paintInfinities(context, plot, answer, columns, colours);
}

/** Exact zeros are a spike at 0 in ash, the stronger the more of the values it holds. */
function paintZeros(
  context: Context,
  plot: Rect,
  answer: DistributionsAnswer,
  axis: Axis,
  columns: StepColumns,
  colours: Colours,
): void {
  const y = plot.y + plot.height * (1 - axis.position(0));
  context.save();
  context.fillStyle = colours.zero;
  answer.zeros.forEach((zeros, step) => {
    if (zeros === 0) return;
    context.globalAlpha = 0.3 + 0.7 * zeroShare(answer, step);
    const left = columns.edge(step);
    context.fillRect(plot.x + left, y - 1.5, columns.edge(step + 1) - left, 3);
  });
  context.restore();
}

function paintQuantileLines(
  context: Context,
  plot: Rect,
  answer: DistributionsAnswer,
  axis: Axis,
  columns: StepColumns,
  colours: Colours,
): void {
  for (const line of quantileLines(plot, answer, axis, columns)) {
    drawLine(context, line, colours.bg, 2.5);
    drawLine(context, line, colours.ink, 1);
  }
}

/** The 5, 50 and 95 % quantiles over the steps of the picture, which may be another run's. */
function quantileLines(
  plot: Rect,
  answer: DistributionsAnswer,
  axis: Axis,
  columns: StepColumns,
): [number, number][][] {
  const { steps, quantiles } = seriesOfDistributions(answer, LINE_LEVELS);
  return LINE_LEVELS.flatMap((_, level) =>
    unbroken(steps, (step) => {
      const at = steps[step] ?? 0;
      const value = columns.holds(at) ? quantiles[step * LINE_LEVELS.length + level] : undefined;
      return [plot.x + columns.x(at), plot.y + plot.height * (1 - axis.position(value ?? Number.NaN))];
    }),
  );
}

/** Infinities have no place on the axis: gold at the edge beyond which they lie. */
function paintInfinities(
  context: Context,
  plot: Rect,
  answer: DistributionsAnswer,
  columns: StepColumns,
  colours: Colours,
): void {
  context.fillStyle = colours.gold;
  const mark = (step: number, y: number) => {
    const left = plot.x + columns.edge(step);
    const rect = atLeast({ x: left, y, width: columns.edge(step + 1) - (left - plot.x), height: 6 }, 3);
    context.fillRect(rect.x, rect.y, rect.width, rect.height);
  };
  answer.steps.forEach((_, step) => {
    if ((answer.posInf[step] ?? 0) > 0) mark(step, plot.y);
    if ((answer.negInf[step] ?? 0) > 0) mark(step, plot.y + plot.height - 6);
  });
}

/** The histogram at the step on the same value axis: the shown run filled, the compared ones as lines. */
function paintMarginal(context: Context, area: Rect, { runs, axis, now }: Plot, colours: Colours): void {
  drawLine(
    context,
    [
      [area.x, area.y],
      [area.x, area.y + area.height],
    ],
    colours.ctl,
  );
  const rows = Math.max(1, Math.round(area.height));
  const profiles = runs.map((run) => {
    const { answer, index } = atStep(run, now);
    return profile(answer, index, placeBins(answer, axis, rows));
  });
  const peak = Math.max(...profiles.flatMap((values) => values.reduce((a, b) => Math.max(a, b), 0)), 1e-300);
  profiles.forEach((values, index) => {
    const colour = runs[index]?.colour ?? colours.ink;
    const points = Array.from(values, (density, row): [number, number] => {
      return [area.x + (density / peak) * area.width, area.y + area.height - row - 0.5];
    });
    const outline: [number, number][] = [[area.x, area.y + area.height], ...points, [area.x, area.y]];
    if (index === 0) fillOutline(context, outline, colour);
    drawLine(context, index === 0 ? outline : points, colour, 1.5);
  });
  const { answer, index: step } = atStep(runs[0], now);
  paintZeroSpike(context, area, answer, step, axis, colours);
  paintInfinityCount(context, area.x, area.y + 8, "+", answer.posInf[step] ?? 0, colours);
  paintInfinityCount(context, area.x, area.y + area.height - 8, "−", answer.negInf[step] ?? 0, colours);
}

/** A gold cell and how many there are, at the end of the axis beyond which they lie. */
function paintInfinityCount(
  context: Context,
  x: number,
  y: number,
  sign: string,
  count: number,
  colours: Colours,
): void {
  if (count === 0) return;
  drawInfinity(context, { x: x + 4, y: y - 6, width: 12, height: 12 }, sign, colours);
  drawText(context, formatCount(count), x + 20, y, colours.ink);
}

function paintZeroSpike(
  context: Context,
  area: Rect,
  answer: DistributionsAnswer,
  step: number,
  axis: Axis,
  colours: Colours,
): void {
  const share = zeroShare(answer, step);
  if (share === 0) return;
  const y = area.y + area.height * (1 - axis.position(0));
  context.fillStyle = colours.zero;
  context.fillRect(area.x, y - 1.5, Math.max(3, share * area.width), 3);
}
