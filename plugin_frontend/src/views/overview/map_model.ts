// The map of one answer: its geometry follows the size at which it is drawn.

import type { ColourScale } from "../../base/colour_scale";
import { hoveredFinding, shownFindings } from "../../store/findings";
import { currentStep, selectedSite } from "../../store/selection";
import { look, type Size } from "../../widgets/canvas";
import type { Point } from "../../widgets/picture";
import { indexAtOrBefore, stepAxis, trackEdges } from "../../widgets/step_axis";
import { drawMap, FOOT, HEAD, type MapGeometry, type Pinned } from "./draw_map";
import type { MapData } from "./map_data";
import { paintCells } from "./map_raster";
import { mapRows, type Openness, type Order, orderOf, rowAt, type Span } from "./map_rows";
import { brushed, hovered, openGroups } from "./settings";
import type { StepRange } from "./step_range";

export interface MapSettings {
  order: Order;
  /** Position of each site in the order of execution; null: not known. */
  ranks: readonly number[] | null;
  range: StepRange | null;
  /** Findings are those of the shown run: on another run's map they have no place. */
  hasFindings: boolean;
}

export interface Cell {
  row: number;
  column: number;
}

export interface MapModel {
  geometry(): MapGeometry;
  draw(context: CanvasRenderingContext2D, size: Size): void;
  cellAt(point: Point): Cell | null;
  /** The group whose label is at a point; null: none. */
  groupAt(point: Point): string | null;
  /** The step at an x. */
  stepAt(x: number): number;
  /** The cell after a key; null: the key does not move. */
  moved(key: string, from: Cell | null): Cell | null;
}

export function createMap(map: MapData, scale: ColourScale, settings: MapSettings): MapModel {
  const names = map.data.sites.map(({ name }) => name);
  const isGrouped = settings.order !== "size";
  const sites = orderOf(settings.order, names.length, map.allCells, settings.ranks);
  const steps = [...map.cells.steps];
  const rowOf = new Map(sites.map((site, row) => [names[site], row]));
  let geometry: MapGeometry = { rows: mapRows([], [], false, 0), axis: stepAxis([], 0, 0) };
  let cells: HTMLCanvasElement | null = null;
  let painted = "";

  const resize = (next: Size) => {
    const pins = settings.hasFindings ? pinsOn(rowOf) : [];
    const ratio = window.devicePixelRatio || 1;
    const key = [next.width, next.height, ratio, ...openGroups.value, ...pins.map(({ first }) => first)].join(" ");
    if (key === painted) return;
    painted = key;
    const opennessOf = ({ label, from, to }: Span): Openness => {
      if (openGroups.value.includes(label)) return "open";
      return pins.some(({ first }) => first >= from && first < to) ? "wide" : "closed";
    };
    const { left, right } = trackEdges(next.width);
    const rows = mapRows(names, sites, isGrouped, Math.max(1, next.height - HEAD - FOOT), opennessOf);
    geometry = { rows, axis: stepAxis(steps, left, right) };
    cells = paintCells({ answer: map.cells, ...geometry, scale, look: look.peek(), ratio }, right - left, rows.bottom);
  };

  return {
    geometry: () => geometry,
    draw: (context, next) => {
      resize(next);
      const now = currentStep.value;
      const pins = settings.hasFindings ? pinsOn(rowOf) : [];
      const marks = {
        now: isWithin(now, settings.range) ? now : null,
        column: indexAtOrBefore(steps, now ?? 0),
        hovered: hovered.value,
        selected: sites.findIndex((site) => names[site] === selectedSite.value),
        pins,
        brush: brushed.value,
        pointed: pins.findIndex(({ number }) => number - 1 === hoveredFinding.value),
      };
      drawMap(context, next, {
        data: { ...map.data, cells: map.cells },
        scale,
        cells,
        geometry,
        marks,
        look: look.value,
      });
    },
    cellAt: ({ x, y }) => {
      const { axis, rows } = geometry;
      const row = rowAt(rows, y - HEAD);
      const ends = axis.columns.at(-1)?.right ?? 0;
      if (row === null || x < axis.left || x > Math.max(ends, axis.left)) return null;
      return { row, column: axis.indexAt(x) };
    },
    groupAt: ({ x, y }) => {
      const { axis, rows } = geometry;
      if (!isGrouped || x >= axis.left) return null;
      return rows.groups.find(({ top, bottom }) => y - HEAD >= top && y - HEAD < bottom)?.label ?? null;
    },
    stepAt: (x) => steps[geometry.axis.indexAt(x)] ?? 0,
    moved: (key, from) => movedCell(key, from, geometry, steps),
  };
}

function isWithin(step: number | null, range: StepRange | null): boolean {
  return step !== null && (!range || (step >= range[0] && step <= range[1]));
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
function movedCell(key: string, from: Cell | null, { rows, axis }: MapGeometry, steps: readonly number[]): Cell | null {
  const start = { row: 0, column: Math.max(0, indexAtOrBefore(steps, currentStep.peek() ?? 0)) };
  const { row, column } = from ?? start;
  const group = rows.groups.findIndex((each) => row >= each.from && row < each.to);
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
  if (!target) return null;
  return {
    row: Math.min(rows.sites.length - 1, Math.max(0, target.row)),
    column: Math.min(axis.steps.length - 1, Math.max(0, target.column)),
  };
}
