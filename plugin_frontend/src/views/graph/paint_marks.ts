// What sits on the corner of a box: the number of a finding, and how it differs from the other run's.

import type { Severity } from "../../api/types";
import { font } from "../../base/paint";
import { paintPin } from "../../base/paint_pin";
import type { Rect } from "./camera";
import type { Difference } from "./difference";
import { shownAs } from "./instances";
import type { Scenery } from "./paint";

type Context = CanvasRenderingContext2D;

export interface PinnedNode {
  node: number;
  /** Of the finding, from 1. */
  number: number;
  severity: Severity;
}

const PIN_RADIUS = 8;
const MARK_WIDTH = 16;
/** Without text in the boxes marks are as large as ever on the screen. */
const LEAST_ZOOM = 0.35;

/** Pins on the innermost box that is seen of what they are about, then the marks of differences. */
export function paintMarks(context: Context, scenery: Scenery): void {
  const taken = new Map<number, number>();
  for (const pin of [...scenery.pins].reverse()) {
    const box = seenBox(pin.node, scenery);
    if (box === null) continue;
    const place = taken.get(box) ?? 0;
    taken.set(box, place + 1);
    const rect = scenery.placed.boxes.get(box);
    if (rect) paintPinOf(context, pin, rect, place, scenery);
  }
  for (const [node, difference] of scenery.differences) {
    const rect = scenery.placed.boxes.get(node);
    if (rect) paintDifference(context, difference, rect, scenery);
  }
}

function seenBox(node: number, { hierarchy, placed }: Scenery): number | null {
  for (let id = node; id > 0; id = hierarchy.nodes[id]?.parent ?? 0) {
    const box = shownAs(hierarchy, id);
    if (placed.boxes.has(box)) return box;
  }
  return null;
}

function paintPinOf(context: Context, pin: PinnedNode, rect: Rect, place: number, { look, zoom }: Scenery): void {
  const size = 1 / Math.max(Math.min(zoom, 1), LEAST_ZOOM);
  const [x, y] = [rect.x + rect.width - 2 - place * PIN_RADIUS * 2 * size, rect.y];
  paintPin(context, pin, x, y, look, size);
}

const SIGNS: Record<Difference, string> = { only_here: "+", changed: "≠" };

function paintDifference(context: Context, difference: Difference, rect: Rect, { look, zoom }: Scenery): void {
  const size = 1 / Math.max(Math.min(zoom, 1), LEAST_ZOOM);
  context.fillStyle = look.ink;
  context.beginPath();
  context.roundRect(rect.x - 6 * size, rect.y - 6 * size, MARK_WIDTH * size, MARK_WIDTH * size, 4 * size);
  context.fill();
  context.font = font(12 * size, 700);
  context.fillStyle = look.bg;
  context.textAlign = "center";
  context.fillText(SIGNS[difference], rect.x + 2 * size, rect.y + 2.5 * size);
  context.textAlign = "left";
}
