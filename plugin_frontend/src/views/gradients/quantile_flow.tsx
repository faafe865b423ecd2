// Flow by depth as quantiles: for each site where its signed gradient values lie.

import { useMemo } from "preact/hooks";
import type { BandsAnswer } from "../../api/types";
import { type Axis, symlogAxis } from "../../base/axis";
import { decadeRange } from "../../base/colour_scale";
import { csvOf } from "../../base/csv";
import { formatNumber, formatShare } from "../../base/format";
import { drawLine } from "../../base/paint";
import { useSignal } from "../../base/signals";
import { currentStep } from "../../store/selection";
import { look, type Size } from "../../widgets/canvas";
import { Table } from "../../widgets/table";
import { showTooltip } from "../../widgets/tooltip";
import { FlowPicture } from "./flow";
import { type QuantileFlow, quantilesAt } from "./flow_data";
import { type FlowGeometry, flowGeometry } from "./flow_geometry";
import { type FlowColours, paintChosenColumn, paintGrid, paintRing } from "./paint_flow";
import type { GalleryPlan } from "./plan";

interface QuantilesProps {
  plan: GalleryPlan;
  flow: QuantileFlow;
  selected: string | null;
}

export function QuantilesByDepth({ plan, flow, selected }: QuantilesProps) {
  const axis = useMemo(() => quantileAxis(flow), [flow]);
  const focused = useSignal<string | null>(null);
  const placed = (size: Size) => placeQuantiles(plan, flow, axis, flowGeometry(size, plan.columns.length));
  const draw = useMemo(
    () => (context: CanvasRenderingContext2D, size: Size) => {
      const geometry = flowGeometry(size, plan.columns.length);
      const colours = look.value;
      paintChosenColumn(context, plan, selected, geometry, size.height, colours);
      paintGrid(context, geometry, axis, "values", colours);
      for (const site of placeQuantiles(plan, flow, axis, geometry)) {
        paintSite(context, site, colours);
        if (site.site === (focused.value ?? selected)) paintRing(context, site, colours);
      }
    },
    [plan, flow, selected, axis, focused],
  );
  const sites = plan.columns.flatMap((column) => column.sites);
  return (
    <FlowPicture
      plan={plan}
      label={`Quantiles of the gradient's values in ${plan.columns.length} parts of the model by depth`}
      draw={draw}
      dots={placed}
      focused={focused}
      selected={selected}
      show={(site, x, y, announced) => showTooltip({ x, y, announced, title: site, rows: readoutRows(flow, site) })}
      csv={() => quantilesCsv(sites, flow)}
      twin={<QuantilesTwin sites={sites} flow={flow} />}
    />
  );
}

/** Below this share of the largest value the axis is linear: medians are near 0, and their decades say nothing. */
const LINEAR_SHARE = 1e-3;

/** Symmetric about 0, over all steps, so that it does not move with the step. */
export function quantileAxis({ after, before }: QuantileFlow): Axis {
  const high =
    [after, before].reduce((most, bands) => Math.max(most, decadeRange(bands?.values ?? [])?.[1] ?? 0), 0) || 1;
  return symlogAxis(-high, high, high * LINEAR_SHARE);
}

interface PlacedSite {
  site: string;
  x: number;
  /** Of the median. */
  y: number;
  /** Heights of the quantiles, lowest first. */
  after: number[];
  /** Of the values before clipping; null: not measured. */
  before: number[] | null;
}

export function placeQuantiles(
  plan: GalleryPlan,
  flow: QuantileFlow,
  axis: Axis,
  geometry: FlowGeometry,
): PlacedSite[] {
  const { plot } = geometry;
  const step = currentStep.value ?? 0;
  const heights = (bands: BandsAnswer | null, site: string): number[] | null => {
    const quantiles = bands && quantilesAt(bands, flow.rows.get(site), step);
    const place = (value: number) => Math.min(1, Math.max(0, axis.position(value)));
    return quantiles && Array.from(quantiles, (value) => plot.y + plot.height * (1 - place(value)));
  };
  return plan.columns.flatMap(({ sites }, column) =>
    sites.flatMap((site, index) => {
      const after = heights(flow.after, site);
      if (!after) return [];
      const x = geometry.left(column) + ((index + 0.5) / sites.length) * geometry.columnWidth;
      return [{ site, x, y: after[2] ?? plot.y, after, before: heights(flow.before, site) }];
    }),
  );
}

const BESIDE = 3;

function paintSite(context: CanvasRenderingContext2D, { x, y, after, before }: PlacedSite, colours: FlowColours): void {
  const line = (values: number[], at: number, from: number, to: number, width: number, colour: string) =>
    drawLine(
      context,
      [
        [at, values[from] ?? 0],
        [at, values[to] ?? 0],
      ],
      colour,
      width,
    );
  if (before) {
    context.setLineDash([2, 2]);
    line(before, x - BESIDE, 0, 4, 1, colours.ink2);
    context.setLineDash([]);
  }
  line(after, x, 0, 4, 1, colours.ink2);
  line(after, x, 1, 3, 3, colours.ink2);
  context.fillStyle = colours.ink;
  context.fillRect(x - 3, y - 1, 6, 2);
}

function readoutRows({ after, before, rows }: QuantileFlow, site: string): [string, string, string][] {
  const step = currentStep.value ?? 0;
  const lines = (bands: BandsAnswer, what: string): [string, string, string][] => {
    const quantiles = quantilesAt(bands, rows.get(site), step);
    const low = formatNumber(quantiles?.[0] ?? Number.NaN);
    const high = formatNumber(quantiles?.[4] ?? Number.NaN);
    return [[what, `${low} to ${high}`, "5 % to 95 % quantile"]];
  };
  const median = quantilesAt(after, rows.get(site), step)?.[2] ?? Number.NaN;
  return [
    ...lines(after, `step ${step}`),
    ["", formatNumber(median), "median"],
    ...(before ? lines(before, "before clipping") : []),
  ];
}

function quantilesCsv(sites: readonly string[], { after, rows }: QuantileFlow): string {
  const step = currentStep.value ?? 0;
  const lines = sites.map((site) => [site, ...(quantilesAt(after, rows.get(site), step) ?? [])]);
  return csvOf([["site", ...after.quantileLevels], ...lines]);
}

function QuantilesTwin({ sites, flow }: { sites: readonly string[]; flow: QuantileFlow }) {
  const step = currentStep.value ?? 0;
  const rows = sites.map((site) => {
    const quantiles = quantilesAt(flow.after, flow.rows.get(site), step);
    return { key: site, cells: [site, ...Array.from(quantiles ?? [], formatNumber)] };
  });
  const head = ["site", ...flow.after.quantileLevels.map(formatShare)];
  return <Table hidden caption="Quantiles of the gradient's values at the step" head={head} rows={rows} />;
}
