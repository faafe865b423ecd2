// All that the painters need of a model, and the whole picture as a file.

import { drawSvg } from "../../base/svg_context";
import { look } from "../../widgets/canvas";
import { downloadPng, downloadSvg } from "../../widgets/download";
import type { Health } from "./health";
import type { GraphModel } from "./model";
import { type PaintInput, paintGraph } from "./paint";
import type { PlacedScene } from "./placed";

/** Reads the model's signals, so that a drawing follows them. */
export function pictureOf(model: GraphModel, health: Health, placed: PlacedScene): PaintInput {
  return {
    graph: model.graph,
    hierarchy: model.hierarchy,
    placed,
    camera: model.viewpoint.camera.value,
    health,
    ties: model.ties,
    calls: model.calls,
    look: look.value,
    hovered: model.hovered.value,
    hoveredLine: model.hoveredLine.value,
    selected: model.selected.value,
    chosen: model.chosen.value,
    way: model.way.value,
    pins: model.pins.value,
    differences: model.differences.value,
    focused: model.focused.value,
    transition: model.viewpoint.transition.value,
  };
}

const MARGIN = 16;
/** Browsers refuse larger canvases. */
const LARGEST_SIDE = 16_000;
const LARGEST_AREA = 100e6;

/** The whole picture at twice its size, or as large as a canvas can be. */
export function exportPng(model: GraphModel, health: Health): void {
  const placed = model.placed.value;
  if (!placed) return;
  const [width, height] = [placed.width + 2 * MARGIN, placed.height + 2 * MARGIN];
  const zoom = Math.min(2, LARGEST_SIDE / Math.max(width, height), Math.sqrt(LARGEST_AREA / (width * height)));
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(width * zoom);
  canvas.height = Math.ceil(height * zoom);
  const context = canvas.getContext("2d");
  if (!context) return;
  context.fillStyle = look.value.bg;
  context.fillRect(0, 0, canvas.width, canvas.height);
  const camera = { x: MARGIN * zoom, y: MARGIN * zoom, zoom };
  paintGraph(context, canvas, { ...pictureOf(model, health, placed), camera });
  downloadPng(fileName(model), canvas);
}

/** The whole picture with its text as text. */
export function exportSvg(model: GraphModel, health: Health): void {
  const placed = model.placed.value;
  const svg = placed && svgOf(pictureOf(model, health, placed));
  if (svg) downloadSvg(fileName(model), svg);
}

export function svgOf(input: PaintInput): string | null {
  const size = {
    width: Math.ceil(input.placed.width + 2 * MARGIN),
    height: Math.ceil(input.placed.height + 2 * MARGIN),
  };
  const still = { ...input, camera: { x: MARGIN, y: MARGIN, zoom: 1 }, transition: null };
  return drawSvg(size, input.look.bg, (context) => paintGraph(context, size, still));
}

const fileName = (model: GraphModel): string => `${model.graph.model_type || "model"} graph`;
