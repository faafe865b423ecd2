// Small pictures of many sites as one drawing, for a file: each where it stands on the page, with the words beside it.

import type { Rect } from "../base/cells";
import { drawText } from "../base/paint";
import { drawSvg } from "../base/svg_context";
import { look } from "./canvas";

export type PaintTile = (context: CanvasRenderingContext2D, place: Rect) => void;

const WORDS = ".tile-name, .lattice-block, .gallery-column, .gallery-row, .map-cell p, h3";
const LINE = 14;

/** The element as an SVG file; `painters` draw the tiles by their data-site. Null where there is no canvas. */
export function tilesSvg(root: HTMLElement, painters: ReadonlyMap<string, PaintTile>): string | null {
  // What is out of view has no place of its own otherwise.
  root.classList.add("whole");
  const origin = root.getBoundingClientRect();
  const file = drawSvg(origin, look.value.bg, (context) => {
    for (const element of root.querySelectorAll<HTMLElement>(`[data-site], ${WORDS}`)) {
      const { left, top, width, height } = element.getBoundingClientRect();
      const place = { x: left - origin.left, y: top - origin.top, width, height };
      const { site } = element.dataset;
      if (site !== undefined) painters.get(site)?.(context, place);
      else drawWords(context, element, place);
    }
  });
  root.classList.remove("whole");
  return file;
}

function drawWords(context: CanvasRenderingContext2D, element: HTMLElement, { x, y, height }: Rect): void {
  // Without the places where a line may break.
  const lines = element.innerText.replaceAll("\u200b", "").split("\n");
  lines.forEach((line, index) => {
    const middle = y + height / 2 + (index - (lines.length - 1) / 2) * LINE;
    drawText(context, line, x, middle, look.value.ink2);
  });
}
