// A scene with every box at its place in the picture: what is drawn, hit and walked through.

import type { Group, GroupEdge } from "../../layout/edges";
import type { Hierarchy } from "../../layout/hierarchy";
import type { GroupLayout, Path } from "../../layout/placement";
import type { Scene } from "../../layout/scene";
import type { Rect } from "./camera";

/** An open group: its layout's corner is at (x, y). */
export interface PlacedGroup extends Rect {
  node: number;
  layout: GroupLayout;
  /** What is drawn in it: of a fold, the chosen instance's. */
  drawn: Group;
}

/** A line of the picture. */
export interface Line {
  group: PlacedGroup;
  edge: GroupEdge;
  path: Path;
}

export interface PlacedScene {
  /** Groups, a parent before what is in it; the root is first. */
  groups: PlacedGroup[];
  groupOf: Map<number, PlacedGroup>;
  /** Every box that is seen, open groups included, without the root. */
  boxes: Map<number, Rect>;
  width: number;
  height: number;
  /** Where the root's spine is. */
  anchor: number;
}

/** O(what is seen). */
export function placeScene(hierarchy: Hierarchy, scene: Scene): PlacedScene {
  const groups: PlacedGroup[] = [];
  const boxes = new Map<number, Rect>();
  const place = (node: number, x: number, y: number) => {
    const layout = scene.layouts[scene.layoutOf.get(node) ?? -1];
    const drawn = hierarchy.groups.get(scene.contentOf.get(node) ?? node);
    if (layout && drawn) groups.push({ node, drawn, layout, x, y, width: layout.width, height: layout.height });
  };
  place(0, 0, 0);
  for (let next = 0; next < groups.length; next += 1) {
    const group = groups[next];
    if (!group) break;
    group.drawn.children.forEach((child, port) => {
      const rect = childRect(group, port);
      boxes.set(child, rect);
      if (scene.layoutOf.has(child)) place(child, rect.x, rect.y);
    });
  }
  const root = groups[0]?.layout;
  const groupOf = new Map(groups.map((group) => [group.node, group]));
  return { groups, groupOf, boxes, width: root?.width ?? 0, height: root?.height ?? 0, anchor: root?.anchor ?? 0 };
}

function childRect(group: PlacedGroup, port: number): Rect {
  const [x = 0, y = 0, width = 0, height = 0] = group.layout.boxes.subarray(4 * port, 4 * port + 4);
  return { x: group.x + x, y: group.y + y, width, height };
}

export const contains = (rect: Rect, x: number, y: number): boolean =>
  x >= rect.x && x < rect.x + rect.width && y >= rect.y && y < rect.y + rect.height;

/** The innermost box at a point, or null: a walk down the groups that hold it. */
export function boxAt(placed: PlacedScene, x: number, y: number): number | null {
  let found: number | null = null;
  let group = placed.groups[0];
  while (group) {
    const hit: number | undefined = group.drawn.children.find((child) => {
      const rect = placed.boxes.get(child);
      return rect !== undefined && contains(rect, x, y);
    });
    if (hit === undefined) break;
    found = hit;
    group = placed.groupOf.get(hit);
  }
  return found;
}

/** Where edges pass the border of an open group: one of its input slots, or, after them, its output. */
export interface Slot {
  group: PlacedGroup;
  index: number;
}

export const SLOT = { width: 18, height: 6, radius: 3 };

/** Middle of each slot that the group has. */
export function slotsOf(group: PlacedGroup): { index: number; x: number; y: number }[] {
  const { drawn, layout } = group;
  const inputs = Array.from(layout.slots, (slot, index) => ({ index, x: group.x + slot, y: group.y }));
  const isRead = drawn.edges.some((edge) => edge.to === drawn.children.length + drawn.slots);
  const output = { index: drawn.slots, x: group.x + layout.anchor, y: group.y + group.height };
  return isRead ? [...inputs, output] : inputs;
}

/** The slot within `reach` of a point, or null. O(groups and slots). */
export function slotAt(placed: PlacedScene, x: number, y: number, reach: number): Slot | null {
  for (const group of placed.groups.slice(1)) {
    const found = slotsOf(group).find(
      (slot) => Math.abs(slot.x - x) <= SLOT.width / 2 + reach && Math.abs(slot.y - y) <= SLOT.height / 2 + reach,
    );
    if (found) return { group, index: found.index };
  }
  return null;
}

