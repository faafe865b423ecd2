// All that the painters need of a model, and the whole picture as a file.

import { drawSvg } from "../../base/svg_context";
import { look } from "../../widgets/canvas";
import { downloadBlob, downloadSvg } from "../../widgets/download";
import { pngOf } from "../../widgets/svg_file";
import type { Health } from "./health";
import type { GraphModel } from "./model";
import { type PaintInput, paintGraph } from "./paint";
import { LEGEND_WIDTH, legendHeight, paintLegend } from "./paint_legend";
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

/** The whole picture as pixels. */
export async function exportPng(model: GraphModel, health: Health): Promise<void> {
  const svg = svgOfModel(model, health);
  if (svg) downloadBlob(`${fileName(model)}.png`, await pngOf(svg));
}

/** The whole picture with its text as text. */
export function exportSvg(model: GraphModel, health: Health): void {
  const svg = svgOfModel(model, health);
  if (svg) downloadSvg(fileName(model), svg);
}

function svgOfModel(model: GraphModel, health: Health): string | null {
  const placed = model.placed.value;
  return placed && svgOf(pictureOf(model, health, placed));
}

export function svgOf(input: PaintInput): string | null {
  const { placed, health, look } = input;
  const legend = legendHeight(health);
  const bottom = Math.ceil(placed.height + 2 * MARGIN);
  const size = {
    width: Math.ceil(Math.max(placed.width, legend && LEGEND_WIDTH) + 2 * MARGIN),
    height: bottom + legend,
  };
  const still = { ...input, camera: { x: MARGIN, y: MARGIN, zoom: 1 }, transition: null };
  return drawSvg(size, look.bg, (context) => {
    paintGraph(context, size, still);
    if (legend) paintLegend(context, input, MARGIN, bottom);
  });
}

const fileName = (model: GraphModel): string => `${model.graph.model_type || "model"} graph`;
