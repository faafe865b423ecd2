// Boxes, pills, circles and hexagons: the nouns of the graph's grammar.

import { atLeast, isNonFinite, SMALLEST_NON_FINITE } from "../../base/cells";
import { font } from "../../base/paint";
import type { HierarchyNode } from "../../layout/hierarchy";
import { operationSign, type Sign } from "../../layout/operations";
import { NAME_SIZE, STEPPER_WIDTH, TYPE_SIZE } from "../../layout/sizes";
import type { Rect } from "./camera";
import { describeMeasure, type Measure, measureOf } from "./health";
import type { Scenery } from "./paint";
import { foldCount, paintFoldBox, paintFoldHeader, paintSheets } from "./paint_folds";
import { drawName, fitText, measure, safeName } from "./paint_text";
import { paintMeasure } from "./swatch";

type Context = CanvasRenderingContext2D;

const STRIPE = 7;
const RADIUS = { box: 6, group: 8 };
export const TEXT_ZOOM = { all: 0.7, names: 0.35 };
const HEADER_BASELINE = 15;

/** A module that is closed. */
export function paintModule(context: Context, id: number, rect: Rect, scenery: Scenery): void {
  const node = scenery.hierarchy.nodes[id];
  if (!node) return;
  const { look, zoom } = scenery;
  const health = measureOf(scenery.health, scenery.hierarchy, id);
  if (node.fold && zoom >= TEXT_ZOOM.names) paintSheets(context, node.fold, rect, RADIUS.box, scenery);
  if (zoom < TEXT_ZOOM.names) {
    paintBlock(context, rect, health, scenery);
    return;
  }
  context.save();
  context.beginPath();
  context.roundRect(rect.x, rect.y, rect.width, rect.height, RADIUS.box);
  context.fillStyle = look.bg;
  context.fill();
  context.clip();
  if (health) paintMeasure(context, { ...rect, width: STRIPE }, health, scenery.health.paint, look);
  context.restore();
  outline(context, rect, RADIUS.box, scenery.isHovered(node) ? look.ink : look.ctl);
  if (node.fold && zoom >= TEXT_ZOOM.all) {
    paintFoldBox(context, id, rect, scenery);
    paintNumber(context, health ? numberOf(health, scenery) : "", rect, health, scenery);
  } else paintModuleText(context, node, rect, health, scenery);
  paintCallBadge(context, node, rect, scenery);
}

/** From far away NaN and Inf are still seen: on top of all others and never too small. */
export function paintNonFinite(context: Context, id: number, rect: Rect, scenery: Scenery): void {
  const health = measureOf(scenery.health, scenery.hierarchy, id);
  if (!health || !isNonFinite(health.state)) return;
  paintMeasure(context, atLeast(rect, SMALLEST_NON_FINITE / scenery.zoom), health, null, scenery.look);
}

/** Far away a box is its colour. */
function paintBlock(context: Context, rect: Rect, health: Measure | null, scenery: Scenery): void {
  context.fillStyle = scenery.look.sunk;
  context.fillRect(rect.x, rect.y, rect.width, rect.height);
  if (health) paintMeasure(context, rect, health, scenery.health.paint, scenery.look);
}

function paintModuleText(
  context: Context,
  node: HierarchyNode,
  rect: Rect,
  health: Measure | null,
  scenery: Scenery,
): void {
  const { look, zoom } = scenery;
  const left = rect.x + 16;
  const middle = rect.y + rect.height / 2;
  const all = zoom >= TEXT_ZOOM.all;
  const tied = scenery.ties.get(node.path);
  const measured = health ? numberOf(health, scenery) : "";
  const number = all ? (tied === undefined ? measured : `↔ ${fitText(context, safeName(tied), 60)}`) : "";
  const right = rect.x + rect.width - 10 - paintNumber(context, number, rect, health, scenery);
  const twoLines = node.composite && all;
  context.font = font(NAME_SIZE, 500);
  context.fillStyle = look.ink;
  const width = drawName(context, node.name, left, twoLines ? rect.y + 14 : middle, right - left);
  if (!all) return;
  context.font = font(TYPE_SIZE);
  context.fillStyle = look.ink2;
  if (node.type === "") return;
  if (twoLines) drawName(context, node.type, left, rect.y + 28, right - left);
  else drawName(context, node.type, left + width + 8, middle + 0.5, right - left - width - 8);
}