/** Lines of one group, with their edges. */
export function linesOf(group: PlacedGroup): Line[] {
  return group.drawn.edges.flatMap((edge, index) => {
    const path = group.layout.paths[index];
    return path ? [{ group, edge, path }] : [];
  });
}

/** The line or chip within `reach` of a point, or null. Only groups that hold the point are searched. */
export function lineAt(placed: PlacedScene, x: number, y: number, reach: number): Line | null {
  let best: Line | null = null;
  let nearest = reach;
  for (const group of placed.groups) {
    if (!contains(group, x, y)) continue;
    for (const line of linesOf(group)) {
      const distance = distanceTo(line.path, x - group.x, y - group.y);
      if (distance >= nearest) continue;
      nearest = distance;
      best = line;
    }
  }
  return best;
}

function distanceTo(path: Path, x: number, y: number): number {
  if (path.kind === "chip") {
    const [left = 0, top = 0, width = 0, height = 0] = path.points;
    return contains({ x: left, y: top, width, height }, x, y) ? 0 : Number.POSITIVE_INFINITY;
  }
  let least = Number.POSITIVE_INFINITY;
  for (let at = 2; at < path.points.length; at += 2) {
    const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = path.points.subarray(at - 2, at + 2);
    least = Math.min(least, distanceToSegment(x - x0, y - y0, x1 - x0, y1 - y0));
  }
  return least;
}

function distanceToSegment(x: number, y: number, dx: number, dy: number): number {
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : Math.min(1, Math.max(0, (x * dx + y * dy) / length));
  return Math.hypot(x - along * dx, y - along * dy);
}

export type Direction = "up" | "down" | "left" | "right";

/** Where an arrow key leads: up and down along edges, left and right to the neighbour at the same height. */
export function neighbour(
  hierarchy: Hierarchy,
  placed: PlacedScene,
  node: number,
  direction: Direction,
): number | null {
  const group = hierarchy.groups.get(hierarchy.nodes[node]?.parent ?? 0);
  const from = placed.boxes.get(node);
  if (!group || !from) return null;
  const port = group.children.indexOf(node);
  if (direction === "down" || direction === "up") {
    const ports = group.edges.flatMap((edge) => {
      if (direction === "down") return edge.from === port ? [edge.to] : [];
      return edge.to === port ? [edge.from] : [];
    });
    return nearestOf(placed, group.children, ports, from) ?? step(placed, group.children, from, direction);
  }
  return step(placed, group.children, from, direction);
}

const centre = (rect: Rect): { x: number; y: number } => ({ x: rect.x + rect.width / 2, y: rect.y + rect.height / 2 });

function nearestOf(placed: PlacedScene, children: number[], ports: number[], from: Rect): number | null {
  const start = centre(from);
  const reachable = ports.flatMap((port) => children[port] ?? []);
  return least(reachable, (child) => {
    const at = centre(placed.boxes.get(child) ?? from);
    return Math.abs(at.x - start.x) + Math.abs(at.y - start.y) / 4;
  });
}

/** The nearest sibling that lies in a direction, whether an edge leads there or not. */
function step(placed: PlacedScene, children: number[], from: Rect, direction: Direction): number | null {
  const start = centre(from);
  const across = direction === "left" || direction === "right";
  const sign = direction === "left" || direction === "up" ? -1 : 1;
  return least(children, (child) => {
    const rect = placed.boxes.get(child);
    if (!rect) return Number.POSITIVE_INFINITY;
    const at = centre(rect);
    const ahead = sign * (across ? at.x - start.x : at.y - start.y);
    const aside = Math.abs(across ? at.y - start.y : at.x - start.x);
    if (ahead < 1 || (across && aside > (rect.height + from.height) / 2)) return Number.POSITIVE_INFINITY;
    return ahead + aside;
  });
}

function least(candidates: number[], cost: (child: number) => number): number | null {
  let best: number | null = null;
  let lowest = Number.POSITIVE_INFINITY;
  for (const child of candidates) {
    const value = cost(child);
    if (value >= lowest) continue;
    lowest = value;
    best = child;
  }
  return best;
}
