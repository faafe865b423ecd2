// The colour of one saved value: on the scale, or the look of what no scale holds.

import { type ColourScale, packColour } from "../../base/colour_scale";
import { look } from "../../widgets/canvas";

/** Packed. On a linear scale 0 is a value like any other; on a logarithm it has no place. */
export function cellColour(value: number, scale: ColourScale): number {
  const { bad, gold, zero } = look.value;
  if (Number.isNaN(value)) return packColour(bad);
  if (!Number.isFinite(value)) return packColour(gold);
  return value === 0 && scale.kind !== "linear" ? packColour(zero) : scale.colour(value);
}
