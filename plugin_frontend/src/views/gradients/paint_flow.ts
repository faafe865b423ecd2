// Gradient flow by depth on a canvas: grid, lines, dots, and what is under or over the plot.

import { State } from "../../api/types";
import type { Axis } from "../../base/axis";
import { type CellColours, drawState, isNonFinite } from "../../base/cells";
import { type ColourScale, magnitudeScale } from "../../base/colour_scale";
import { drawLine, drawText, type InkColours } from "../../base/paint";
import type { Runs } from "../../store/soon";
import type { RunFlow } from "./flow_data";
import { type Dot, type FlowGeometry, flowDots, flowGeometry, flowLines, GUTTER } from "./flow_geometry";
import type { RunNorms } from "./norms";
import type { GalleryPlan } from "./plan";

type Context = CanvasRenderingContext2D;
export type FlowColours = CellColours & InkColours & { wash: string; where: string };

export interface FlowScene {
  plan: GalleryPlan;
  /** The shown run first. */
  runs: Readonly<Runs<RunFlow>>;
  selected: string | null;
  focused: string | null;
  axis: Axis;
  step: number;
  /** What the numbers are: "norm". */
  label: string;
}

const DASHES = [4, 3];

/** The numbers that the dots to point at stand for: before clipping, where that was measured. */
export function shownDots({ after, before }: RunFlow): RunNorms {
  return before ?? after;
}

export function paintFlow(
  context: Context,
  size: { width: number; height: number },
  scene: FlowScene,
  colours: FlowColours,
): void {
  const { plan, runs, selected, axis, step } = scene;
  const geometry = flowGeometry(size, plan.columns.length);
  paintChosenColumn(context, plan, selected, geometry, size.height, colours);
  paintGrid(context, geometry, axis, scene.label, colours);
  for (const { after, before } of [...runs].reverse()) {
    context.setLineDash(before ? DASHES : []);
    paintLine(context, scene, after, geometry);
    context.setLineDash([]);
    if (before) paintLine(context, scene, before, geometry);
  }
  const [{ after, before }] = runs;
  const dots = flowDots(plan, before ?? after, step, axis, geometry);
  const scale = dotScale(axis, colours.dark);
  if (before) for (const dot of flowDots(plan, after, step, axis, geometry)) paintDot(context, dot, 1.25, scale);
  for (const dot of dots) {
    paintDot(context, dot, 2.25, scale);
    paintSpecial(context, dot, colours);
    if (dot.site === (scene.focused ?? selected)) paintRing(context, dot, colours);
  }
  paintZeroCounts(context, plan, dots, geometry, colours);
}

function paintLine(context: Context, { plan, step, axis }: FlowScene, run: RunNorms, geometry: FlowGeometry): void {
  for (const points of flowLines(plan, run, step, axis, geometry)) drawLine(context, points, run.colour, 1.75);
}

export function paintChosenColumn(
  context: Context,
  { columns }: GalleryPlan,
  selected: string | null,
  geometry: FlowGeometry,
  height: number,
  colours: FlowColours,
): void {
  const chosen = columns.findIndex(({ sites }) => selected !== null && sites.includes(selected));
  if (chosen < 0) return;
  context.fillStyle = colours.wash;
  context.fillRect(geometry.left(chosen) - 2, 0, geometry.columnWidth + 4, height);
}

export function paintGrid(
  context: Context,
  { plot }: FlowGeometry,
  axis: Axis,
  label: string,
  colours: FlowColours,
): void {
  for (const { label: tick, position } of axis.ticks(axis.kind === "symlog" ? 2 : 5)) {
    const y = Math.round(plot.y + plot.height * (1 - position)) + 0.5;
    drawLine(
      context,
      [
        [plot.x, y],
        [plot.x + plot.width, y],
      ],
      colours.line,
    );
    drawText(context, tick, GUTTER, y, colours.ink2, "right");
  }
  drawText(context, "gradient", 0, plot.y + plot.height / 2 - 7, colours.ink2);
  drawText(context, label, 0, plot.y + plot.height / 2 + 7, colours.ink2);
}

/** Half a range lower than the axis, so that the smallest dots still stand out from the page. */
function dotScale({ domain: [low, high] }: Axis, dark: boolean): ColourScale {
  return magnitudeScale([], { dark, range: [low / Math.sqrt(high / low), high] });
}

function paintDot(context: Context, { x, y, norm }: Dot, radius: number, scale: ColourScale): void {
  if (norm.state !== State.finite) return;
  context.fillStyle = scale.css(norm.value);
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

/** Exactly 0 and what is not finite. */
function paintSpecial(context: Context, { x, y, norm: { state } }: Dot, colours: FlowColours): void {
  if (state !== State.zero && !isNonFinite(state)) return;
  const height = state === State.zero ? 4 : 6;
  drawState(context, { x: x - 3, y: y - height / 2, width: 6, height }, state, colours);
}

export function paintRing(context: Context, { x, y }: { x: number; y: number }, colours: FlowColours): void {
  context.strokeStyle = colours.ink;
  context.lineWidth = 1.5;
  context.beginPath();
  context.arc(x, y, 5, 0, 2 * Math.PI);
  context.stroke();
}

/** How many sites of a column are exactly 0, beside their ash. */
function paintZeroCounts(
  context: Context,
  plan: GalleryPlan,
  dots: readonly Dot[],
  geometry: FlowGeometry,
  colours: FlowColours,
): void {
  const zeros = new Set(dots.filter(({ norm }) => norm.state === State.zero).map(({ site }) => site));
  plan.columns.forEach(({ sites }, column) => {
    const count = sites.filter((site) => zeros.has(site)).length;
    if (count === 0) return;
    const text = geometry.columnWidth > 56 ? `${count} exactly 0` : String(count);
    const x = geometry.left(column) + geometry.columnWidth / 2;
    drawText(context, text, x, geometry.plot.y + geometry.plot.height - 4, colours.ink2, "center");
  });
}
