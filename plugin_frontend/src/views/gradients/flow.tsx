// Gradient flow by depth at the step: a dot a site, a line a run, dashed after clipping.

import { useMemo } from "preact/hooks";
import { logAxis } from "../../base/axis";
import { csvOf } from "../../base/csv";
import { formatNumber } from "../../base/format";
import { useSignal } from "../../base/signals";
import { currentStep } from "../../store/selection";
import type { Runs } from "../../store/soon";
import { look, type Size } from "../../widgets/canvas";
import { Picture } from "../../widgets/picture";
import { Table } from "../../widgets/table";
import { hideTooltip } from "../../widgets/tooltip";
import { MEASURES, type RunFlow } from "./flow_data";
import { type Dot, dotAt, flowDots, flowGeometry, layerValue } from "./flow_geometry";
import { normAt, normRange, normWords, type RunNorms } from "./norms";
import { measure } from "./options";
import { paintFlow, shownDots } from "./paint_flow";
import type { GalleryPlan } from "./plan";
import { selectSite, showFlow } from "./readout";

interface FlowProps {
  plan: GalleryPlan;
  /** The shown run first. */
  runs: Readonly<Runs<RunFlow>>;
  selected: string | null;
}

export function Flow({ plan, runs, selected }: FlowProps) {
  const axis = useMemo(() => logAxis(...normRange(runs.flatMap(stagesOf).map(({ norms }) => norms))), [runs]);
  const focused = useSignal<string | null>(null);
  const words = measureWords();
  const draw = useMemo(
    () => (context: CanvasRenderingContext2D, size: Size) => {
      const scene = { plan, runs, selected, axis, step: currentStep.value ?? 0, focused: focused.value, label: words };
      paintFlow(context, size, scene, look.value);
    },
    [plan, runs, selected, axis, focused, words],
  );
  const dots = (size: Size) =>
    flowDots(plan, shownDots(runs[0]), currentStep.value ?? 0, axis, flowGeometry(size, plan.columns.length));
  return (
    <FlowPicture
      plan={plan}
      label={`Gradient ${words} of ${plan.columns.length} parts of the model by depth`}
      draw={draw}
      dots={dots}
      focused={focused}
      selected={selected}
      show={(site, x, y, announced) => showFlow(runs, words, site, x, y, announced)}
      csv={() => flowCsv(plan, runs)}
      twin={<FlowTwin plan={plan} runs={runs} />}
    />
  );
}

/** "norm", "maximum": what the numbers are. */
export function measureWords(): string {
  return MEASURES.find(({ value }) => value === measure.value)?.label ?? "norm";
}

interface FlowPictureProps {
  plan: GalleryPlan;
  label: string;
  draw: (context: CanvasRenderingContext2D, size: Size) => void;
  /** One a site, in the model's order. */
  dots: (size: Size) => Pick<Dot, "site" | "x" | "y">[];
  focused: { value: string | null };
  selected: string | null;
  show: (site: string, x: number, y: number, announced: boolean) => void;
  csv: () => string;
  twin: preact.ComponentChildren;
}

/** A picture of sites by depth: pointer and arrows go from site to site, a click or Enter selects. */
export function FlowPicture({ label, draw, dots, focused, selected, show, csv, twin }: FlowPictureProps) {
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
    show(dot.site, anchor.left + dot.x, anchor.top + dot.y, true);
    return true;
  };
  return (
    <Picture
      class="flow"
      label={label}
      draw={draw}
      onHover={(point) => {
        const dot = dotAt(dots(point), point.x, point.y);
        if (!dot) return leave();
        focused.value = dot.site;
        show(dot.site, point.pageX, point.pageY, false);
      }}
      onLeave={leave}
      onSelect={() => focused.value && selectSite(focused.value)}
      onKey={key}
      exportName={`gradient flow at step ${currentStep.value}`}
      csv={csv}
      twin={twin}
    />
  );
}

interface Stage {
  head: string;
  norms: RunNorms;
}

/** The numbers of a run as columns of a table. */
function stagesOf({ after, before }: RunFlow): Stage[] {
  if (!before) return [{ head: after.run, norms: after }];
  return [
    { head: `${after.run}, before clipping`, norms: before },
    { head: `${after.run}, after clipping`, norms: after },
  ];
}

function flowCsv(plan: GalleryPlan, runs: readonly RunFlow[]): string {
  const stages = runs.flatMap(stagesOf);
  const step = currentStep.value ?? 0;
  const head = ["site", ...stages.map((stage) => stage.head)];
  const sites = plan.columns.flatMap((column) => column.sites);
  return csvOf([head, ...sites.map((site) => [site, ...stages.map(({ norms }) => plainWords(norms, site, step))])]);
}

/** As other programs read numbers. */
function plainWords(norms: RunNorms, site: string, step: number): string {
  const norm = normAt(norms, site, step);
  return Number.isFinite(norm.value) ? String(norm.value) : normWords(norm).replace("−", "-");
}

/** The lines; each dot's norm is in the name of its tile below. */
function FlowTwin({ plan, runs }: { plan: GalleryPlan; runs: readonly RunFlow[] }) {
  const step = currentStep.value ?? 0;
  const stages = runs.flatMap(stagesOf);
  const rows = plan.columns.map(({ label, sites }) => ({
    key: label,
    cells: [label, ...stages.map(({ norms }) => formatNumber(layerValue(norms, sites, step)))],
  }));
  const head = ["part of the model", ...stages.map((stage) => stage.head)];
  return <Table hidden caption={`Gradient ${measureWords()} of each part at the step`} head={head} rows={rows} />;
}
