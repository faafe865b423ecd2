// Edges, their arrow heads, and the slots where they pass a border.

import { font } from "../../base/paint";
import type { GroupEdge } from "../../layout/edges";
import type { Hierarchy } from "../../layout/hierarchy";
import type { GroupLayout, Path } from "../../layout/placement";
import { CHIP } from "../../layout/sizes";
import { bytesOfEdge } from "./facts";
import type { Scenery } from "./paint";
import { drawName } from "./paint_text";
import type { Way } from "./paths";
import { type Line, linesOf, type PlacedGroup, SLOT, slotsOf } from "./placed";

type Context = CanvasRenderingContext2D;

const RADIUS = 8;
const WAY_WIDTH = 2.5;
const OFF_THE_WAY = 0.35;
const ARROW = { length: 6, width: 7 };
/** Bytes from which a line is wider. */
const WIDTHS: [bytes: number, width: number][] = [
  [256e6, 4],
  [16e6, 3],
  [1e6, 2],
  [64e3, 1.5],
];

export const lineWidth = (bytes: number): number => WIDTHS.find(([least]) => bytes > least)?.[1] ?? 1;

/** Lines of a group at its place; those at the hovered node and the hovered line itself in ink. */
export function paintLines(context: Context, group: PlacedGroup, scenery: Scenery): void {
  context.save();
  context.translate(group.x, group.y);
  if (scenery.zoom < FAR_ZOOM && !scenery.way) paintFar(context, group, scenery);
  else paintNear(context, group, scenery);
  context.restore();
}

function paintNear(context: Context, group: PlacedGroup, scenery: Scenery): void {
  const { children } = group.drawn;
  for (const line of linesOf(group)) {
    if (line.path.kind === "chip") paintChip(context, line, children, scenery);
    else paintLine(context, line, children, scenery);
  }
}

const FAR_ZOOM = 0.35;
const farPaths = new WeakMap<GroupLayout, Path2D>();

/** From afar all lines of a group are one path, made once for each layout. */
function paintFar(context: Context, { layout }: PlacedGroup, { look }: Scenery): void {
  let path = farPaths.get(layout);
  if (!path) {
    path = new Path2D();
    for (const { kind, points } of layout.paths) {
      if (kind === "chip") continue;
      path.moveTo(points[0] ?? 0, points[1] ?? 0);
      for (let at = 2; at < points.length; at += 2) path.lineTo(points[at] ?? 0, points[at + 1] ?? 0);
    }
    farPaths.set(layout, path);
  }
  context.strokeStyle = look.edge;
  context.lineWidth = 2;
  context.stroke(path);
}

const widths = new WeakMap<GroupEdge, number>();

function widthOf(edge: GroupEdge, { graph }: Scenery): number {
  const known = widths.get(edge) ?? lineWidth(bytesOfEdge(graph, edge));
  widths.set(edge, known);
  return known;
}

const isAt = (node: number | undefined, { hovered, selected }: Scenery): boolean =>
  node !== undefined && (node === hovered || node === selected);

function paintLine(context: Context, line: Line, children: number[], scenery: Scenery): void {
  const { edge, path } = line;
  const { look, way } = scenery;
  const near = isAt(children[edge.from], scenery) || isAt(children[edge.to], scenery);
  const onWay = way !== null && isOnWay(line, children, way);
  context.globalAlpha = way && !onWay ? OFF_THE_WAY : 1;
  context.strokeStyle = onWay ? look.where : near || scenery.hoveredLine?.edge === edge ? look.ink : look.edge;
  context.fillStyle = context.strokeStyle;
  context.lineWidth = onWay ? WAY_WIDTH : widthOf(edge, scenery);
  context.setLineDash(path.kind === "back" ? [4, 3] : []);
  context.beginPath();
  trace(context, path);
  context.stroke();
  context.setLineDash([]);
  const target = children[edge.to];
  if (target !== undefined && !scenery.isOpen(target)) paintArrow(context, path);
  context.globalAlpha = 1;
}

