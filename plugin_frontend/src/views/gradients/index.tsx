// Gradients: flow by depth at the step, and the heatmaps of all sites below it in the same columns.

import { useMemo, useRef } from "preact/hooks";
import type { Api } from "../../api/client";
import type { HeatmapsAnswer, Site } from "../../api/types";
import type { ColourScale } from "../../base/colour_scale";
import { formatCount } from "../../base/format";
import type { ReadonlySignal } from "../../base/signals";
import { colourOfRun, sites, useResource } from "../../store/data";
import { shownFindings } from "../../store/findings";
import { useEscape } from "../../store/keyboard";
import { currentStep, panelOpen, selectedSite, steps } from "../../store/selection";
import type { Runs } from "../../store/soon";
import { useSteadily } from "../../store/steady";
import { goToStep } from "../../store/step";
import { dark } from "../../theme";
import { Legend } from "../../widgets/legend";
import { Term } from "../../widgets/meaning";
import { WordMenu } from "../../widgets/menu";
import { Segments } from "../../widgets/segments";
import { SiteName } from "../../widgets/site_name";
import { Empty, Failure, Skeleton } from "../../widgets/states";
import { Flow } from "./flow";
import { askFlow, askNorms, type FlowAnswer, flowKey, MEASURES, placesKey, type RunFlow } from "./flow_data";
import { CellReadout, FullMap } from "./full_map";
import { type GalleryData, GalleryGroups, GalleryMenu, GalleryRows } from "./gallery";
import { MapPanel } from "./map_panel";
import { allCells, bySite, hasFiniteCell, mapScale, valuesOf } from "./maps";
import type { RunNorms } from "./norms";
import { heatmapStep, heatmapSteps, heatmapsKey, measure, quantity, sharing, zoomed } from "./options";
import { type GalleryPlan, galleryPlan } from "./plan";
import { QuantilesByDepth } from "./quantile_flow";

const QUANTITIES = [
  { value: "mean", label: "Signed mean" },
  { value: "abs_max", label: "Absolute max" },
] as const;
const SHARINGS = [
  { value: "shared", label: "Shared colours" },
  { value: "own", label: "Own" },
] as const;

export function GradientsView({ api }: { api: Api }) {
  const norms = useResource<string, Readonly<Runs<RunNorms>>>(placesKey, (...asked) => askNorms(api, ...asked));
  const flow = useResource<string, FlowAnswer>(flowKey, (...asked) => askFlow(api, ...asked));
  const heatmaps = useSteadily(heatmapsKey, (key) => api.heatmaps(key.place, key.step));
  const all = sites.value.data?.sites ?? null;
  const table = useMemo(() => all?.filter(({ output }) => !output) ?? null, [all]);
  const plan = useMemo(() => (table ? galleryPlan(table) : null), [table]);
  const error = norms.value.error ?? sites.value.error;
  const shown = norms.value.data;
  if (error && !shown) return <Failure error={error} />;
  if (!shown || !plan || !table) return <Skeleton />;
  if (!sites.value.data?.stages.includes("gradient") && heatmapSteps.value.length === 0) return <NoGradients />;
  const failed = heatmaps.value.error;
  return (
    <Loaded
      plan={plan}
      sites={table}
      norms={shown}
      flow={flow.value.error ?? flow.value.data}
      answer={heatmaps.value.data}
      failure={failed && !heatmaps.value.data ? <Failure error={failed} /> : null}
    />
  );
}

function NoGradients() {
  return (
    <Empty
      title="No gradient in this run yet"
      lines={["Watching a model with its optimizer samples gradients at the optimizer's step:"]}
      code="writer.watch(model, optimizer)"
    />
  );
}

interface LoadedProps {
  plan: GalleryPlan;
  sites: readonly Site[];
  norms: Readonly<Runs<RunNorms>>;
  /** Null while it is on its way. */
  flow: FlowAnswer | Error | null;
  answer: HeatmapsAnswer | null;
  failure: preact.ComponentChildren;
}

