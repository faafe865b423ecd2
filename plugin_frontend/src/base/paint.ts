// Lines, labels and axes on canvases.

import type { Axis } from "./axis";
import type { Rect } from "./cells";
import { formatCount } from "./format";
import type { StepColumns } from "./step_columns";
import { stepTicks, type Tick } from "./ticks";

type Context = CanvasRenderingContext2D;

export interface InkColours {
  ink: string;
  ink2: string;
  ink3: string;
  line: string;
  ctl: string;
  now: string;
  nowText: string;
  bg: string;
}

export const font = (size: number, weight = 400): string =>
  `${weight} ${size}px Roboto, system-ui, -apple-system, "Segoe UI", sans-serif`;
const SMALL_PRINT = font(11);
const TICK_PX = 4;
const LABEL_GAP = 6;
const LINE_HEIGHT = 14;

export function drawText(
  context: Context,
  text: string,
  x: number,
  y: number,
  colour: string,
  align: CanvasTextAlign = "left",
): void {
  context.font = SMALL_PRINT;
  context.fillStyle = colour;
  context.textAlign = align;
  context.textBaseline = "middle";
  context.fillText(text, x, y);
}

/** Width of a label in px. */
export function textWidth(context: Context, text: string): number {
  context.font = SMALL_PRINT;
  return context.measureText(text).width;
}

export function drawLine(context: Context, points: readonly [number, number][], colour: string, width = 1): void {
  context.beginPath();
  // Without a current point, lineTo moves there.
  for (const [x, y] of points) context.lineTo(x, y);
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.lineJoin = "round";
  context.stroke();
}

/** Points in unbroken stretches: a step without a place breaks the line. A lone point gets a short line. */
export function unbroken(steps: ArrayLike<number>, point: (step: number) => [number, number]): [number, number][][] {
  const lines: [number, number][][] = [[]];
  for (let step = 0; step < steps.length; step++) {
    const [x, y] = point(step);
    if (Number.isFinite(y)) lines.at(-1)?.push([x, y]);
    else if (lines.at(-1)?.length) lines.push([]);
  }
  return lines
    .filter((line) => line.length > 0)
    .map((line) =>
      line.length > 1
        ? line
        : line.flatMap(
            ([x, y]) =>
              [
                [x - 6, y],
                [x + 6, y],
              ] as [number, number][],
          ),
    );
}

/** A pale ground under a line. */
export function fillOutline(context: Context, points: [number, number][], colour: string): void {
  context.save();
  context.globalAlpha = 0.22;
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y);
  context.closePath();
  context.fillStyle = colour;
  context.fill();
  context.restore();
}

/** Labels at the left of a plot whose vertical axis has its start at the bottom. */
export function drawValueLabels(context: Context, plot: Rect, axis: Axis, colours: InkColours): void {
  const ticks = axis.ticks(Math.max(2, Math.floor(plot.height / 60)));
  for (const { label, position } of separated(ticks, plot.height, () => LINE_HEIGHT)) {
    const y = plot.y + plot.height * (1 - position);
    const tickY = Math.round(y) + 0.5;
    drawLine(
      context,
      [
        [plot.x - TICK_PX, tickY],
        [plot.x, tickY],
      ],
      colours.ctl,
    );
    drawText(context, label, plot.x - LABEL_GAP, y, colours.ink2, "right");
  }
}

/** Labels under a plot whose horizontal axis has the values. */
export function drawValueLabelsBelow(context: Context, plot: Rect, axis: Axis, colours: InkColours): void {
  const y = plot.y + plot.height;
  const ticks = axis.ticks(Math.max(axis.kind === "log" ? 2 : 1, Math.floor(plot.width / 110)));
  const width = (label: string) => textWidth(context, label) + LABEL_GAP;
  for (const { label, position } of separated(ticks, plot.width, width)) {
    const x = plot.x + plot.width * position;
    const tickX = Math.round(x) + 0.5;
    drawLine(
      context,
      [
        [tickX, y],
        [tickX, y + TICK_PX],
      ],
      colours.ctl,
    );
    drawText(context, label, within(x, plot, width(label) / 2), y + 13, colours.ink2, "center");
  }
}

/** Ticks whose labels don't touch: zero first, then from the ends inward. */
export function separated(ticks: readonly Tick[], length: number, extent: (label: string) => number): Tick[] {
  const importance = ({ value, position }: Tick) => (value === 0 ? 1 : Math.abs(position - 0.5));
  const kept: Tick[] = [];
  for (const tick of [...ticks].sort((a, b) => importance(b) - importance(a))) {
    const isClear = kept.every((other) => {
      const distance = Math.abs(other.position - tick.position) * length;
      return distance >= (extent(other.label) + extent(tick.label)) / 2;
    });
    if (isClear) kept.push(tick);
  }
  return kept.sort((a, b) => a.position - b.position);
}

/** Steps under a plot: the ends, and round ones between. */
export function drawStepLabels(
  context: Context,
  plot: Rect,
  steps: ArrayLike<number>,
  columns: StepColumns,
  colours: InkColours,
): void {
  const first = steps[0];
  const last = steps[steps.length - 1];
  if (first === undefined || last === undefined) return;
  for (const step of stepTicks(first, last, Math.max(1, Math.floor(plot.width / 70)))) {
    const label = formatCount(step);
    const x = plot.x + columns.x(step);
    drawText(context, label, within(x, plot, label.length * 3), plot.y + plot.height + 12, colours.ink2, "center");
  }
}

/** The line of the current step, a little over the plot's edges. */
export function drawNow(context: Context, x: number, top: number, bottom: number, colours: InkColours): void {
  context.fillStyle = colours.now;
  context.fillRect(Math.round(x) - 1, top, 2, bottom - top);
}

/** The crosshair of a picture: ink at 55 %. */
export function drawCrosshair(context: Context, plot: Rect, x: number, y: number, colours: InkColours): void {
  context.save();
  context.globalAlpha = 0.55;
  drawLine(
    context,
    [
      [plot.x, y],
      [plot.x + plot.width, y],
    ],
    colours.ink,
  );
  drawLine(
    context,
    [
      [x, plot.y],
      [x, plot.y + plot.height],
    ],
    colours.ink,
  );
  context.restore();
}

/** A ring round a cell, seen on any colour, at least `least` px wide and high. */
export function drawRing(context: Context, cell: Rect, least: number, { bg, ink }: { bg: string; ink: string }): void {
  const width = Math.max(least, cell.width);
  const height = Math.max(least, cell.height);
  const x = cell.x + (cell.width - width) / 2;
  const y = cell.y + (cell.height - height) / 2;
  for (const [colour, line] of [
    [bg, 3],
    [ink, 1.5],
  ] as const) {
    context.lineWidth = line;
    context.strokeStyle = colour;
    context.strokeRect(x, y, width, height);
  }
}

/** Where a centred label of about that half-width stays within the plot. */
function within(x: number, plot: Rect, half: number): number {
  return Math.min(plot.x + plot.width - half, Math.max(plot.x + half, x));
}
