// What must hold for every scene, whatever the graph.

import { expect } from "vitest";
import type { Hierarchy } from "../../src/layout/hierarchy";
import type { GroupLayout, Path } from "../../src/layout/placement";
import type { Scene } from "../../src/layout/scene";

const SLACK = 0.01;

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export function boxAt(layout: GroupLayout, child: number): Box {
  const [x = 0, y = 0, width = 0, height = 0] = layout.boxes.subarray(4 * child, 4 * child + 4);
  return { x, y, width, height };
}

export const boxesOf = (layout: GroupLayout): Box[] =>
  Array.from({ length: layout.boxes.length / 4 }, (_, child) => boxAt(layout, child));

export function expectSound(hierarchy: Hierarchy, scene: Scene): void {
  const faults = scene.layouts.flatMap((layout) => {
    const boxes = boxesOf(layout);
    return [
      ...outside(layout, boxes),
      ...overlapping(boxes),
      ...layout.paths.flatMap((path) => unclear(path, layout, boxes)),
    ];
  });
  expect([...faults, ...unfitting(hierarchy, scene)].slice(0, 5)).toEqual([]);
}

/** Groups whose layout has not one box for each child and one path for each edge, or not the size of its place. */
function unfitting(hierarchy: Hierarchy, scene: Scene): string[] {
  return [...scene.layoutOf].flatMap(([id, index]) => {
    const group = hierarchy.groups.get(scene.contentOf.get(id) ?? id);
    const layout = scene.layouts[index];
    if (!group || !layout) return [`node ${id} has no group or no layout`];
    const counts = layout.boxes.length === 4 * group.children.length && layout.paths.length === group.edges.length;
    const misfits = group.children.filter((child, port) => {
      const inner = scene.layouts[scene.layoutOf.get(child) ?? -1];
      const box = boxAt(layout, port);
      return inner && (box.width !== inner.width || box.height !== inner.height);
    });
    return [
      ...(counts ? [] : [`node ${id} has another number of boxes or paths`]),
      ...misfits.map((child) => `node ${child} does not fit`),
    ];
  });
}

function outside(layout: GroupLayout, boxes: Box[]): string[] {
  return boxes
    .filter(({ x, y, width, height }) => Math.min(x, y) < 0 || x + width > layout.width || y + height > layout.height)
    .map((box) => `${JSON.stringify(box)} leaves its group`);
}

/** A sweep from top to bottom. */
function overlapping(boxes: Box[]): string[] {
  let active: Box[] = [];
  return [...boxes]
    .sort((a, b) => a.y - b.y)
    .flatMap((box) => {
      active = active.filter((other) => other.y + other.height > box.y);
      const hits = active.filter((other) => other.x + other.width > box.x && box.x + box.width > other.x);
      active.push(box);
      return hits.map((other) => `${JSON.stringify(other)} and ${JSON.stringify(box)} overlap`);
    });
}

function unclear(path: Path, layout: GroupLayout, boxes: Box[]): string[] {
  const points = [...path.points.subarray(0, path.kind === "chip" ? 2 : undefined)];
  const leaves = points.some(
    (value, index) => value < -SLACK || value > (index % 2 ? layout.height : layout.width) + SLACK,
  );
  const rises =
    path.kind === "flow" && points.some((y, index) => index % 2 === 1 && y < (points[index - 2] ?? y) - SLACK);
  const hits = path.kind === "detour" ? boxes.filter((box) => runsThrough(points, box)) : [];
  return [
    ...(leaves ? [`a ${path.kind} leaves its group: ${points}`] : []),
    ...(rises ? [`a flow goes up: ${points}`] : []),
    ...hits.map((box) => `a detour runs through ${JSON.stringify(box)}: ${points}`),
  ];
}

function runsThrough(points: number[], box: Box): boolean {
  for (let at = 2; at < points.length; at += 2) {
    const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = points.slice(at - 2, at + 2);
    const beside = Math.max(x0, x1) <= box.x + SLACK || Math.min(x0, x1) >= box.x + box.width - SLACK;
    const above = Math.max(y0, y1) <= box.y + SLACK || Math.min(y0, y1) >= box.y + box.height - SLACK;
    if (!beside && !above) return true;
  }
  return false;
}
