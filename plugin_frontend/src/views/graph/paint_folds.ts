// Folded chains and stacks: sheets behind the box, how often, and a cell for each instance.

import { isNonFinite } from "../../base/cells";
import { font } from "../../base/paint";
import type { Fold } from "../../layout/folding";
import { cellRange, NAME_SIZE, STEPPER_WIDTH, type Strip, stripOf, TYPE_SIZE } from "../../layout/sizes";
import type { Rect } from "./camera";
import { measureOf, worst } from "./health";
import type { Scenery } from "./paint";
import { drawName, fitText, measure, safeName } from "./paint_text";
import { paintMeasure } from "./swatch";

type Context = CanvasRenderingContext2D;

const SHEETS = 2;
const SHEET_OFFSET = 3;
const NUMBER_ROOM = 62;
const HEADER_STRIP = { gap: 22, top: 7 };
const HEADER_MIDDLE = 15;

/** The sheets behind a fold: below for a chain, at the right for what stands side by side. */
export function paintSheets(context: Context, fold: Fold, rect: Rect, radius: number, scenery: Scenery): void {
  const { look } = scenery;
  const down = fold.kind === "parallel" ? -1 : 1;
  context.lineWidth = 1;
  context.strokeStyle = look.ctl;
  context.fillStyle = look.bg;
  for (let sheet = SHEETS; sheet > 0; sheet -= 1) {
    const by = sheet * SHEET_OFFSET;
    context.beginPath();
    context.roundRect(rect.x + by, rect.y + down * by, rect.width, rect.height, radius);
    context.fill();
    context.stroke();
  }
}

const SIGNS = { chain: "×", parallel: "∥", calls: "↻" };

/** "× 12", "∥ 8", "↻ 6". */
export const foldCount = (fold: Fold): string => `${SIGNS[fold.kind]} ${fold.instances.length}`;

/** Where the cells of a closed fold are, or of an open one, whose spine is at `anchor` from its left. */
export function stripRect(fold: Fold, rect: Rect, anchor: number | null): Rect {
  const strip = stripOf(fold, anchor !== null);
  const { width, size: height } = strip;
  if (anchor !== null) return { x: rect.x + anchor + HEADER_STRIP.gap, y: rect.y + HEADER_STRIP.top, width, height };
  return { x: rect.x + rect.width - NUMBER_ROOM - width, y: rect.y + (rect.height - height) / 2, width, height };
}

/** The position of the instance whose cell is at a point; of several in one cell, the one that `prefers` is most for. */
export function instanceAt(
  fold: Fold,
  strip: Rect,
  anchor: number | null,
  x: number,
  y: number,
): [number, number] | null {
  const reach = 6;
  if (x < strip.x || x >= strip.x + strip.width || y < strip.y - reach || y >= strip.y + strip.height + reach)
    return null;
  const cells = stripOf(fold, anchor !== null);
  return cellRange(fold, cells, Math.min(cells.cells - 1, Math.floor((x - strip.x) / cells.pitch)));
}

/** Places of the two arrows of the stepper, and of the words between them. */
export function stepperRects(rect: Rect, anchor: number): { previous: Rect; next: Rect; words: Rect } {
  const left = rect.x + anchor - 16 - STEPPER_WIDTH;
  const square = { y: rect.y + 3, width: 20, height: 24 };
  return {
    previous: { ...square, x: left },
    words: { ...square, x: left + 20, width: STEPPER_WIDTH - 40 },
    next: { ...square, x: left + STEPPER_WIDTH - 20 },
  };
}

/** Name, type, count and cells of a closed fold. */
export function paintFoldBox(context: Context, id: number, rect: Rect, scenery: Scenery): void {
  const node = scenery.hierarchy.nodes[id];
  if (!node?.fold) return;
  const { look } = scenery;
  const strip = stripRect(node.fold, rect, null);
  const count = foldCount(node.fold);
  context.font = font(12, 500);
  const countLeft = strip.x - 10 - measure(context, count);
  context.fillStyle = look.ink;
  context.fillText(count, countLeft, rect.y + rect.height / 2);
  const room = countLeft - rect.x - 26;
  context.font = font(NAME_SIZE, 500);
  drawName(context, node.name, rect.x + 16, rect.y + 14, room);
  context.font = font(TYPE_SIZE);
  context.fillStyle = look.ink2;
  if (node.fold.type) drawName(context, node.fold.type, rect.x + 16, rect.y + 28, room);
  paintStrip(context, id, strip, stripOf(node.fold, false), scenery);
}

