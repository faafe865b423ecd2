// All tiles as one drawing, for a file: each where it stands on the page, with the words beside it.

import type { Axis } from "../../base/axis";
import { drawText } from "../../base/paint";
import { type BandSeries, paintBands } from "../../base/paint_bands";
import { stepColumns } from "../../base/step_columns";
import { drawSvg } from "../../base/svg_context";
import { look } from "../../widgets/canvas";

/** The lattice's element as an SVG file; null where there is no canvas. */
export function latticeSvg(
  root: HTMLElement,
  series: readonly BandSeries[],
  axes: ReadonlyMap<number, Axis>,
): string | null {
  // What is out of view has no place of its own otherwise.
  root.classList.add("whole");
  const origin = root.getBoundingClientRect();
  const file = drawSvg(origin, look.value.bg, (context) => {
    for (const element of root.querySelectorAll<HTMLElement>(".tile, .tile-name, .lattice-block, h3")) {
      const { left, top, width, height } = element.getBoundingClientRect();
      const place = { x: left - origin.left, y: top - origin.top, width, height };
      const site = Number(element.dataset.site);
      const [own, axis] = [series[site], axes.get(site)];
      if (own && axis) paintBands(context, place, own, axis, stepColumns(own.steps, width), look.value);
      else drawText(context, element.innerText, place.x, place.y + height / 2, look.value.ink2);
    }
  });
  root.classList.remove("whole");
  return file;
}
