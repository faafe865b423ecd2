// The map of one answer: its geometry follows the size at which it is drawn.

import type { ColourScale } from "../../base/colour_scale";
import { type ReadonlySignal, signal } from "../../base/signals";
import { membersOf } from "../../base/stage_sites";
import { indexAtOrBefore } from "../../base/steps";
import { hoveredFinding, shownFindings } from "../../store/findings";
import { currentStep, selectedSite, stepRange } from "../../store/selection";
import { look, type Size } from "../../widgets/canvas";
import type { Point } from "../../widgets/picture";
import { stepAxis, trackEdges } from "../../widgets/step_axis";
import { drawMap, FOOT, HEAD, type MapGeometry, type Pinned } from "./draw_map";
import type { MapData } from "./map_data";
import { type Foldable, foldableAt, groupOf, movedOver, seenIn } from "./map_folds";
import { createRaster, type Raster, strengthOf } from "./map_raster";
import { type MapRows, mapRows, type Order, orderOf, rowAt } from "./map_rows";
import { cutTree, type Span, ungrouped } from "./map_tree";
import { brushed, hovered, saidOfModules } from "./settings";
import { indicesIn, type StepRange, within } from "./step_range";

export interface MapSettings {
  order: Order;
  /** Position of each site in the order of execution; null: not known. */
  ranks: readonly number[] | null;
  /** Findings are those of the shown run: on another run's map they have no place. */
  hasFindings: boolean;
}

export interface Cell {
  row: number;
  /** Among the columns of the range that is shown. */
  column: number;
}

export interface MapModel {
  geometry(): MapGeometry;
  /** The rows of that geometry, for what has to follow them. */
  rows: ReadonlySignal<MapRows>;
  /** The map's true data, of the range of steps that is shown. */
  shown(): MapData;
  draw(context: CanvasRenderingContext2D, size: Size): void;
  cellAt(point: Point): Cell | null;
  /** The module whose name or line is at a point; null: none. */
  moduleAt(point: Point): Foldable | null;
  /** Of all steps. */
  map: MapData;
  /** Orders finite values: where rows are one, the strongest is seen. */
  strength: (value: number) => number;
  /** The step at an x. */
  stepAt(x: number): number;
  /** The cell after a key; null: the key does not move. */
  moved(key: string, from: Cell | null): Cell | null;
}

export function createMap(map: MapData, scale: ColourScale, settings: MapSettings): MapModel {
  const names = map.data.sites.map(({ name }) => name);
  const isGrouped = settings.order !== "size";
  const ofStage = membersOf(map.data.sites, map.data.stage);
  const sites = orderOf(settings.order, names.length, map.cells, settings.ranks).filter((site) => ofStage.has(site));
  const rowOf = new Map(sites.map((site, row) => [names[site], row]));
  const rowNames = sites.map((site) => names[site] ?? "");
  const noRows = mapRows([], { groups: [], open: [] }, 0);
  const shownRows = signal(noRows);
  let geometry: MapGeometry = { rows: noRows, axis: stepAxis([], 0, 0) };
  let raster: Raster | null = null;
  let laidOut = "";
  let image: HTMLCanvasElement | null = null;
  let painted = "";

  const layOut = (size: Size, pins: readonly Pinned[]): string => {
    const ratio = window.devicePixelRatio || 1;
    const said = saidOfModules.value;
    const key = [size.width, size.height, ratio, ...[...said].flat(), ...pins.map(({ first }) => first)].join(" ");
    if (key === laidOut) return key;
    laidOut = key;
    const height = Math.max(1, size.height - HEAD - FOOT);
    const isPinned = ({ from, to }: Span) => pins.some(({ first }) => first >= from && first < to);
    const tree = isGrouped ? cutTree(rowNames, height, said, isPinned) : ungrouped(sites.length);
    const rows = mapRows(sites, tree, height);
    geometry = { ...geometry, rows };
    shownRows.value = rows;
    raster = createRaster({ answer: map.cells, rows, scale, look: look.peek(), ratio });
    return key;
  };

  const paint = (size: Size, layout: string) => {
    const key = `${layout} ${stepRange.value}`;
    if (key === painted) return;
    painted = key;
    const [first, end] = indicesIn(map.cells.steps, stepRange.value);
    const { left, right } = trackEdges(size.width);
    geometry = { ...geometry, axis: stepAxis([...map.cells.steps.subarray(first, end)], left, right) };
    image = raster?.paint(geometry.axis, first) ?? null;
  };

  const shown = (): MapData => {
    const range = stepRange.value;
    return { ...map, data: { ...map.data, cells: within(map.data.cells, range) }, cells: within(map.cells, range) };
  };

  const strength = strengthOf(scale);
  /** In a closed module the cell of the site that is seen. */
  const seenCell = ({ row, column }: Cell): Cell => {
    const { rows } = geometry;
    const group = groupOf(rows, row);
    return { row: group?.form === "closed" ? seenIn(rows, group, column, shown().cells, strength) : row, column };
  };

  return {
    geometry: () => geometry,
    rows: shownRows,
    map,
    strength,
    shown,
    draw: (context, size) => {
      const pins = settings.hasFindings ? pinsOn(rowOf) : [];
      paint(size, layOut(size, pins));
      const now = currentStep.value;
      const marks = {
        now: isWithin(now, stepRange.value) ? now : null,
        column: indexAtOrBefore(geometry.axis.steps, now ?? 0),
        hovered: hovered.value,
        selected: sites.findIndex((site) => names[site] === selectedSite.value),
        pins,
        brush: brushed.value,
        pointed: pins.findIndex(({ number }) => number - 1 === hoveredFinding.value),
      };
      const data = { ...map.data, cells: shown().cells };
      drawMap(context, size, { data, scale, cells: image, geometry, marks, look: look.value });
    },
    cellAt: ({ x, y }) => {
      const { axis, rows } = geometry;
      const row = rowAt(rows, y - HEAD);
      const ends = axis.columns.at(-1)?.right ?? 0;
      if (row === null || x < axis.left || x > Math.max(ends, axis.left)) return null;
      return seenCell({ row, column: axis.indexAt(x) });
    },
    moduleAt: ({ x, y }) =>
      x < geometry.axis.left ? foldableAt(geometry.rows, geometry.axis.left, x, y - HEAD) : null,
    stepAt: (x) => geometry.axis.steps[geometry.axis.indexAt(x)] ?? 0,
    moved: (key, from) => {
      const { axis, rows } = geometry;
      const start = { row: 0, column: Math.max(0, indexAtOrBefore(axis.steps, currentStep.peek() ?? 0)) };
      const cell = movedOver(rows, key, from ?? start, axis.steps.length);
      return cell && seenCell(cell);
    },
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