function Loaded({ plan, sites: table, norms: plainNorms, flow, answer, failure }: LoadedProps) {
  const norms = useThemed(plainNorms, inTheme);
  const maps = useMemo(() => (answer ? bySite(answer) : new Map()), [answer]);
  const scaleOf = useScales(answer, maps);
  const hasFinite = useMemo(() => [...maps.values()].some(hasFiniteCell), [maps]);
  const shapes = useMemo(() => new Map(table.map(({ name, shape }) => [name, shape])), [table]);
  const selected = table.find(({ name }) => name === selectedSite.value) ?? null;
  const enlarged = zoomed.value && selected ? (maps.get(selected.name) ?? null) : null;
  useEscape(() => (zoomed.value = false), enlarged !== null);
  const gallery = useRef<HTMLDivElement>(null);
  const inTabs = (selected ?? table[0])?.name;
  const data: GalleryData = { maps, norms, scaleOf, shapes, selected: selected?.name ?? null, inTabs };
  return (
    <div class="split">
      <div class="split-main gradients">
        {enlarged ? <MapTitle site={enlarged.site} /> : <FlowTitle norms={norms} flow={flow} />}
        {enlarged && (
          <>
            <FullMap heatmap={enlarged} scale={scaleOf(enlarged.site)} />
            {!panelOpen.value && <CellReadout heatmap={enlarged} />}
          </>
        )}
        <div class="gallery-scroll" hidden={enlarged !== null} ref={gallery}>
          <div class="gallery" style={{ "--columns": plan.columns.length }} data-lattice={plan.rows.length > 0}>
            <FlowOf plan={plan} flow={flow} selected={selected?.name ?? null} />
            {failure && <div class="step-note">{failure}</div>}
            <LostNote />
            <StepNote />
            {plan.rows.length > 0 && <GalleryRows plan={plan} data={data} />}
          </div>
          <GalleryGroups plan={plan} data={data} />
        </div>
        <footer class="gallery-foot">
          <p>
            Under each map: gradient <Term of="l2">norm</Term>; <i /> rows or columns that are exactly 0
          </p>
          {!enlarged && <GalleryMenu data={data} root={gallery} />}
          <Legend
            {...(hasFinite && (selected || sharing.value === "shared") && { scale: scaleOf(selected?.name ?? "") })}
            {...(hasFinite && {
              unit: sharing.value === "own" && !selected ? "each map has its own colours" : "gradient",
            })}
            signs={["infinite", "nan", "missing"]}
          />
        </footer>
      </div>
      {selected && panelOpen.value && (
        <MapPanel
          site={selected}
          heatmap={maps.get(selected.name) ?? null}
          scale={scaleOf(selected.name)}
          norms={norms}
        />
      )}
    </div>
  );
}

interface FlowOfProps {
  plan: GalleryPlan;
  flow: FlowAnswer | Error | null;
  selected: string | null;
}

function FlowOf({ plan, flow, selected }: FlowOfProps) {
  if (flow === null) return <div class="flow" />;
  if (flow instanceof Error) return <Failure error={flow} />;
  if (flow.measure === "quantiles") return <QuantilesByDepth plan={plan} flow={flow.quantiles} selected={selected} />;
  return <ThemedFlow plan={plan} runs={flow.runs} selected={selected} />;
}

function ThemedFlow({ runs, ...rest }: { plan: GalleryPlan; runs: Readonly<Runs<RunFlow>>; selected: string | null }) {
  const themed = useThemed(runs, ({ after, before }) => ({ after: inTheme(after), before: before && inTheme(before) }));
  return <Flow runs={themed} {...rest} />;
}

const inTheme = (run: RunNorms): RunNorms => ({ ...run, colour: colourOfRun(run.run) });

/** Lines in the colours of the theme. */
function useThemed<T>(runs: Readonly<Runs<T>>, themed: (run: T) => T): Runs<T> {
  const isDark = dark.value;
  return useMemo(() => {
    const [first, ...rest] = runs;
    return [themed(first), ...rest.map(themed)];
  }, [runs, isDark]);
}

