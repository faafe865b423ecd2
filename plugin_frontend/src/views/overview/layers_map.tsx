// The map: sites down, steps across, the profile at the current step at its right.

import { useMemo } from "preact/hooks";
import type { ColourScale } from "../../base/colour_scale";
import { hoveredFinding, shownFindings } from "../../store/findings";
import { currentStep, selectedSite } from "../../store/selection";
import { goToStep } from "../../store/step";
import { dark } from "../../theme";
import { look, type Size } from "../../widgets/canvas";
import { Picture, type Point } from "../../widgets/picture";
import { indexAtOrBefore, stepAxis, trackEdges } from "../../widgets/step_axis";
import { hideTooltip, showTooltip } from "../../widgets/tooltip";
import { drawMap, FOOT, HEAD, type MapGeometry, type Pinned } from "./draw_map";
import { paintCells } from "./map_raster";
import { mapRows, orderOf, rowAt } from "./map_rows";
import { MapTwin, mapCsv } from "./map_twin";
import { readoutOf } from "./readout";
import type { RunData } from "./run_data";
import { hovered, order } from "./settings";

interface LayersMapProps {
  runs: readonly RunData[];
  scale: ColourScale;
}

export function LayersMap({ runs, scale }: LayersMapProps) {
  const [shown] = runs;
  const chosenOrder = order.value;
  const isDark = dark.value;
  const map = useMemo(() => shown && createMap(shown, scale, chosenOrder), [shown, scale, chosenOrder, isDark]);
  // The same element as long as the data is the same: moving the step must not compare a thousand rows.
  const twin = useMemo(() => shown && <MapTwin data={shown} />, [shown]);
  if (!shown || !map) return null;
  const select = () => {
    const cell = hovered.peek();
    const site = cell && shown.sites[map.geometry().rows.sites[cell.row] ?? -1];
    if (!cell || !site) return;
    selectedSite.value = site.name;
    goToStep(shown.cells.steps[cell.column] ?? 0);
  };
  const hover = (point: Point) => {
    hovered.value = map.cellAt(point);
    const cell = hovered.peek();
    if (cell) showTooltip({ x: point.pageX, y: point.pageY, ...readoutOf(runs, map.geometry().rows.sites, cell) });
    else hideTooltip();
  };
  const leave = () => {
    hovered.value = null;
    hideTooltip();
  };
  const pressKey = (event: KeyboardEvent, anchor: DOMRect): boolean => {
    if (event.key === "Enter") select();
    else if (!map.move(event.key)) return false;
    const cell = hovered.peek();
    if (!cell) return true;
    const { rows, axis } = map.geometry();
    const x = anchor.left + axis.x(axis.steps[cell.column] ?? 0);
    const y = anchor.top + HEAD + (rows.top[cell.row] ?? 0) + rows.height / 2;
    showTooltip({ x, y, announced: true, ...readoutOf(runs, rows.sites, cell) });
    return true;
  };
  return (
    <Picture
      class="overview-map"
      label={`Map of ${shown.sites.length} sites by ${shown.cells.steps.length} steps. Arrow keys move, Enter selects.`}
      draw={map.draw}
      onHover={hover}
      onLeave={leave}
      onSelect={select}
      onKey={pressKey}
      twin={twin}
      exportName={`${shown.place.run}-${shown.stage}-${shown.column.value}`}
      csv={() => mapCsv(shown)}
    />
  );
}

/** The map of one answer: its geometry follows the size at which it is drawn. */
function createMap(data: RunData, scale: ColourScale, chosenOrder: typeof order.value) {
  const names = data.sites.map(({ name }) => name);
  const sites = orderOf(chosenOrder, names.length, data.cells);
  const steps = [...data.cells.steps];
  const rowOf = new Map(sites.map((site, row) => [names[site], row]));
  let size: Size = { width: 0, height: 0 };
  let geometry: MapGeometry = { rows: mapRows([], [], false, 0), axis: stepAxis([], 0, 0) };
  let cells: HTMLCanvasElement | null = null;

  const resize = (next: Size) => {
    if (cells && next.width === size.width && next.height === size.height) return;
    size = next;
    const { left, right } = trackEdges(size.width);
    const rows = mapRows(names, sites, chosenOrder === "model", Math.max(1, size.height - HEAD - FOOT));
    geometry = { rows, axis: stepAxis(steps, left, right) };
    const ratio = window.devicePixelRatio || 1;
    cells = paintCells({ answer: data.cells, ...geometry, scale, look: look.peek(), ratio }, right - left, rows.bottom);
  };

  return {
    geometry: () => geometry,
    draw: (context: CanvasRenderingContext2D, next: Size) => {
      resize(next);
      const column = indexAtOrBefore(steps, currentStep.value ?? 0);
      const selected = sites.findIndex((site) => names[site] === selectedSite.value);
      const pins = pinsOn(rowOf);
      const pointed = pins.findIndex(({ number }) => number - 1 === hoveredFinding.value);
      const marks = { now: currentStep.value, column, hovered: hovered.value, selected, pins, pointed };
      drawMap(context, next, { data, scale, cells, geometry, marks, look: look.value });
    },
    cellAt: ({ x, y }: Point) => {
      const { axis, rows } = geometry;
      const row = rowAt(rows, y - HEAD);
      const ends = axis.columns.at(-1)?.right ?? 0;
      if (row === null || x < axis.left || x > Math.max(ends, axis.left)) return null;
      return { row, column: axis.indexAt(x) };
    },
    move: (key: string) => moveCrosshair(key, geometry, data.cells.steps),
  };
}

/** The findings that are about sites of the map. */
function pinsOn(rowOf: ReadonlyMap<string | undefined, number>): Pinned[] {
  return shownFindings.value.flatMap(({ sites, severity }, index) => {
    const rows = sites.flatMap((name) => rowOf.get(name) ?? []);
    const [first] = rows;
    return first === undefined ? [] : [{ number: index + 1, severity, rows: rows.sort((a, b) => a - b), first }];
  });
}

/** Arrows go to the neighbouring cell, PageUp and PageDown to the next group, Home and End to the ends. */
function moveCrosshair(key: string, { rows, axis }: MapGeometry, steps: Float64Array): boolean {
  const start = { row: 0, column: Math.max(0, indexAtOrBefore(steps, currentStep.peek() ?? 0)) };
  const { row, column } = hovered.peek() ?? start;
  const group = rows.groups.findIndex(({ from, to }) => row >= from && row < to);
  const target = {
    ArrowUp: { row: row - 1, column },
    ArrowDown: { row: row + 1, column },
    ArrowLeft: { row, column: column - 1 },
    ArrowRight: { row, column: column + 1 },
    PageUp: { row: rows.groups[Math.max(0, group - 1)]?.from ?? 0, column },
    PageDown: { row: rows.groups[Math.min(rows.groups.length - 1, group + 1)]?.from ?? 0, column },
    Home: { row, column: 0 },
    End: { row, column: axis.steps.length - 1 },
  }[key];
  if (!target) return false;
  hovered.value = {
    row: Math.min(rows.sites.length - 1, Math.max(0, target.row)),
    column: Math.min(axis.steps.length - 1, Math.max(0, target.column)),
  };
  return true;
}
