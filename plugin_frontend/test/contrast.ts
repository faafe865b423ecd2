import { packColour } from "../src/base/colour_scale";
import { luminance } from "../src/base/contrast";

/** Contrast ratio of two colours "#rrggbb" as WCAG 2 defines it: 1 to 21; text needs 4.5, what is not text 3. */
export function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [a, b].map((colour) => luminance(packColour(colour))).sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}
