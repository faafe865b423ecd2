// The panel: one map at full size, the cell under the crosshair, dead rows and columns, norm over steps.

import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { type Heatmap, type Site, State } from "../../api/types";
import { logAxis } from "../../base/axis";
import type { ColourScale } from "../../base/colour_scale";
import { formatCount, formatNumber, formatPower, formatShape, splitName } from "../../base/format";
import { strongestCell } from "../../base/matrix";
import { drawLine, drawNow } from "../../base/paint";
import { paintStretches } from "../../base/paint_bands";
import { stepColumns, stretchesOf } from "../../base/step_columns";
import { currentStep, selectedSite, view } from "../../store/selection";
import { goToStep } from "../../store/step";
import { look, type Size } from "../../widgets/canvas";
import { downloadCsv } from "../../widgets/download";
import { Picture, type Point } from "../../widgets/picture";
import { Facts, PanelSection, SidePanel } from "../../widgets/side_panel";
import { Table } from "../../widgets/table";
import { covered, deadCount, mapCsv, mapMatrix, rangeWords } from "./maps";
import { normRange, normSeries, normWords, type RunNorms } from "./norms";
import { heatmapStep, panelOpen, quantity } from "./options";
import { mapArea, paintMap, pictureHeight } from "./paint_map";

interface MapPanelProps {
  site: Site;
  heatmap: Heatmap | null;
  scale: ColourScale;
  norms: readonly [RunNorms, ...RunNorms[]];
}

const PICTURE_WIDTH = 288;

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
      {heatmap ? <MapSections key={site.name} heatmap={heatmap} scale={scale} /> : <NoMap site={site} />}
      <NormOverSteps site={site.name} norms={norms} />
      <footer class="panel-foot">
        <button type="button" class="button" onClick={() => goTo(site.name, "graph")}>
          Graph
        </button>
        <button type="button" class="button" onClick={() => goTo(site.name, "distributions")}>
          Distributions
        </button>
        {heatmap && (
          <button
            type="button"
            class="quiet-button panel-csv"
            onClick={() => downloadCsv(`${site.name} gradient at step ${heatmapStep.value}`, mapCsv(heatmap))}
          >
            CSV
          </button>
        )}
      </footer>
    </SidePanel>
  );
}

function goTo(name: string, target: "graph" | "distributions"): void {
  selectedSite.value = name;
  view.value = target;
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
  // Kept by place, not by number: another step may have cut the same matrix alike.
  const chosen = useSignal<number | null>(null);
  const strongest = useMemo(() => strongestCell(mapMatrix(heatmap, "abs_max")), [heatmap]);
  const cell = chosen.value !== null && chosen.value < heatmap.absMax.length ? chosen.value : strongest;
  const what = quantity.value;
  const draw = useMemo(
    () => (context: CanvasRenderingContext2D, size: Size) =>
      paintMap(context, size, heatmap, what, scale, cell, look.value),
    [heatmap, what, scale, cell],
  );
  const key = (event: KeyboardEvent): boolean => {
    const next = movedCell(cell, event.key, heatmap);
    if (next === null) return false;
    chosen.value = next;
    return true;
  };
  return (
    <>
      <div class="map-full">
        <p>
          <span>maximum of each column</span>
          <span>{formatCount(heatmap.columns)} in →</span>
        </p>
        <div style={{ height: `${pictureHeight(PICTURE_WIDTH, heatmap)}px` }}>
          <Picture
            label={`Gradient of ${heatmap.site}, ${heatmap.cellRows} by ${heatmap.cellColumns} cells; arrows move the crosshair`}
            draw={draw}
            onHover={(point) => {
              chosen.value = cellAt(point, heatmap) ?? chosen.value;
            }}
            onKey={key}
            exportName={`${heatmap.site} gradient at step ${heatmapStep.value}`}
            csv={() => mapCsv(heatmap)}
            twin={<MaximaTwin heatmap={heatmap} />}
          />
        </div>
        {heatmap.rows > 1 && (
          <p>
            <span>↓ {formatCount(heatmap.rows)} out</span>
            <span>maximum of each row</span>
          </p>
        )}
      </div>
      <CellReadout heatmap={heatmap} cell={cell} />
      <DeadLines heatmap={heatmap} />
    </>
  );
}

