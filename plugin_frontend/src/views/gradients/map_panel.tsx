// The panel: one map at full size, the cell under the crosshair, dead rows and columns, norm over steps.

import { useMemo } from "preact/hooks";
import { type Heatmap, type Site, State } from "../../api/types";
import { logAxis } from "../../base/axis";
import type { ColourScale } from "../../base/colour_scale";
import { csvOf } from "../../base/csv";
import { formatCount, formatPower, formatShape, splitName } from "../../base/format";
import { drawLine, drawNow } from "../../base/paint";
import { paintStretches } from "../../base/paint_bands";
import { stepColumns, stretchesOf } from "../../base/step_columns";
import { findingsOf } from "../../store/findings";
import { currentStep, panelOpen, selectedSite } from "../../store/selection";
import type { Runs } from "../../store/soon";
import { goToStep } from "../../store/step";
import { look, type Size } from "../../widgets/canvas";
import { Term } from "../../widgets/meaning";
import { Picture } from "../../widgets/picture";
import { PanelSection, SidePanel, ViewLinks } from "../../widgets/side_panel";
import { Table } from "../../widgets/table";
import { FindingNotes } from "../overview/finding_panel";
import { CellReadout, FullMap } from "./full_map";
import { deadCount, rangeWords } from "./maps";
import { normRange, normSeries, normWords, type RunNorms } from "./norms";
import { zoomed } from "./options";

interface MapPanelProps {
  site: Site;
  heatmap: Heatmap | null;
  scale: ColourScale;
  norms: Readonly<Runs<RunNorms>>;
}

export function MapPanel({ site, heatmap, scale, norms }: MapPanelProps) {
  const [, strong] = splitName(site.name);
  const subtitle = [site.module, formatShape(site.shape), site.dtype].filter(Boolean).join(", ");
  return (
    <SidePanel
      title={strong}
      subtitle={subtitle}
      onClose={() => {
        panelOpen.value = false;
      }}
    >
      <FindingNotes about={findingsOf(site.name)} />
      {heatmap ? <MapSections heatmap={heatmap} scale={scale} /> : <NoMap site={site} />}
      <NormOverSteps site={site.name} norms={norms} />
      <ViewLinks to={["graph", "distributions"]} onGo={() => (selectedSite.value = site.name)} />
    </SidePanel>
  );
}

function NoMap({ site }: { site: Site }) {
  const why = site.reason ?? (site.frozen ? "it is frozen" : "it has no gradient at this step, or was not selected");
  return (
    <PanelSection>
      <p class="quiet">No heatmap of this site: {why}.</p>
    </PanelSection>
  );
}

function MapSections({ heatmap, scale }: { heatmap: Heatmap; scale: ColourScale }) {
  return (
    <>
      {!zoomed.value && <FullMap heatmap={heatmap} scale={scale} />}
      <PanelSection>
        <CellReadout heatmap={heatmap} />
      </PanelSection>
      <DeadLines heatmap={heatmap} />
    </>
  );
}

function DeadLines({ heatmap }: { heatmap: Heatmap }) {
  const [rows, columns] = [deadCount(heatmap.deadRows), deadCount(heatmap.deadColumns)];
  if (rows + columns === 0) return null;
  if (rows === heatmap.rows) {
    return (
      <PanelSection title={<DeadTitle text="exactly 0 throughout" />}>
        <p class="quiet">Every element of this gradient is exactly 0 at this step.</p>
      </PanelSection>
    );
  }
  return (
    <PanelSection title={<DeadTitle text={`${counted(rows, "row")}, ${counted(columns, "column")} exactly 0`} />}>
      {rows > 0 && <p class="quiet dead-list">out {rangeWords(heatmap.deadRows)}</p>}
      {columns > 0 && <p class="quiet dead-list">in {rangeWords(heatmap.deadColumns)}</p>}
    </PanelSection>
  );
}

function DeadTitle({ text }: { text: string }) {
  return (
    <span class="dead-title">
      <i />
      {text}
    </span>
  );
}

function counted(count: number, noun: string): string {
  if (count === 0) return `no ${noun}`;
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** The site's norm over all steps, with what is not finite, zero or not measured. */
function NormOverSteps({ site, norms }: { site: string; norms: Readonly<Runs<RunNorms>> }) {
  const [low, high] = useMemo(() => normRange(norms), [norms]);
  const steps = norms[0].answer.steps;
  const draw = useMemo(
    () =>
      (context: CanvasRenderingContext2D, { width, height }: Size) => {
        const plot = { x: 0, y: 2, width, height: height - 4 };
        const columns = stepColumns(steps, width);
        const axis = logAxis(low, high);
        const states = normSeries(norms[0], site).map(({ state }) => state);
        for (const run of [...norms].reverse()) paintNorms(context, run, site, plot, axis);
        paintStretches(context, plot, stretchesOf(states), axis, columns, look.value);
        drawNow(context, columns.x(currentStep.value ?? 0), 0, height, look.value);
      },
    [norms, site, low, high, steps],
  );
  return (
    <PanelSection
      title={
        <span class="norm-title">
          <span>
            <Term of="l2">Norm</Term> over steps
          </span>{" "}
          <small>{`${formatPower(low)} to ${formatPower(high)}, log`}</small>
        </span>
      }
    >
      <Picture
        class="norm-line"
        label={`Gradient norm of ${site} over ${steps.length} steps`}
        draw={draw}
        onSelect={(point) => goToStep(steps[stepColumns(steps, point.width).indexAt(point.x)] ?? 0)}
        exportName={`${site} gradient norm over steps`}
        csv={() => normsCsv(norms, site)}
        twin={
          <Table
            hidden
            caption={`Gradient norm of ${site}`}
            head={["step", "norm"]}
            rows={normSeries(norms[0], site).map((norm, index) => ({
              key: String(steps[index]),
              cells: [String(steps[index]), normWords(norm)],
            }))}
          />
        }
      />
    </PanelSection>
  );
}

function normsCsv(runs: readonly RunNorms[], site: string): string {
  const lines = runs.flatMap((run) =>
    normSeries(run, site).map(({ value }, index) => [run.run, run.answer.steps[index] ?? Number.NaN, value]),
  );
  return csvOf([["run", "step", "gradient norm"], ...lines]);
}

function paintNorms(
  context: CanvasRenderingContext2D,
  run: RunNorms,
  site: string,
  plot: { x: number; y: number; width: number; height: number },
  axis: ReturnType<typeof logAxis>,
): void {
  const columns = stepColumns(run.answer.steps, plot.width);
  const points = normSeries(run, site).flatMap(({ value, state }, index): [number, number][] => {
    if (state !== State.finite || !(value > 0)) return [];
    const position = Math.min(1, Math.max(0, axis.position(value)));
    return [[columns.x(run.answer.steps[index] ?? 0), plot.y + plot.height * (1 - position)]];
  });
  drawLine(context, points, run.colour, 1.5);
}
