import { describe, expect, it } from "vitest";
import { magnitudeLut, signedLut } from "../../src/base/colour_scale";
import { inkOn, luminance } from "../../src/base/contrast";
import { contrast } from "../contrast";

describe("contrast", () => {
  it("is what WCAG says of known pairs", () => {
    expect(contrast("#000000", "#ffffff")).toBeCloseTo(21, 6);
    expect(contrast("#ffffff", "#767676")).toBeCloseTo(4.54, 2);
  });

  it("of a number on any colour of the scales is enough to read it", () => {
    for (const isDark of [false, true]) {
      for (const colour of [...magnitudeLut(isDark), ...signedLut(isDark)]) {
        const ground = luminance(colour) + 0.05;
        expect(inkOn(colour) === "#000000" ? ground / 0.05 : 1.05 / ground).toBeGreaterThan(4.5);
      }
    }
  });
});
