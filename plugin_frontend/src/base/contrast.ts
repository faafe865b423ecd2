// How well one colour can be read on another, as WCAG 2 defines it.

import { channelsOf } from "./colour_scale";

/** Relative luminance of a packed colour: 0 (black) to 1 (white). */
export function luminance(colour: number): number {
  const [red = 0, green = 0, blue = 0] = channelsOf(colour).map((byte) => {
    const share = byte / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Black or white, whichever reads better on the colour: at least 4.58 to 1. */
export function inkOn(colour: number): string {
  return luminance(colour) > 0.179 ? "#000000" : "#ffffff";
}
