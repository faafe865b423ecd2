// What stands left of the map: labels of the groups, of the rows of those that were opened, and the findings' pins.

import { middleEllipsis } from "../../base/format";
import { HEAD, type MapDrawing, type Pinned, SMALL, SMALL_BOLD } from "./draw_map";
import { OPEN_ROW, type RowGroup } from "./map_rows";

type Context = CanvasRenderingContext2D;

const LABEL_HEIGHT = 14;
const CHARACTER = 6.2;
const PIN_STEP = 19;
/** Rows whose label would be cut above and below get none. */
const LEAST_LABELLED_ROW = OPEN_ROW - 2;

/**
 * Labels right-aligned beside their groups, pins left of them; those that would touch the one above are left out.
 * A group with a pin is bold and goes before others; it has a bracket, as has an open one.
 */
export function drawLabels(context: Context, drawing: MapDrawing): void {
  const { geometry, marks } = drawing;
  const taken: number[] = [];
  const pinsOf = (from: number, to: number) => marks.pins.filter(({ first }) => first >= from && first < to);
  const all = geometry.rows.groups.map((group) => ({ group, pins: pinsOf(group.from, group.to) }));
  const rank = ({ group, pins }: (typeof all)[number]) => (group.openness === "open" ? 0 : pins.length > 0 ? 1 : 2);
  for (const { group, pins } of [...all].sort((a, b) => rank(a) - rank(b))) {
    if (pins.length > 0 || group.openness === "open") drawBracket(context, drawing, group);
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
  y: number;
  pins: readonly Pinned[];
}

/** One for each row of an open group whose rows are high enough, else one for the group. */
function labelsOf({ data, geometry: { rows } }: MapDrawing, group: RowGroup, pins: readonly Pinned[]): Label[] {
  const rowHeight = rows.heights[group.from] ?? 0;
  if (group.openness !== "open" || rowHeight < LEAST_LABELLED_ROW) {
    return [{ text: group.label, y: HEAD + (group.top + group.bottom) / 2, pins }];
  }
  return Array.from({ length: group.to - group.from }, (_, index) => {
    const row = group.from + index;
    const text = data.sites[rows.sites[row] ?? -1]?.name ?? "";
    return { text, y: HEAD + (rows.top[row] ?? 0) + rowHeight / 2, pins: pins.filter(({ first }) => first === row) };
  });
}

function drawLabel(context: Context, drawing: MapDrawing, { text, y, pins }: Label): void {
  const { look, geometry } = drawing;
  const { left } = geometry.axis;
  context.font = pins.length > 0 ? SMALL_BOLD : SMALL;
  context.textAlign = "right";
  context.fillStyle = pins.length > 0 ? look.ink : look.ink2;
  const room = left - 16 - pins.length * PIN_STEP;
  const cut = middleEllipsis(text, Math.max(3, Math.floor(room / CHARACTER)));
  context.fillText(cut, left - 8, y);
  const end = left - 8 - context.measureText(cut).width;
  pins.forEach((pin, index) => {
    drawPin(context, drawing, pin, end - 12 - index * PIN_STEP, y);
  });
}

function drawBracket(context: Context, { geometry: { axis }, look }: MapDrawing, group: RowGroup): void {
  context.fillStyle = look.ink;
  context.fillRect(axis.left - 4, HEAD + group.top, 2, Math.max(2, group.bottom - group.top));
}

function drawPin(context: Context, { look }: MapDrawing, { number, severity }: Pinned, x: number, y: number): void {
  context.beginPath();
  context.arc(x, y, 8, 0, 2 * Math.PI);
  context.fillStyle = severity === "critical" ? look.bad : severity === "warning" ? look.ink : look.bg;
  context.fill();
  if (severity === "note") {
    context.lineWidth = 1.5;
    context.strokeStyle = look.ink;
    context.stroke();
  }
  context.font = SMALL_BOLD;
  context.textAlign = "center";
  context.fillStyle = severity === "critical" ? look.onBad : severity === "warning" ? look.bg : look.ink;
  context.fillText(String(number), x, y + 0.5);
}