/** A category is a colour of the legend and takes no room in the box. */
const numberOf = (measure: Measure, { health }: Scenery): string =>
  health.scale ? describeMeasure(measure, health.format) : "";

/** The number at the right; gives the room it takes. */
function paintNumber(context: Context, text: string, rect: Rect, health: Measure | null, { look }: Scenery): number {
  if (text === "") return 0;
  const loud = health !== null && isNonFinite(health.state);
  context.font = font(12, loud ? 700 : 400);
  context.fillStyle = loud ? look.ink : look.ink2;
  context.textAlign = "right";
  context.fillText(text, rect.x + rect.width - 12, rect.y + rect.height / 2);
  context.textAlign = "left";
  return measure(context, text) + 10;
}

/** "↻ 2/6": the second of a module's six calls; "↻ 6" where one box stands for all of them. */
export function paintCallBadge(
  context: Context,
  node: HierarchyNode,
  rect: Rect,
  { look, calls, zoom }: Scenery,
): void {
  const all = node.kind === "module" ? (calls.get(node.path) ?? 1) : 1;
  if (all < 2 || zoom < TEXT_ZOOM.all) return;
  context.font = font(11, 500);
  const text = `↻ ${node.call + 1}/${all}`;
  const width = measure(context, text) + 14;
  const left = rect.x + rect.width - width + 6;
  context.fillStyle = look.ink;
  context.beginPath();
  context.roundRect(left, rect.y - 9, width, 16, 8);
  context.fill();
  context.fillStyle = look.bg;
  context.fillText(text, left + 7, rect.y - 0.5);
}

/**
 * From far away an open module without modules inside is a block, too, and its operations are not drawn: from very
 * far any, before if it has a colour.
 */
export const isBlock = (id: number, { zoom, health, hierarchy }: Scenery): boolean =>
  zoom < TEXT_ZOOM.names &&
  !hierarchy.nodes[id]?.composite &&
  (zoom < NO_LINES_ZOOM || measureOf(health, hierarchy, id) !== null);

export const NO_LINES_ZOOM = 0.15;

/** The ground and border of an open module. */
export function paintGroup(context: Context, id: number, rect: Rect, scenery: Scenery): void {
  const node = scenery.hierarchy.nodes[id];
  if (!node) return;
  const { look } = scenery;
  if (isBlock(id, scenery)) {
    paintBlock(context, rect, measureOf(scenery.health, scenery.hierarchy, id), scenery);
    return;
  }
  if (node.fold) paintSheets(context, node.fold, rect, RADIUS.group, scenery);
  context.beginPath();
  context.roundRect(rect.x, rect.y, rect.width, rect.height, RADIUS.group);
  context.fillStyle = groundOf(node, look);
  context.fill();
  outline(context, rect, RADIUS.group, scenery.isHovered(node) ? look.ink : look.ctl);
  paintCallBadge(context, node, rect, scenery);
}

/** Name and type on the group's own ground, so that no line runs through the words. */
export function paintHeader(context: Context, id: number, rect: Rect, anchor: number, scenery: Scenery): void {
  const node = scenery.hierarchy.nodes[id];
  if (!node || scenery.zoom < TEXT_ZOOM.names) return;
  const { look } = scenery;
  const y = rect.y + HEADER_BASELINE;
  const all = scenery.zoom >= TEXT_ZOOM.all;
  const room = anchor - (node.fold && all ? STEPPER_WIDTH + 28 : 22);
  const words = node.fold ? [node.fold.type, foldCount(node.fold)] : node.type ? [node.type] : [];
  const type = all ? words.map(safeName).join(" ") : "";
  context.font = font(TYPE_SIZE);
  const typeWidth = type === "" ? 0 : measure(context, type) + 8;
  context.font = font(NAME_SIZE, 500);
  const name = fitText(context, safeName(node.name), room);
  const nameWidth = measure(context, name);
  context.fillStyle = groundOf(node, look);
  context.fillRect(rect.x + 10, y - 8, Math.min(nameWidth + typeWidth, room) + 4, 16);
  context.fillStyle = look.ink;
  drawName(context, node.name, rect.x + 12, y, room);
  context.font = font(TYPE_SIZE);
  context.fillStyle = look.ink2;
  if (type !== "") drawName(context, type, rect.x + 20 + nameWidth, y + 0.5, room - nameWidth - 8);
  paintChevron(context, rect.x + rect.width - 18, y, look.ink3);
  if (!node.fold || !all) return;
  context.fillStyle = groundOf(node, look);
  context.fillRect(rect.x + anchor - 16 - STEPPER_WIDTH, y - 8, STEPPER_WIDTH, 16);
  paintFoldHeader(context, id, rect, anchor, scenery);
}