/** Whether what flows along a line comes from the way's first node and leads to its second. */
function isOnWay({ edge }: Line, children: number[], way: Way): boolean {
  const target = children[edge.to];
  if (target !== undefined && !way.nodes.has(target)) return false;
  return edge.values.some((value) => way.values.has(value));
}

function trace(context: Context, path: Path): void {
  const { points } = path;
  context.moveTo(points[0] ?? 0, points[1] ?? 0);
  for (let at = 2; at < points.length; at += 2) {
    const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = points.subarray(at - 2, at + 2);
    const turns = path.kind !== "flow" && at + 3 < points.length;
    if (turns) context.arcTo(x1, y1, points[at + 2] ?? 0, points[at + 3] ?? 0, cornerRadius(points, at));
    else if (path.kind !== "flow" || Math.abs(x0 - x1) < 0.5) context.lineTo(x1, y1);
    else context.bezierCurveTo(x0, (y0 + y1) / 2, x1, (y0 + y1) / 2, x1, y1);
  }
}

/** Corners close to each other are tighter. */
function cornerRadius(points: Float32Array, at: number): number {
  const length = (from: number): number =>
    Math.hypot((points[from + 2] ?? 0) - (points[from] ?? 0), (points[from + 3] ?? 0) - (points[from + 1] ?? 0));
  return Math.min(RADIUS, length(at - 2) / 2, length(at) / 2);
}

function paintArrow(context: Context, { points }: Path): void {
  const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = points.slice(-4);
  const length = Math.hypot(x1 - x0, y1 - y0);
  const [dx, dy] = length > 0 ? [(x1 - x0) / length, (y1 - y0) / length] : [0, 1];
  const [baseX, baseY] = [x1 - dx * ARROW.length, y1 - dy * ARROW.length];
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(baseX - (dy * ARROW.width) / 2, baseY + (dx * ARROW.width) / 2);
  context.lineTo(baseX + (dy * ARROW.width) / 2, baseY - (dx * ARROW.width) / 2);
  context.fill();
}

/** A pill with the name of what would be one edge too many, and a short line to its reader. */
function paintChip(context: Context, line: Line, children: number[], scenery: Scenery): void {
  const { edge, path } = line;
  const { look, hierarchy, hoveredLine, zoom } = scenery;
  const isNear = hoveredLine?.edge === edge || isAt(children[edge.from], scenery);
  const [x = 0, y = 0, width = 0, height = 0] = path.points;
  context.strokeStyle = isNear ? look.ink : look.edge;
  context.lineWidth = widthOf(edge, scenery);
  context.beginPath();
  context.moveTo(x - CHIP.distance, y + height / 2);
  context.lineTo(x, y + height / 2);
  context.stroke();
  context.fillStyle = look.sunk;
  context.beginPath();
  context.roundRect(x, y, width, height, height / 2);
  context.fill();
  if (isNear) {
    context.lineWidth = 1;
    context.stroke();
  }
  if (zoom < 0.35) return;
  context.font = font(12);
  context.fillStyle = look.ink;
  drawName(context, `→ ${sourceName(hierarchy, line)}`, x + 9, y + height / 2, width - 16);
}

/** Name of the box where a line begins; of one from the border, of what its first value comes from. */
export function sourceName({ nodes, ofValue }: Hierarchy, { group, edge }: Line): string {
  const source = nodes[ofValue(edge.values[0] ?? 0)];
  return nodes[group.drawn.children[edge.from] ?? -1]?.name ?? source?.name ?? "";
}

/** Tabs on the border of an open group where edges enter and leave. */
export function paintSlots(context: Context, group: PlacedGroup, scenery: Scenery): void {
  context.fillStyle = scenery.look.ctl;
  context.beginPath();
  for (const { x, y } of slotsOf(group)) {
    context.roundRect(x - SLOT.width / 2, y - SLOT.height / 2, SLOT.width, SLOT.height, SLOT.radius);
  }
  context.fill();
}