/** The colours of a site's map: all maps', or its own. */
function useScales(answer: HeatmapsAnswer | null, maps: ReturnType<typeof bySite>) {
  const what = quantity.value;
  const how = sharing.value;
  const isDark = dark.value;
  return useMemo(() => {
    const shared = mapScale(what, allCells(maps.values(), what), answer?.ranges, isDark);
    const own = new Map<string, ColourScale>();
    return (site: string) => {
      const heatmap = maps.get(site);
      if (how === "shared" || !heatmap) return shared;
      const known = own.get(site) ?? mapScale(what, valuesOf(heatmap, what), heatmap.ranges, isDark);
      own.set(site, known);
      return known;
    };
  }, [answer, maps, what, how, isDark]);
}

function MapTitle({ site }: { site: string }) {
  return (
    <div class="gradients-title">
      <h2>
        Gradient of <SiteName name={site} /> at step <Now step={heatmapStep} />
      </h2>
      <Choices />
    </div>
  );
}

function FlowTitle({ norms, flow }: { norms: readonly RunNorms[]; flow: LoadedProps["flow"] }) {
  return (
    <div class="gradients-title">
      <h2>
        Gradient flow by depth at step <Now step={currentStep} />
      </h2>
      <span>
        as <WordMenu label="Measure" value={measure.value} options={MEASURES} onChange={(to) => (measure.value = to)} />
      </span>
      <ul class="run-lines">
        {(measure.value === "quantiles" ? [] : norms).map(({ run, colour }) => (
          <li key={run}>
            <i style={{ background: colour }} />
            {run}
          </li>
        ))}
        {hasBefore(flow) && (
          <li>
            <i class="dashed" />
            {measure.value === "quantiles" ? "before clipping" : "after clipping"}
          </li>
        )}
      </ul>
      <Choices />
    </div>
  );
}

/** On its own, so that a step draws no more than its number anew. */
function Now({ step }: { step: ReadonlySignal<number | null> }) {
  return <b class="now">{formatCount(step.value ?? 0)}</b>;
}

function Choices() {
  return (
    <>
      <span class="spacer" />
      <Segments
        label="Quantity"
        value={quantity.value}
        options={QUANTITIES}
        onChange={(next) => (quantity.value = next)}
      />
      <Segments label="Colours" value={sharing.value} options={SHARINGS} onChange={(next) => (sharing.value = next)} />
    </>
  );
}

/** Whether there is something before clipping beside what the optimizer used. */
function hasBefore(flow: LoadedProps["flow"]): boolean {
  if (flow === null || flow instanceof Error) return false;
  return (flow.measure === "quantiles" ? flow.quantiles : flow.runs[0]).before !== null;
}

/** After the end of a run all is NaN; what broke it is seen one step before. */
function LostNote() {
  const lost = shownFindings.value.find(({ kind, severity }) => kind === "non_finite" && severity === "critical");
  const before = lost && steps.value.findLast((step) => step < lost.step);
  if (!lost || before === undefined || (currentStep.value ?? 0) < lost.step) return null;
  return (
    <p class="step-note">
      Not finite since step {formatCount(lost.step)}.{" "}
      <button type="button" class="quiet-button" onClick={() => goToStep(before)}>
        Go to step {formatCount(before)}, the last before it
      </button>
    </p>
  );
}

/** A step without heatmaps shows others': which, and why. */
function StepNote() {
  const [shown, now] = [heatmapStep.value, currentStep.value];
  if (heatmapSteps.value.length === 0) {
    return (
      <p class="step-note">
        No heatmap in this run. <code>writer.watch(…, log="all")</code> keeps them, as does a list with "heatmaps".
      </p>
    );
  }
  if (shown === null || now === null || shown === now) return null;
  const where = shown < now ? "the last one with heatmaps before" : "the first one with heatmaps, after";
  return (
    <p class="step-note">
      Maps: step {formatCount(shown)} is shown, {where} step {formatCount(now)}.
    </p>
  );
}
