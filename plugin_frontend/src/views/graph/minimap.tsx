// The whole picture, small, and what of it is seen.

import { look, useCanvas } from "../../widgets/canvas";
import { fitAll, type Rect, toPicture, toScreen } from "./camera";
import { type Health, measureOf } from "./health";
import type { GraphModel } from "./model";
import { paintMeasure } from "./swatch";

const SIZE = { width: 76, height: 112 };
/** More boxes than this are only drawn as their groups. */
const MOST_BOXES = 4000;

type Press = PointerEvent & { currentTarget: HTMLElement };

/** Not there while all of the picture is seen. */
export function Minimap({ model, health }: { model: GraphModel; health: Health }) {
  const canvas = useCanvas((context) => {
    const placed = model.placed.value;
    if (!placed) return;
    const small = fitAll(placed, { width: SIZE.width + 24, height: SIZE.height + 24 });
    const camera = { ...small, x: small.x - 12, y: small.y - 12 };
    context.strokeStyle = look.value.ctl;
    for (const group of placed.groups.slice(1)) strokeRect(context, toScreen(camera, group));
    for (const [node, rect] of placed.boxes.size > MOST_BOXES ? [] : placed.boxes) {
      const entry = model.hierarchy.nodes[node];
      if (!entry || placed.groupOf.has(node)) continue;
      const measure = measureOf(health, model.hierarchy, node);
      const seen = atLeastOne(toScreen(camera, rect));
      context.fillStyle = look.value.edge;
      if (!measure || !health.paint) context.fillRect(seen.x, seen.y, seen.width, seen.height);
      else paintMeasure(context, seen, measure, health.paint, look.value);
    }
    context.strokeStyle = look.value.where;
    context.lineWidth = 2;
    strokeRect(context, inside(toScreen(camera, seenPart(model)), SIZE));
  });
  const go = (event: Press) => {
    const placed = model.placed.value;
    if (!placed || (event.type === "pointermove" && event.buttons === 0)) return;
    const box = event.currentTarget.getBoundingClientRect();
    const small = fitAll(placed, { width: SIZE.width + 24, height: SIZE.height + 24 });
    const at = toPicture(
      { ...small, x: small.x - 12, y: small.y - 12 },
      event.clientX - box.left,
      event.clientY - box.top,
    );
    const { zoom } = model.viewpoint.camera.value;
    const { width, height } = model.viewpoint.screen.value;
    model.viewpoint.camera.value = { zoom, x: width / 2 - at.x * zoom, y: height / 2 - at.y * zoom };
  };
  return (
    <div class={`graph-minimap ${seesAll(model) ? "not-needed" : ""}`} onPointerDown={go} onPointerMove={go}>
      <canvas ref={canvas} role="img" aria-label="Overview of the graph" />
    </div>
  );
}

function seenPart(model: GraphModel): Rect {
  const camera = model.viewpoint.camera.value;
  const { width, height } = model.viewpoint.screen.value;
  return { ...toPicture(camera, 0, 0), width: width / camera.zoom, height: height / camera.zoom };
}

function seesAll(model: GraphModel): boolean {
  const placed = model.placed.value;
  const seen = seenPart(model);
  if (!placed) return true;
  return seen.x <= 0 && seen.y <= 0 && seen.x + seen.width >= placed.width && seen.y + seen.height >= placed.height;
}

const atLeastOne = (rect: Rect): Rect => ({
  ...rect,
  width: Math.max(1, rect.width),
  height: Math.max(1, rect.height),
});

function inside(rect: Rect, size: { width: number; height: number }): Rect {
  const [x, y] = [Math.max(1, rect.x), Math.max(1, rect.y)];
  const right = Math.min(size.width - 1, rect.x + rect.width);
  const bottom = Math.min(size.height - 1, rect.y + rect.height);
  return { x, y, width: Math.max(0, right - x), height: Math.max(0, bottom - y) };
}

function strokeRect(context: CanvasRenderingContext2D, { x, y, width, height }: Rect): void {
  context.strokeRect(x, y, width, height);
}
