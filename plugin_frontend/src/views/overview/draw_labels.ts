// What stands left of the map: labels of the groups, of the rows of those that were opened, and the findings' pins.

import { middleEllipsis } from "../../base/format";
import { paintPin } from "../../base/paint_pin";
import { HEAD, type MapDrawing, type Pinned, SMALL, SMALL_BOLD } from "./draw_map";
import { extentOf, foldableOf, lineX } from "./map_folds";
import { OPEN_ROW, type RowGroup } from "./map_rows";

type Context = CanvasRenderingContext2D;

const LABEL_HEIGHT = 14;
const CHARACTER = 6.2;
const PIN_STEP = 19;
/** From the point of a closed group's triangle to its label. */
const TRIANGLE = 9;
/** Rows whose label would be cut above and below get none. */
const LEAST_LABELLED_ROW = OPEN_ROW - 2;

/**
 * Labels right-aligned beside their groups, pins left of them; those that would touch the one above are left out.
 * A group with a pin is bold, has a bracket, and goes before others, as an open one does. At the far left a line along
 * each open module.
 */
export function drawLabels(context: Context, drawing: MapDrawing): void {
  const { geometry, marks } = drawing;
  const taken: number[] = [];
  const pinsOf = (from: number, to: number) => marks.pins.filter(({ first }) => first >= from && first < to);
  const all = geometry.rows.groups.map((group) => ({ group, pins: pinsOf(group.from, group.to) }));
  const rank = ({ group, pins }: (typeof all)[number]) => (group.form === "open" ? 0 : pins.length > 0 ? 1 : 2);
  drawLines(context, drawing);
  for (const { group, pins } of [...all].sort((a, b) => rank(a) - rank(b))) {
    if (pins.length > 0) drawBracket(context, drawing, group);
    const labels = labelsOf(drawing, group, pins);
    for (const label of labels) {
      if (taken.some((other) => Math.abs(other - label.y) < LABEL_HEIGHT - 2)) continue;
      taken.push(label.y);
      drawLabel(context, drawing, label);
    }
  }
}

interface Label {
  text: string;
  /** Whether there is something to open. */
  isClosed?: boolean;
  y: number;
  pins: readonly Pinned[];
}

/** One for each row of an open group whose rows are high enough, else one for the group. */
function labelsOf({ data, geometry: { rows } }: MapDrawing, group: RowGroup, pins: readonly Pinned[]): Label[] {
  const rowHeight = rows.heights[group.from] ?? 0;
  if (group.form !== "open" || rowHeight < LEAST_LABELLED_ROW) {
    const isClosed = foldableOf(group)?.isOpen === false;
    return [{ text: group.label, isClosed, y: HEAD + (group.top + group.bottom) / 2, pins }];
  }
  return Array.from({ length: group.to - group.from }, (_, index) => {
    const row = group.from + index;
    const text = data.sites[rows.sites[row] ?? -1]?.name ?? "";
    return { text, y: HEAD + (rows.top[row] ?? 0) + rowHeight / 2, pins: pins.filter(({ first }) => first === row) };
  });
}

function drawLabel(context: Context, drawing: MapDrawing, { text, isClosed, y, pins }: Label): void {
  const { look, geometry } = drawing;
  const { left } = geometry.axis;
  context.font = pins.length > 0 ? SMALL_BOLD : SMALL;
  context.textAlign = "right";
  context.fillStyle = pins.length > 0 ? look.ink : look.ink2;
  const lines = lineX(Math.max(-2, ...geometry.rows.open.map(({ depth }) => depth)), left);
  const room = left - 16 - lines - TRIANGLE - pins.length * PIN_STEP;
  const cut = middleEllipsis(text, Math.max(3, Math.floor(room / CHARACTER)));
  context.fillText(cut, left - 8, y);
  const start = left - 8 - context.measureText(cut).width;
  if (isClosed) drawTriangle(context, start - TRIANGLE, y, false);
  const end = isClosed ? start - TRIANGLE : start;
  pins.forEach((pin, index) => {
    paintPin(context, pin, end - 12 - index * PIN_STEP, y, look);
  });
}

/** Of an open module, from its first to its last row, with a triangle that points down at its upper end. */
function drawLines(context: Context, { geometry: { rows, axis }, look }: MapDrawing): void {
  for (const module of rows.open) {
    const x = lineX(module.depth, axis.left);
    const { top, bottom } = extentOf(rows, module);
    context.fillStyle = look.ctl;
    context.fillRect(x - 0.5, HEAD + top + 9, 1, Math.max(0, bottom - top - 9));
    context.fillStyle = look.ink2;
    drawTriangle(context, x - 2, HEAD + top + 4, true);
  }
}

/** Its middle a little right of x; it points down where a module is open, else to the right. No context need turn. */
function drawTriangle(context: Context, x: number, y: number, isOpen: boolean): void {
  const place = (along: number, across: number): [number, number] =>
    isOpen ? [x + 2 - across, y + along] : [x + 2 + along, y + across];
  context.beginPath();
  context.moveTo(...place(-2, -3.5));
  context.lineTo(...place(2, 0));
  context.lineTo(...place(-2, 3.5));
  context.fill();
}

function drawBracket(context: Context, { geometry: { axis }, look }: MapDrawing, group: RowGroup): void {
  context.fillStyle = look.ink;
  context.fillRect(axis.left - 4, HEAD + group.top, 2, Math.max(2, group.bottom - group.top));
}
