// Gradient flow by depth at the step: a dot a site, a line a run.

import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { State } from "../../api/types";
import { type Axis, logAxis } from "../../base/axis";
import { type CellColours, drawState, isNonFinite } from "../../base/cells";
import { type ColourScale, magnitudeScale } from "../../base/colour_scale";
import { formatNumber } from "../../base/format";
import { drawLine, drawText, type InkColours } from "../../base/paint";
import { currentStep } from "../../store/selection";
import { look, type Size } from "../../widgets/canvas";
import { Picture } from "../../widgets/picture";
import { Table } from "../../widgets/table";
import { hideTooltip } from "../../widgets/tooltip";
import {
  type Dot,
  dotAt,
  type FlowGeometry,
  flowDots,
  flowGeometry,
  flowLines,
  GUTTER,
  largestNorm,
} from "./flow_geometry";
import { normAt, normRange, normWords, type RunNorms } from "./norms";
import type { GalleryPlan } from "./plan";
import { selectSite, showNorm } from "./readout";

type Context = CanvasRenderingContext2D;
type Colours = CellColours & InkColours & { wash: string; where: string };

interface FlowProps {
  plan: GalleryPlan;
  /** The shown run first. */
  norms: readonly [RunNorms, ...RunNorms[]];
  selected: string | null;
}

export function Flow({ plan, norms, selected }: FlowProps) {
  const axis = useMemo(() => logAxis(...normRange(norms)), [norms]);
  const focused = useSignal<string | null>(null);
  const draw = useMemo(
    () => (context: Context, size: Size) => {
      const scene = { plan, norms, selected, axis, step: currentStep.value ?? 0, focused: focused.value };
      paintFlow(context, size, scene, look.value);
    },
    [plan, norms, selected, axis, focused],
  );
  const dots = (size: Size) =>
    flowDots(plan, norms[0], currentStep.value ?? 0, axis, flowGeometry(size, plan.columns.length));
  const leave = () => {
    focused.value = null;
    hideTooltip();
  };
  const key = (event: KeyboardEvent, anchor: DOMRect): boolean => {
    const all = dots(anchor);
    const from = all.findIndex(({ site }) => site === (focused.value ?? selected));
    if (event.key === "Enter" && focused.value) selectSite(focused.value);
    const moves: Record<string, number> = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: all.length - 1 };
    const dot = all[Math.min(all.length - 1, Math.max(0, moves[event.key] ?? -1))];
    if (moves[event.key] === undefined || !dot) return event.key === "Enter";
    focused.value = dot.site;
    showNorm(norms, dot.site, anchor.left + dot.x, anchor.top + dot.y, true);
    return true;
  };
  return (
    <Picture
      class="flow"
      label={`Gradient norm of ${plan.columns.length} parts of the model by depth`}
      draw={draw}
      onHover={(point) => {
        const dot = dotAt(dots(point), point.x, point.y);
        if (!dot) return leave();
        focused.value = dot.site;
        showNorm(norms, dot.site, point.pageX, point.pageY, false);
      }}
      onLeave={leave}
      onSelect={() => focused.value && selectSite(focused.value)}
      onKey={key}
      exportName={`gradient flow at step ${currentStep.value}`}
      csv={() => flowCsv(plan, norms)}
      twin={<FlowTwin plan={plan} norms={norms} />}
    />
  );
}

interface Scene {
  plan: GalleryPlan;
  norms: readonly [RunNorms, ...RunNorms[]];
  selected: string | null;
  focused: string | null;
  axis: Axis;
  step: number;
}

function paintFlow(context: Context, size: Size, scene: Scene, colours: Colours): void {
  const { plan, norms, selected, axis, step } = scene;
  const geometry = flowGeometry(size, plan.columns.length);
  const chosen = plan.columns.findIndex(({ sites }) => selected !== null && sites.includes(selected));
  if (chosen >= 0) {
    context.fillStyle = colours.wash;
    context.fillRect(geometry.left(chosen) - 2, 0, geometry.columnWidth + 4, size.height);
  }
  paintGrid(context, geometry, axis, colours);
  for (const run of [...norms].reverse()) {
    for (const points of flowLines(plan, run, step, axis, geometry)) drawLine(context, points, run.colour, 1.75);
  }
  const dots = flowDots(plan, norms[0], step, axis, geometry);
  const [low, high] = axis.domain;
  // Half a range lower, so that the smallest dots still stand out from the page.
  const colourScale = magnitudeScale([], { dark: colours.dark, range: [low / Math.sqrt(high / low), high] });
  for (const dot of dots) {
    paintDot(context, dot, colourScale, colours);
    if (dot.site === (scene.focused ?? selected)) paintRing(context, dot, colours);
  }
  paintZeroCounts(context, plan, dots, geometry, colours);
}

function paintGrid(context: Context, { plot }: FlowGeometry, axis: Axis, colours: Colours): void {
  for (const { label, position } of axis.ticks(5)) {
    const y = Math.round(plot.y + plot.height * (1 - position)) + 0.5;
    drawLine(
      context,
      [
        [plot.x, y],
        [plot.x + plot.width, y],
      ],
      colours.line,
    );
    drawText(context, label, GUTTER, y, colours.ink2, "right");
  }
  drawText(context, "gradient", 0, plot.y + plot.height / 2 - 7, colours.ink2);
  drawText(context, "norm", 0, plot.y + plot.height / 2 + 7, colours.ink2);
}

function paintDot(context: Context, { x, y, norm }: Dot, scale: ColourScale, colours: Colours): void {
  const { state, value } = norm;
  if (state === State.finite) {
    context.fillStyle = scale.css(value);
    context.beginPath();
    context.arc(x, y, 2.25, 0, 2 * Math.PI);
    context.fill();
  } else if (state === State.zero || isNonFinite(state)) {
    const height = state === State.zero ? 4 : 6;
    drawState(context, { x: x - 3, y: y - height / 2, width: 6, height }, state, colours);
  }
}

function paintRing(context: Context, { x, y }: Dot, colours: Colours): void {
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
  colours: Colours,
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

function flowCsv(plan: GalleryPlan, norms: readonly RunNorms[]): string {
  const sites = plan.columns.flatMap((column) => column.sites);
  const head = ["site", ...norms.map(({ run }) => `"${run.replaceAll('"', '""')}"`)].join(",");
  const lines = flowTable(sites, norms).map((cells) => cells.join(","));
  return [head, ...lines, ""].join("\n");
}

function flowTable(sites: readonly string[], norms: readonly RunNorms[]): string[][] {
  const step = currentStep.value ?? 0;
  return sites.map((site) => [site, ...norms.map((run) => normWords(normAt(run, site, step)))]);
}

/** The lines; each dot's norm is in the name of its tile below. */
function FlowTwin({ plan, norms }: { plan: GalleryPlan; norms: readonly RunNorms[] }) {
  const step = currentStep.value ?? 0;
  const rows = plan.columns.map(({ label, sites }) => ({
    key: label,
    cells: [label, ...norms.map((run) => formatNumber(largestNorm(run, sites, step)))],
  }));
  const head = ["part of the model", ...norms.map(({ run }) => run)];
  return <Table hidden caption="Largest finite gradient norm at the step" head={head} rows={rows} />;
}