/** Grounds alternate with the depth. */
const groundOf = (node: HierarchyNode, look: Scenery["look"]): string => (node.level % 2 === 1 ? look.panel : look.bg);

/** Closes the group: its place is `chevronRect`. */
function paintChevron(context: Context, x: number, y: number, colour: string): void {
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(x - 4, y + 2);
  context.lineTo(x, y - 2);
  context.lineTo(x + 4, y + 2);
  context.stroke();
}

export const chevronRect = (rect: Rect): Rect => ({
  x: rect.x + rect.width - 30,
  y: rect.y + 3,
  width: 24,
  height: 24,
});

export function paintOperation(context: Context, node: HierarchyNode, rect: Rect, scenery: Scenery): void {
  const { look, zoom } = scenery;
  if (zoom < TEXT_ZOOM.names) {
    context.fillStyle = look.sunk;
    context.fillRect(rect.x, rect.y, rect.width, rect.height);
    return;
  }
  const sign = operationSign(node.type);
  context.beginPath();
  context.roundRect(rect.x, rect.y, rect.width, rect.height, rect.height / 2);
  context.fillStyle = sign ? look.bg : look.sunk;
  context.fill();
  const hovered = scenery.isHovered(node);
  if (sign || hovered) outline(context, rect, rect.height / 2, hovered ? look.ink : look.ctl);
  if (sign) paintSign(context, sign, rect, look.ink);
  else paintCentred(context, node.name, rect, look.ink);
}

function paintSign(context: Context, sign: Sign, rect: Rect, colour: string): void {
  const [x, y] = [rect.x + rect.width / 2, rect.y + rect.height / 2];
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = 1.5;
  context.beginPath();
  for (const [x0, y0, x1, y1] of SIGN_STROKES[sign]) {
    context.moveTo(x + x0, y + y0);
    context.lineTo(x + x1, y + y1);
  }
  context.stroke();
  if (sign !== "divide") return;
  context.beginPath();
  for (const dy of [-3.5, 3.5]) context.arc(x, y + dy, 1.2, 0, 2 * Math.PI);
  context.fill();
}

const SIGN_STROKES: Record<Sign, [number, number, number, number][]> = {
  add: [
    [-4, 0, 4, 0],
    [0, -4, 0, 4],
  ],
  subtract: [[-4, 0, 4, 0]],
  multiply: [
    [-3, -3, 3, 3],
    [-3, 3, 3, -3],
  ],
  divide: [[-4, 0, 4, 0]],
  concatenate: [
    [-2, -4, -2, 4],
    [2, -4, 2, 4],
  ],
};

/** An input or output of the model. */
export function paintTerminal(context: Context, node: HierarchyNode, rect: Rect, scenery: Scenery): void {
  const { look } = scenery;
  const cut = Math.min(6, rect.width / 4);
  const [left, right, middle] = [rect.x, rect.x + rect.width, rect.y + rect.height / 2];
  context.beginPath();
  context.moveTo(left + cut, rect.y);
  context.lineTo(right - cut, rect.y);
  context.lineTo(right, middle);
  context.lineTo(right - cut, rect.y + rect.height);
  context.lineTo(left + cut, rect.y + rect.height);
  context.lineTo(left, middle);
  context.closePath();
  context.fillStyle = look.panel;
  context.fill();
  context.strokeStyle = scenery.isHovered(node) ? look.ink : look.ctl;
  context.lineWidth = 1;
  context.stroke();
  if (scenery.zoom >= TEXT_ZOOM.names) paintCentred(context, node.name, rect, look.ink);
}

function paintCentred(context: Context, name: string, rect: Rect, colour: string): void {
  context.font = font(12);
  context.fillStyle = colour;
  const room = rect.width - 14;
  const width = measure(context, fitText(context, safeName(name), room));
  drawName(context, name, rect.x + (rect.width - width) / 2, rect.y + rect.height / 2 + 0.5, room);
}

function outline(context: Context, rect: Rect, radius: number, colour: string): void {
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.beginPath();
  context.roundRect(rect.x, rect.y, rect.width, rect.height, radius);
  context.stroke();
}
