// Colours for update ratios: logarithmic, with the ratio that training usually has in the middle.

import { logAxis } from "./axis";
import { type ColourScale, colourScale, type Decades, decadeRange, signedLut } from "./colour_scale";
import { formatPower } from "./format";

/** ‖update‖ / ‖parameter‖ of a layer that learns at a usual pace. */
export const USUAL_RATIO = 1e-3;
const LEAST_DECADES = 2;

/** As many decades to each side of the usual ratio as the values need, at least two. */
export function ratioScale(values: ArrayLike<number>, dark: boolean): ColourScale {
  const [low, high] = decadeRange(values) ?? [USUAL_RATIO, USUAL_RATIO];
  const reach = Math.max(LEAST_DECADES, decadesFrom(low), decadesFrom(high));
  const domain: Decades = [USUAL_RATIO / 10 ** reach, USUAL_RATIO * 10 ** reach];
  const axis = logAxis(...domain);
  const scale = colourScale("signed", signedLut(dark), axis, { min: null, max: null });
  const ticks = [domain[0], USUAL_RATIO, domain[1]].map((value) => ({
    value,
    label: formatPower(value),
    position: scale.position(value),
  }));
  return { ...scale, ticks: () => ticks };
}

const decadesFrom = (value: number): number => Math.round(Math.abs(Math.log10(value / USUAL_RATIO)));
