// The map: sites down, steps across, the profile at the current step at its right.

import { useMemo } from "preact/hooks";
import type { ColourScale } from "../../base/colour_scale";
import { plural } from "../../base/format";
import { membersOf } from "../../base/stage_sites";
import type { KeyHelp } from "../../store/keyboard";
import { currentStep, place, selectedSite, stepRange } from "../../store/selection";
import { goToStep } from "../../store/step";
import { dark } from "../../theme";
import { Picture, type PictureProps, type Point } from "../../widgets/picture";
import { hideTooltip, showTooltip } from "../../widgets/tooltip";
import { HEAD } from "./draw_map";
import type { MapData } from "./map_data";
import { type Foldable, foldableOf, groupOf, moduleAround } from "./map_folds";
import { createMap, type MapModel } from "./map_model";
import { MapTwin, mapCsv } from "./map_twin";
import { readoutOf } from "./readout";
import { brushed, hovered, order, toggleModule } from "./settings";
import { panned, zoomed } from "./step_range";

interface LayersMapProps {
  map: MapData;
  scale: ColourScale;
  /** Position of each site in the order of execution; null: not known (yet). */
  ranks: readonly number[] | null;
}

export function LayersMap({ map, scale, ranks }: LayersMapProps) {
  const { data } = map;
  const wantedOrder = order.value;
  const isDark = dark.value;
  const hasFindings = data.place.run === place.value?.run;
  const model = useMemo(
    () => createMap(map, scale, { order: wantedOrder, ranks, hasFindings }),
    [map, scale, wantedOrder, ranks, hasFindings, isDark],
  );
  // The same element as long as the data is the same: moving the step must not compare a thousand rows.
  const twin = useMemo(() => <MapTwin model={model} />, [model]);
  return (
    <Picture
      class="overview-map"
      label={`Map of ${membersOf(data.sites, data.stage).size} sites by ${model.shown().cells.steps.length} steps. ${KEYS}`}
      draw={model.draw}
      {...pointerHandlers(model)}
      {...rangeHandlers(data.cells.steps, model)}
      onKey={(event, anchor) => pressKey(event, anchor, data.cells.steps, model)}
      twin={twin}
      exportName={`${data.place.run}-${data.stage}-${data.column.value}`}
      csv={() => mapCsv(data)}
    />
  );
}

/** What the map listens to while it has the focus, and the pointer on it. */
export const MAP_KEYS: readonly KeyHelp[] = [
  { label: "← ↑ ↓ →", does: "On the map: to neighbours" },
  { label: "Enter", does: "Select" },
  { label: "o O", does: "Open or close the module, or its parent" },
  { label: "+ − 0", does: "Zoom in, zoom out, all steps" },
  { label: "Ctrl wheel", does: "Zoom; a double-click shows all steps" },
  { label: "Shift drag", does: "Pick a range of steps" },
];

const KEYS = MAP_KEYS.map(({ label, does }) => `${label}: ${does}`)
  .join(", ")
  .replaceAll("On the map: ", "");

function pointerHandlers(model: MapModel): Partial<PictureProps> {
  return {
    onHover: (point) => {
      hovered.value = model.cellAt(point);
      const cell = hovered.peek();
      const at = { x: point.pageX, y: point.pageY };
      const module = model.moduleAt(point);
      if (cell) showTooltip({ ...at, ...readoutOf(model.shown(), model.geometry().rows, cell) });
      else if (module) showTooltip({ ...at, title: module.label, rows: [foldWords(module)] });
      else hideTooltip();
    },
    onLeave: () => {
      hovered.value = null;
      hideTooltip();
    },
    onSelect: (point) => {
      const module = model.moduleAt(point);
      if (module) toggleModule(module);
      else select(model);
    },
  };
}

/** "click  12 sites  closes it to one row". */
function foldWords({ isOpen, from, to }: Foldable): [string, string, string] {
  return ["click", plural(to - from, "site"), isOpen ? "closes it to one row" : "opens it"];
}

function select(model: MapModel): void {
  const cell = hovered.peek();
  const { data } = model.shown();
  const site = cell && data.sites[model.geometry().rows.sites[cell.row] ?? -1];
  if (!cell || !site) return;
  selectedSite.value = site.name;
  goToStep(data.cells.steps[cell.column] ?? 0);
}

/** One notch of a wheel. */
const ZOOM = 1.25;
const NOTCH = 100;

function rangeHandlers(steps: Float64Array, model: MapModel): Partial<PictureProps> {
  const turn = (event: WheelEvent, { x }: Point): boolean => {
    const range = stepRange.peek();
    if (event.ctrlKey || event.metaKey) {
      stepRange.value = zoomed(steps, range, model.stepAt(x), ZOOM ** (event.deltaY / NOTCH));
      return true;
    }
    const sideways = event.shiftKey ? event.deltaX || event.deltaY : event.deltaX;
    if (!range || Math.abs(sideways) < Math.abs(event.shiftKey ? 0 : event.deltaY)) return false;
    stepRange.value = panned(steps, range, sideways / (NOTCH * 10)) ?? range;
    return true;
  };
  return {
    onWheel: turn,
    onDoubleClick: (point) => {
      if (model.moduleAt(point) === null) stepRange.value = null;
    },
    onBrush: (stretch) => {
      brushed.value = stretch;
    },
    onBrushed: ({ from, to }) => {
      stepRange.value = [model.stepAt(from), model.stepAt(to)];
    },
  };
}

function pressKey(event: KeyboardEvent, anchor: DOMRect, steps: Float64Array, model: MapModel): boolean {
  if (event.key === "Enter") select(model);
  else if (!zoomByKey(event.key, steps, model) && !openByKey(event.key, model)) {
    const cell = model.moved(event.key, hovered.peek());
    if (!cell) return false;
    hovered.value = cell;
  }
  announce(anchor, model);
  return true;
}

function zoomByKey(key: string, steps: Float64Array, model: MapModel): boolean {
  const factor = { "+": 1 / ZOOM ** 2, "-": ZOOM ** 2 }[key];
  if (key === "0") stepRange.value = null;
  else if (factor !== undefined) {
    const column = hovered.peek()?.column;
    const about = column === undefined ? (currentStep.peek() ?? 0) : (model.geometry().axis.steps[column] ?? 0);
    stepRange.value = zoomed(steps, stepRange.peek(), about, factor);
  }
  if (key !== "0" && factor === undefined) return false;
  hovered.value = null; // its column is another one now
  return true;
}

function openByKey(key: string, model: MapModel): boolean {
  const cell = hovered.peek();
  if (!cell || key.toLowerCase() !== "o") return false;
  const { rows } = model.geometry();
  const module = key === "o" ? foldableOf(groupOf(rows, cell.row)) : moduleAround(rows, cell.row);
  if (module) toggleModule(module);
  return true;
}

function announce(anchor: DOMRect, model: MapModel): void {
  const cell = hovered.peek();
  if (!cell) return;
  const { rows, axis } = model.geometry();
  const x = anchor.left + axis.x(axis.steps[cell.column] ?? 0);
  const y = anchor.top + HEAD + (rows.top[cell.row] ?? 0) + (rows.heights[cell.row] ?? 0) / 2;
  showTooltip({ x, y, announced: true, ...readoutOf(model.shown(), rows, cell) });
}
