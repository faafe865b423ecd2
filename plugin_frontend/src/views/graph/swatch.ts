// A measure as a colour: from its scale, or the sign of its state.

import { State } from "../../api/types";
import { type CellColours, drawState } from "../../base/cells";
import type { Rect } from "./camera";
import type { Measure } from "./health";

/** Nothing is drawn for a number without a scale. */
export function paintMeasure(
  context: CanvasRenderingContext2D,
  rect: Rect,
  { value, state }: Measure,
  scale: { css(value: number): string } | null,
  colours: CellColours,
): void {
  if (state !== State.finite) drawState(context, rect, state, colours);
  else if (scale) {
    context.fillStyle = scale.css(value);
    context.fillRect(rect.x, rect.y, rect.width, rect.height);
  }
}
