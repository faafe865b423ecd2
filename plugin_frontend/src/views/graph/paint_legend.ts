// What the colours say: in words for the page, and painted under the picture in a file.

import { magnitudeLut, unpackColour } from "../../base/colour_scale";
import { formatCount } from "../../base/format";
import { drawText, textWidth } from "../../base/paint";
import { dark } from "../../theme";
import { BAR_PX, barTicks, SIGNS, type Sign } from "../../widgets/legend";
import { COLOURING_WORDS, colouring } from "./colouring";
import type { Health } from "./health";
import type { PaintInput } from "./paint";
import { safeName } from "./paint_text";

export function legendTitle({ step }: Health): string {
  const name = COLOURING_WORDS[colouring.value];
  return step === null ? name : `${name} at step ${formatCount(step)}`;
}

export const legendSigns = ({ step }: Health): readonly Sign[] =>
  step === null ? [] : ["zero", "infinite", "nan", "frozen"];

/** Room that the widest row takes. */
export const LEGEND_WIDTH = 400;
const ROW = 20;
const SWATCH = 12;

/** Rows: the title, the bar and its ticks, each category, the signs. */
export const legendHeight = (health: Health): number =>
  health.paint ? ROW * (1 + (health.scale ? 2 : 0) + health.categories.length + (health.step === null ? 0 : 1)) : 0;

export function paintLegend(context: CanvasRenderingContext2D, { health, look }: PaintInput, x: number, top: number) {
  let y = top;
  const write = (text: string, left: number, align?: CanvasTextAlign, below = SWATCH / 2) =>
    drawText(context, text, left, y + below, look.ink, align);
  write(legendTitle(health), x);
  y += ROW;
  if (health.scale) {
    const table = magnitudeLut(dark.value);
    for (let pixel = 0; pixel < BAR_PX; pixel += 1) {
      context.fillStyle = unpackColour(table[Math.floor((pixel * table.length) / BAR_PX)] ?? 0);
      context.fillRect(x + pixel, y, 1, SWATCH);
    }
    for (const { label, position } of barTicks(health.scale)) write(label, x + position * BAR_PX, "center", ROW);
    if (health.scale.clamped.low) write("◂", x - 2, "right");
    if (health.scale.clamped.high) write("▸", x + BAR_PX + 2);
    y += 2 * ROW;
  }
  for (const { label, colour } of health.categories) {
    context.fillStyle = colour;
    context.fillRect(x, y, SWATCH, SWATCH);
    write(safeName(label), x + ROW);
    y += ROW;
  }
  let left = x;
  for (const sign of legendSigns(health)) {
    const { label, draw } = SIGNS[sign];
    draw(context, { x: left, y, width: SWATCH, height: SWATCH }, look);
    write(label, left + ROW);
    left += textWidth(context, label) + 2 * ROW;
  }
}