/** Stepper and cells in the header of an open fold. */
export function paintFoldHeader(context: Context, id: number, rect: Rect, anchor: number, scenery: Scenery): void {
  const node = scenery.hierarchy.nodes[id];
  if (!node?.fold) return;
  const { look } = scenery;
  const { fold } = node;
  const { previous, words, next } = stepperRects(rect, anchor);
  const y = rect.y + HEADER_MIDDLE;
  const position = scenery.positionOf(id);
  context.strokeStyle = look.ink2;
  context.lineWidth = 1.5;
  context.beginPath();
  for (const [at, direction] of [
    [previous, -1],
    [next, 1],
  ] as const) {
    const x = at.x + at.width / 2;
    context.moveTo(x - 2.5 * direction, y - 4);
    context.lineTo(x + 2 * direction, y);
    context.lineTo(x - 2.5 * direction, y + 4);
  }
  context.stroke();
  context.font = font(12, 500);
  context.fillStyle = look.ink;
  const label = fitText(context, instanceWord(fold, position), words.width);
  context.fillText(label, words.x + (words.width - measure(context, label)) / 2, y + 0.5);
  const strip = stripRect(fold, rect, anchor);
  const cells = stripOf(fold, true);
  paintStrip(context, id, strip, cells, scenery);
  paintStripLabels(context, fold, strip, cells, position, scenery);
}

/** "block 9" of blocks, "call 3" of calls. */
export function instanceWord(fold: Fold, position: number): string {
  const label = safeName(fold.labels[position] ?? String(position));
  if (fold.kind === "calls") return `call ${position + 1}`;
  if (!/^\d+$/.test(label)) return label;
  return `${fold.kind === "parallel" ? "no." : "block"} ${label}`;
}

function paintStripLabels(
  context: Context,
  fold: Fold,
  strip: Rect,
  cells: Strip,
  position: number,
  scenery: Scenery,
): void {
  const { look } = scenery;
  context.textAlign = "center";
  const room = Math.ceil(20 / cells.pitch);
  const marked = cells.size < 10 ? [] : [...fold.instances.keys()].filter((at) => isMarked(fold, at, scenery));
  const labelled: number[] = [];
  for (const at of [position, ...marked, 0, fold.instances.length - 1]) {
    const isFree = labelled.every((other) => Math.abs(cellOf(fold, cells, other) - cellOf(fold, cells, at)) >= room);
    if (isFree) labelled.push(at);
  }
  for (const at of labelled) {
    context.font = font(11, at === position ? 500 : 400);
    context.fillStyle = at === position ? look.ink : look.ink2;
    const text = fitText(context, safeName(fold.labels[at] ?? ""), 40);
    context.fillText(
      text,
      strip.x + cellOf(fold, cells, at) * cells.pitch + cells.size / 2,
      strip.y + strip.height + 9,
    );
  }
  context.textAlign = "left";
}

/** Whether something in an instance is not finite or exactly 0. */
function isMarked(fold: Fold, position: number, scenery: Scenery): boolean {
  const own = measureOf(scenery.health, scenery.hierarchy, fold.instances[position] ?? -1);
  return (own !== null && isNonFinite(own.state)) || isPartlyZero(fold, [position, position + 1], scenery);
}

const isPartlyZero = (fold: Fold, range: [number, number], { health, hierarchy }: Scenery): boolean =>
  fold.mains.slice(...range).some((main) => main >= 0 && health.zeros.has(hierarchy.nodes[main]?.path ?? ""));

/** The cell that an instance belongs to. */
function cellOf(fold: Fold, cells: Strip, position: number): number {
  let cell = Math.floor((position * cells.cells) / fold.instances.length);
  while (cell > 0 && cellRange(fold, cells, cell)[0] > position) cell -= 1;
  while (cell < cells.cells - 1 && cellRange(fold, cells, cell)[1] <= position) cell += 1;
  return cell;
}

function paintStrip(context: Context, id: number, strip: Rect, cells: Strip, scenery: Scenery): void {
  const fold = scenery.hierarchy.nodes[id]?.fold;
  if (!fold) return;
  const { look, health } = scenery;
  for (let cell = 0; cell < cells.cells; cell += 1) {
    const range = cellRange(fold, cells, cell);
    const rect = { x: strip.x + cell * cells.pitch, y: strip.y, width: cells.size, height: strip.height };
    const own = worst(fold.instances.slice(...range).map((instance) => measureOf(health, scenery.hierarchy, instance)));
    context.fillStyle = look.sunk;
    context.fillRect(rect.x, rect.y, rect.width, rect.height);
    if (own) paintMeasure(context, rect, own, health.paint, look);
    if (cells.size >= 10 && own && !isNonFinite(own.state)) paintNotch(context, rect, fold, range, scenery);
  }
  const chosen = cellOf(fold, cells, scenery.positionOf(id));
  const left = strip.x + chosen * cells.pitch;
  context.lineWidth = 2;
  context.strokeStyle = look.bg;
  context.strokeRect(left, strip.y, cells.size, strip.height);
  context.strokeStyle = look.where;
  context.strokeRect(left - 2, strip.y - 2, cells.size + 4, strip.height + 4);
}

/** A corner of ash: something inside is exactly 0. */
function paintNotch(context: Context, rect: Rect, fold: Fold, range: [number, number], scenery: Scenery): void {
  if (!isPartlyZero(fold, range, scenery)) return;
  const right = rect.x + rect.width;
  const side = rect.width * 0.6;
  context.fillStyle = scenery.look.zero;
  context.beginPath();
  context.moveTo(right - side, rect.y);
  context.lineTo(right, rect.y);
  context.lineTo(right, rect.y + side);
  context.fill();
}
