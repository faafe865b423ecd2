// The whole picture, painted from the outside in. Reads nothing but its arguments.

import type { GraphAnswer } from "../../api/types";
import type { CellColours } from "../../base/cells";
import type { Hierarchy, HierarchyNode } from "../../layout/hierarchy";
import type { Chosen } from "../../layout/scene";
import { isBox } from "../../layout/sizes";
import type { Tokens } from "../../theme";
import { type Camera, type Rect, type Size, toPicture } from "./camera";
import type { Difference } from "./difference";
import type { Health } from "./health";
import { shownAs } from "./instances";
import {
  isBlock,
  NO_LINES_ZOOM,
  paintCallBadge,
  paintGroup,
  paintHeader,
  paintModule,
  paintNonFinite,
  paintOperation,
  paintTerminal,
} from "./paint_boxes";
import { paintLines, paintSlots } from "./paint_lines";
import { type PinnedNode, paintMarks } from "./paint_marks";
import type { Way } from "./paths";
import type { Line, PlacedGroup, PlacedScene } from "./placed";
import type { Transition } from "./viewpoint";

type Context = CanvasRenderingContext2D;

export interface PaintInput {
  graph: GraphAnswer;
  hierarchy: Hierarchy;
  placed: PlacedScene;
  camera: Camera;
  health: Health;
  /** For a module whose parameter is another module's, that module's path. */
  ties: Map<string, string>;
  /** How often each module is called. */
  calls: Map<string, number>;
  look: Tokens & CellColours;
  hovered: number | null;
  hoveredLine: Line | null;
  selected: number | null;
  chosen: Chosen;
  /** Ways that are shown; all else is pale. */
  way: Way | null;
  /** Findings by their worst first, and the node that each is at. */
  pins: readonly PinnedNode[];
  /** How nodes differ from those of the other run; empty where none is compared. */
  differences: ReadonlyMap<number, Difference>;
  /** The node that the keyboard is at, while the canvas has the focus. */
  focused: number | null;
  transition: Transition | null;
}

/** What the painters of single things need to know. */
export interface Scenery extends PaintInput {
  zoom: number;
  isOpen(node: number): boolean;
  /** Which instance of a fold is shown. */
  positionOf(fold: number): number;
  isHovered(node: HierarchyNode): boolean;
}

const RING = { distance: 4, width: 2, radius: 9 };
/** How far lines and badges reach out of a group's frame. */
const OVERHANG = 12;

export function paintGraph(context: Context, size: Size, input: PaintInput): void {
  const { camera, placed, hierarchy } = input;
  const scenery: Scenery = {
    ...input,
    zoom: camera.zoom,
    isOpen: (node) => placed.groupOf.has(node),
    positionOf: (fold) => input.chosen.get(fold) ?? 0,
    isHovered: (node) => input.hovered !== null && hierarchy.nodes[input.hovered] === node,
  };
  const seen = seenPart(camera, size);
  context.save();
  context.translate(camera.x, camera.y);
  context.scale(camera.zoom, camera.zoom);
  context.textBaseline = "middle";
  for (const group of placed.groups) {
    if (overlaps(group, seen)) paintGroupContent(context, group, seen, scenery);
  }
  if (scenery.zoom < NO_LINES_ZOOM) paintAlarms(context, seen, scenery);
  paintRings(context, scenery);
  paintMarks(context, scenery);
  context.restore();
}

function seenPart(camera: Camera, size: Size): Rect {
  const corner = toPicture(camera, 0, 0);
  return { ...corner, width: size.width / camera.zoom, height: size.height / camera.zoom };
}

const overlaps = (rect: Rect, seen: Rect): boolean =>
  rect.x - OVERHANG < seen.x + seen.width &&
  rect.x + rect.width + OVERHANG > seen.x &&
  rect.y - OVERHANG < seen.y + seen.height &&
  rect.y + rect.height + OVERHANG > seen.y;