function cellAt(point: Point, heatmap: Heatmap): number | null {
  const area = mapArea(point, heatmap);
  const row = Math.floor(((point.y - area.y) / area.height) * heatmap.cellRows);
  const column = Math.floor(((point.x - area.x) / area.width) * heatmap.cellColumns);
  if (row < 0 || column < 0 || row >= heatmap.cellRows || column >= heatmap.cellColumns) return null;
  return row * heatmap.cellColumns + column;
}

/** Arrows by one cell, PageUp and PageDown by ten rows, Home and End within the row; null for another key. */
export function movedCell(cell: number, key: string, size: { cellRows: number; cellColumns: number }): number | null {
  const [row, column] = [Math.floor(cell / size.cellColumns), cell % size.cellColumns];
  const moves: Record<string, [number, number]> = {
    ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1],
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
    PageUp: [row - 10, column],
    PageDown: [row + 10, column],
    Home: [row, 0],
    End: [row, size.cellColumns - 1],
  };
  const target = moves[key];
  if (!target) return null;
  const clamp = (value: number, count: number) => Math.min(count - 1, Math.max(0, value));
  return clamp(target[0], size.cellRows) * size.cellColumns + clamp(target[1], size.cellColumns);
}

function CellReadout({ heatmap, cell }: { heatmap: Heatmap; cell: number }) {
  const rows = covered(Math.floor(cell / heatmap.cellColumns), heatmap.cellRows, heatmap.rows);
  const columns = covered(cell % heatmap.cellColumns, heatmap.cellColumns, heatmap.columns);
  const range = ([first, last]: [number, number]) => (first === last ? String(first) : `${first}–${last}`);
  const magnitude = heatmap.absMax[cell] ?? Number.NaN;
  // The only value of its cell leaves no finite one to average.
  const single = rows[0] === rows[1] && columns[0] === columns[1];
  const words = magnitude === Number.POSITIVE_INFINITY ? "±Inf" : formatNumber(magnitude);
  return (
    <PanelSection>
      <div aria-live="polite">
        <Facts
          facts={[
            ["cell", `out ${range(rows)}, in ${range(columns)}`],
            ["absolute maximum", words],
            [
              "signed mean of finite values",
              single && !Number.isFinite(magnitude) ? "–" : formatNumber(heatmap.mean[cell] ?? Number.NaN),
            ],
            ...(heatmap.maxError > 0
              ? [["stored to within", `${formatNumber(heatmap.maxError * 100)} %`] as const]
              : []),
          ]}
        />
      </div>
    </PanelSection>
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

const MOST_TWIN_ROWS = 64;

function MaximaTwin({ heatmap }: { heatmap: Heatmap }) {
  const stride = Math.max(1, Math.ceil(heatmap.rowMax.length / MOST_TWIN_ROWS));
  const rows = Array.from(heatmap.rowMax, (maximum, row) => ({ row, maximum }))
    .filter(({ row }) => row % stride === 0)
    .map(({ row, maximum }) => ({ key: String(row), cells: [String(row), formatNumber(maximum)] }));
  return <Table hidden caption={`Largest magnitude by row of ${heatmap.site}`} head={["row", "maximum"]} rows={rows} />;
}

/** The site's norm over all steps, with what is not finite, zero or not measured. */
function NormOverSteps({ site, norms }: { site: string; norms: readonly [RunNorms, ...RunNorms[]] }) {
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
          Norm over steps <small>{`${formatPower(low)} to ${formatPower(high)}, log`}</small>
        </span>
      }
    >
      <Picture
        class="norm-line"
        label={`Gradient norm of ${site} over ${steps.length} steps`}
        draw={draw}
        onSelect={(point) => goToStep(steps[stepColumns(steps, point.width).indexAt(point.x)] ?? 0)}
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
