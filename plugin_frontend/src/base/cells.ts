// What is not on a colour scale: NaN, infinities, exact zeros, what was not measured. Signs from 10 px up, hatches
// always, and nothing that is not finite smaller than 3 px.

import { State } from "../api/types";

export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The tokens that cells are drawn with, resolved for the current theme. */
export interface CellColours {
  dark: boolean;
  bg: string;
  bad: string;
  onBad: string;
  gold: string;
  zero: string;
  hatch: string;
  ctl: string;
}

export const SMALLEST_NON_FINITE = 3;
const SMALLEST_SIGN = 10;
const HATCH_SPACING = 6;
const ON_GOLD = "#1b1b1b";

type Context = CanvasRenderingContext2D;

export function isNonFinite(state: number): boolean {
  return state === State.nan || state === State.posInf || state === State.negInf;
}

/** Draws the cell of a state that has no colour on a scale; a finite cell is left to the caller. */
export function drawState(context: Context, rect: Rect, state: number, colours: CellColours): void {
  if (state === State.nan) drawNan(context, rect, colours);
  else if (state === State.posInf) drawInfinity(context, rect, "+", colours);
  else if (state === State.negInf) drawInfinity(context, rect, "−", colours);
  else if (state === State.zero) fill(context, rect, colours.zero);
  else if (state === State.noGradient || state === State.frozen) drawFrozen(context, rect, colours);
  else if (state === State.unsupported || state === State.missing) drawNotMeasured(context, rect, colours);
}

/** The first NaN of a row: solid crimson. */
export function drawNan(context: Context, rect: Rect, colours: CellColours): void {
  const box = atLeast(rect, SMALLEST_NON_FINITE);
  fill(context, box, colours.bad);
  drawSign(context, box, "×", colours.onBad);
}

/** An infinity; `sign` is "+", "−", or "" where only the magnitude is known. */
export function drawInfinity(context: Context, rect: Rect, sign: string, colours: CellColours): void {
  const box = atLeast(rect, SMALLEST_NON_FINITE);
  fill(context, box, colours.gold);
  if (sign) drawSign(context, box, sign, ON_GOLD);
}

/** What stays NaN after its onset: a quiet tint with back-slashes. */
export function drawAftermath(context: Context, rect: Rect, colours: CellColours): void {
  context.save();
  context.globalAlpha = colours.dark ? 0.36 : 0.26;
  fill(context, rect, colours.bad);
  context.globalAlpha = colours.dark ? 0.7 : 0.45;
  hatch(context, rect, "\\", colours.bad);
  context.restore();
}

export function drawNotMeasured(context: Context, rect: Rect, colours: CellColours): void {
  fill(context, rect, colours.bg);
  hatch(context, rect, "/", colours.hatch);
}

/** Frozen or without a gradient: an outline with a dash. */
export function drawFrozen(context: Context, rect: Rect, colours: CellColours): void {
  fill(context, rect, colours.bg);
  context.strokeStyle = colours.ctl;
  context.lineWidth = 1;
  if (rect.width >= 3 && rect.height >= 3) {
    context.strokeRect(rect.x + 0.5, rect.y + 0.5, rect.width - 1, rect.height - 1);
  }
  drawSign(context, rect, "–", colours.ctl);
}

/** The rectangle, grown round its centre to at least `size` each way. */
export function atLeast(rect: Rect, size: number): Rect {
  const width = Math.max(rect.width, size);
  const height = Math.max(rect.height, size);
  return { x: rect.x - (width - rect.width) / 2, y: rect.y - (height - rect.height) / 2, width, height };
}

function fill(context: Context, rect: Rect, colour: string): void {
  context.fillStyle = colour;
  context.fillRect(rect.x, rect.y, rect.width, rect.height);
}

/** Lines through the rectangle, in phase with the canvas so that neighbouring cells join. */
function hatch(context: Context, rect: Rect, direction: "/" | "\\", colour: string): void {
  const { x, y, width, height } = rect;
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.beginPath();
  // A "/" line is x + y = c, a "\" line x − y = c; c runs in whole spacings over the rectangle.
  const [from, to] = direction === "/" ? [x + y, x + y + width + height] : [x - y - height, x - y + width];
  for (let c = Math.ceil(from / HATCH_SPACING) * HATCH_SPACING; c <= to; c += HATCH_SPACING) {
    const near = direction === "/" ? c - y : c + y;
    const far = direction === "/" ? c - y - height : c + y + height;
    context.moveTo(near, y);
    context.lineTo(far, y + height);
  }
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.stroke();
  context.restore();
}

function drawSign(context: Context, rect: Rect, sign: string, colour: string): void {
  const size = Math.min(rect.width, rect.height);
  if (size < SMALLEST_SIGN) return;
  const arm = Math.min(size * 0.24, 5);
  const [x, y] = [rect.x + rect.width / 2, rect.y + rect.height / 2];
  const [dx, dy] = sign === "×" ? [arm * Math.SQRT1_2, arm * Math.SQRT1_2] : [arm, 0];
  context.save();
  context.beginPath();
  context.moveTo(x - dx, y - dy);
  context.lineTo(x + dx, y + dy);
  if (sign === "+" || sign === "×") {
    context.moveTo(x + dy, y - dx);
    context.lineTo(x - dy, y + dx);
  }
  context.strokeStyle = colour;
  context.lineWidth = Math.max(1.5, arm * 0.4);
  context.stroke();
  context.restore();
}