/** Ground, lines, then closed children; open children come later as groups of their own. */
function paintGroupContent(context: Context, group: PlacedGroup, seen: Rect, scenery: Scenery): void {
  const { hierarchy, transition } = scenery;
  const node = hierarchy.nodes[group.node];
  if (node && group.node !== 0) paintGroup(context, group.node, movedRect(group.node, group, scenery), scenery);
  if (node && group.node !== 0 && isBlock(group.node, scenery)) return;
  context.globalAlpha = transition?.progress ?? 1;
  if (scenery.zoom >= NO_LINES_ZOOM) {
    paintLines(context, group, scenery);
    if (group.node !== 0) paintSlots(context, group, scenery);
  }
  if (node && group.node !== 0 && scenery.zoom >= NO_LINES_ZOOM)
    paintHeader(context, group.node, group, group.layout.anchor, scenery);
  context.globalAlpha = 1;
  for (const child of group.drawn.children) {
    const rect = scenery.placed.boxes.get(child);
    if (rect && overlaps(rect, seen) && !scenery.isOpen(child)) paintChild(context, child, rect, scenery);
  }
}

/** Modules that hold modules are left out: their alarm is one of those inside. */
function paintAlarms(context: Context, seen: Rect, scenery: Scenery): void {
  for (const [id, rect] of scenery.placed.boxes) {
    const node = scenery.hierarchy.nodes[id];
    if (!node || !overlaps(rect, seen) || (node.composite && scenery.isOpen(id))) continue;
    paintNonFinite(context, id, rect, scenery);
  }
}

function paintChild(context: Context, child: number, rect: Rect, scenery: Scenery): void {
  const node = scenery.hierarchy.nodes[child];
  if (!node) return;
  const isNew = scenery.transition !== null && !scenery.transition.from.has(child);
  context.globalAlpha = (isNew ? (scenery.transition?.progress ?? 1) : 1) * dimmed(scenery.way, child);
  const at = movedRect(child, rect, scenery);
  if (isBox(node)) paintModule(context, child, at, scenery);
  else if (node.kind === "operation" || node.kind === "series") paintOperation(context, node, at, scenery);
  else paintTerminal(context, node, at, scenery);
  context.globalAlpha = 1;
}

const OFF_THE_WAY = 0.35;
const dimmed = (way: Way | null, node: number): number => (way && !way.nodes.has(node) ? OFF_THE_WAY : 1);

/** Where a box is on its way from its old place to its new one. */
function movedRect(node: number, rect: Rect, { transition }: Scenery): Rect {
  const old = transition?.from.get(node);
  if (!transition || !old) return rect;
  const { shift } = transition;
  const part = 1 - transition.progress;
  return {
    x: rect.x + (old.x + shift.x - rect.x) * part,
    y: rect.y + (old.y + shift.y - rect.y) * part,
    width: rect.width + (old.width - rect.width) * part,
    height: rect.height + (old.height - rect.height) * part,
  };
}

function paintRings(context: Context, scenery: Scenery): void {
  const { selected, focused, hierarchy, placed, look, zoom } = scenery;
  context.strokeStyle = look.where;
  context.lineWidth = RING.width / Math.min(1, zoom);
  const ring = (node: number | null, dashed: boolean) => {
    const id = node === null ? -1 : shownAs(hierarchy, node);
    const [rect, box] = [placed.boxes.get(id), hierarchy.nodes[id]];
    if (!rect || !box) return;
    const { distance, radius } = RING;
    context.setLineDash(dashed ? [4, 3] : []);
    context.beginPath();
    context.roundRect(
      rect.x - distance,
      rect.y - distance,
      rect.width + 2 * distance,
      rect.height + 2 * distance,
      Math.min(radius, rect.height / 2 + distance),
    );
    context.stroke();
    context.setLineDash([]);
    paintCallBadge(context, box, rect, scenery); // it sits on the corner, where the ring runs
  };
  ring(selected, false);
  if (focused !== selected) ring(focused, true);
}
