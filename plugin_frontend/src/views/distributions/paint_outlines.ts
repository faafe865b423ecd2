// Histograms of many steps as outlines: ridges one below the other, or all on one ground.

import { type DistributionsAnswer, State } from "../../api/types";
import type { Axis } from "../../base/axis";
import { placeBins, profile, thinned, zeroShare } from "../../base/bins";
import type { Rect } from "../../base/cells";
import { magnitudeScale } from "../../base/colour_scale";
import { formatCount } from "../../base/format";
import { drawLine, drawText, drawValueLabelsBelow, fillOutline, textWidth } from "../../base/paint";
import { indexAtOrBefore } from "../../base/steps";
import { atStep, type Colours, type Plot } from "./plot";

type Context = CanvasRenderingContext2D;

const MOST_RIDGES = 14;
const FOOT = 26;

/** Outlines of the steps one below the other, values across; the current step's in orange. */
export function paintRidges(
  context: Context,
  size: { width: number; height: number },
  { runs: [{ answer, colour }, ...others], axis, now }: Plot,
  colours: Colours,
): void {
  const current = indexAtOrBefore(answer.steps, now);
  const shown = [...new Set([...thinned(answer.steps.length, MOST_RIDGES), current])].sort((a, b) => a - b);
  const labels = shown.map((step) => formatCount(answer.steps[step] ?? 0));
  const gutter = Math.max(24, ...labels.map((label) => textWidth(context, label))) + 10;
  const plot = { x: gutter, y: 24, width: size.width - gutter - 4, height: size.height - 24 - 24 };
  const placement = placeBins(answer, axis, Math.max(1, Math.round(plot.width)));
  const compared = others.map((other) => ({ ...other, placement: placeBins(other.answer, axis, placement.rows) }));
  const pitch = plot.height / Math.max(1, shown.length);
  let labelled = Number.NEGATIVE_INFINITY;
  drawZeroGuide(context, plot, axis, colours);
  shown.forEach((step, index) => {
    const values = profile(answer, step, placement);
    const isNow = step === current;
    const base = plot.y + pitch * (index + 1);
    const height = Math.min(pitch * 2.2, 40);
    const points = ridge(values, plot, base, height);
    const ink = answer.state[step] === State.nan ? colours.bad : isNow ? colours.now : colour;
    fillOutline(context, points, ink);
    drawLine(context, points, ink, isNow ? 1.5 : 1);
    paintZeros(context, { ...plot, y: base - pitch, height: pitch }, answer, step, axis, colours);
    for (const other of compared) {
      const beside = profile(
        other.answer,
        indexAtOrBefore(other.answer.steps, answer.steps[step] ?? 0),
        other.placement,
      );
      drawLine(context, ridge(beside, plot, base, height), other.colour, 1);
    }
    if (!isNow && (base - labelled < 13 || nearCurrent(shown, index, current, pitch))) return;
    labelled = base;
    drawText(
      context,
      formatCount(answer.steps[step] ?? 0),
      plot.x - 6,
      base - 3,
      isNow ? colours.nowText : colours.ink2,
      "right",
    );
  });
  drawValueLabelsBelow(context, plot, axis, colours);
}

/** What is exactly 0 is in no outline: a bar of ash at 0, as high as its share of the values. */
function paintZeros(
  context: Context,
  area: Rect,
  answer: DistributionsAnswer,
  step: number,
  axis: Axis,
  colours: Colours,
): void {
  const share = zeroShare(answer, step);
  if (share === 0) return;
  const tall = Math.max(3, share * area.height);
  context.fillStyle = colours.zero;
  context.fillRect(area.x + area.width * axis.position(0) - 1.5, area.y + area.height - tall, 3, tall);
}

function nearCurrent(shown: number[], index: number, current: number, pitch: number): boolean {
  return Math.abs(shown.indexOf(current) - index) * pitch < 13;
}

function ridge(values: Float64Array, plot: Rect, base: number, height: number): [number, number][] {
  const peak = values.reduce((a, b) => Math.max(a, b), 0) || 1;
  const step = plot.width / values.length;
  const points = Array.from(values, (density, row): [number, number] => {
    return [plot.x + (row + 0.5) * step, base - (density / peak) * height];
  });
  return [[plot.x, base], ...points, [plot.x + plot.width, base]];
}

function drawZeroGuide(context: Context, plot: Rect, axis: Axis, colours: Colours): void {
  const position = axis.position(0);
  if (!(position >= 0 && position <= 1)) return;
  const x = Math.round(plot.x + plot.width * position) + 0.5;
  context.save();
  context.setLineDash([2, 4]);
  drawLine(
    context,
    [
      [x, plot.y],
      [x, plot.y + plot.height],
    ],
    colours.ctl,
  );
  context.restore();
}

/** Outlines of all steps on one ground, later ones stronger; the current step's in orange. */
export function paintOverlay(
  context: Context,
  size: { width: number; height: number },
  { runs: [run, ...others], axis, now }: Plot,
  colours: Colours,
): void {
  const { answer } = run;
  const plot = { x: 8, y: 8, width: size.width - 16, height: size.height - FOOT - 8 };
  const placement = placeBins(answer, axis, Math.max(1, Math.round(plot.width)));
  const scale = magnitudeScale([], {
    dark: colours.dark,
    kind: "linear",
    range: [0, Math.max(1, answer.steps.length)],
  });
  const current = indexAtOrBefore(answer.steps, now);
  const outline = (step: number) => ridge(profile(answer, step, placement), plot, plot.y + plot.height, plot.height);
  drawZeroGuide(context, plot, axis, colours);
  for (const step of thinned(answer.steps.length, 60)) drawLine(context, outline(step), scale.css(step + 1));
  if (current >= 0) {
    drawLine(context, outline(current), colours.now, 2);
    paintZeros(context, plot, answer, current, axis, colours);
  }
  for (const other of others) {
    const at = atStep(other, now);
    const beside = profile(at.answer, at.index, placeBins(at.answer, axis, placement.rows));
    drawLine(context, ridge(beside, plot, plot.y + plot.height, plot.height), other.colour, 1.5);
  }
  drawLine(
    context,
    [
      [plot.x, plot.y + plot.height],
      [plot.x + plot.width, plot.y + plot.height],
    ],
    colours.line,
  );
  drawValueLabelsBelow(context, plot, axis, colours);
}
