import { describe, expect, it } from "vitest";
import {
  decadeRange,
  magnitudeLut,
  magnitudeScale,
  packColour,
  signedLut,
  signedScale,
  unionRange,
  unpackColour,
} from "../../src/base/colour_scale";

/** Relative luminance (WCAG) of a packed colour: an oracle of its own. */
function luminance(colour: number): number {
  const [red, green, blue] = [colour & 255, (colour >>> 8) & 255, (colour >>> 16) & 255].map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);
}

const rises = (values: number[]) => values.every((value, index) => index === 0 || value >= (values[index - 1] ?? 0));

describe("tables", () => {
  it.each([
    [magnitudeLut(false), "#e0f7eb", "#1f154e"],
    [magnitudeLut(true), "#322f58", "#dbfde9"],
    [signedLut(false), "#581a88", "#005729"],
    [signedLut(true), "#dbb4ff", "#7ded9f"],
  ])("begin and end with the design's colours", (table, first, last) => {
    expect(table).toHaveLength(256);
    expect(table[0]).toBe(packColour(first));
    expect(table[255]).toBe(packColour(last));
  });

  it("pass through the stop at a third of the way", () => {
    // 255 / 3 = 85 lies two thirds of the way from stop 2 (#6fcac2) to stop 3 (#44adba).
    expect(unpackColour(magnitudeLut(false)[85] ?? 0)).toBe("rgb(82 183 189)");
  });

  it("change luminance one way only, away from the page", () => {
    const light = [...magnitudeLut(false)].map(luminance).reverse();
    expect(rises(light)).toBe(true);
    expect(rises([...magnitudeLut(true)].map(luminance))).toBe(true);
  });

  it.each([false, true])("of signs turn round in the middle (dark: %s)", (dark) => {
    const towardPage = [...signedLut(dark)].map((colour) => (dark ? -luminance(colour) : luminance(colour)));
    expect(rises(towardPage.slice(0, 128))).toBe(true);
    expect(rises(towardPage.slice(128).reverse())).toBe(true);
  });

  it("are stored as ImageData wants them", () => {
    expect([...new Uint8Array(Uint32Array.of(packColour("#010203")).buffer)]).toEqual([1, 2, 3, 255]);
  });
});

describe("decadeRange", () => {
  it("goes from the 1st to the 99th percentile, rounded out", () => {
    const values = Array.from({ length: 1000 }, (_, index) => 0.002 + (index / 999) * 0.5);
    expect(decadeRange([...values, 1e6, 1e-9])).toEqual([0.001, 1]);
  });

  it("counts only finite non-zero magnitudes", () => {
    const values = [Number.NaN, Number.POSITIVE_INFINITY, 0, -0.05, 0.5];
    expect(decadeRange(values)).toEqual([0.01, 1]);
  });

  it("takes powers of ten as they are, in float32 too", () => {
    expect(decadeRange([0.001, 10])).toEqual([0.001, 10]);
    expect(decadeRange(Float32Array.of(0.001, 10))).toEqual([0.001, 10]);
  });

  it("is one decade at least, and nothing where there is no value", () => {
    // A mask's ones, or probabilities up to 1, reach the far end.
    expect(decadeRange([1])).toEqual([0.1, 1]);
    expect(decadeRange([0, Number.NaN])).toBeNull();
  });

  it("only grows when joined", () => {
    expect(unionRange([0.1, 1], [0.01, 0.1])).toEqual([0.01, 1]);
    expect(unionRange(null, [0.1, 1])).toEqual([0.1, 1]);
  });
});

describe("magnitudeScale", () => {
  const scale = magnitudeScale([0.01, 1], { dark: false });

  it("puts decades at equal distances and clamps beyond the ends", () => {
    expect([0.01, 0.1, 1, 50, 1e-9].map(scale.position)).toEqual([0, 0.5, 1, 1, 0]);
    expect(scale.colour(50)).toBe(packColour("#1f154e"));
    expect(scale.css(0.01)).toBe("rgb(224 247 235)");
  });

  it("labels its decades", () => {
    expect(scale.ticks().map((tick) => [tick.label, tick.position])).toEqual([
      ["0.01", 0],
      ["0.1", 0.5],
      ["1", 1],
    ]);
  });

  it("tells whether values lie beyond a given range", () => {
    expect(magnitudeScale([0.5, 20], { dark: false, range: [0.1, 10] }).clamped).toEqual({ low: false, high: true });
    expect(scale.clamped).toEqual({ low: false, high: false });
  });

  it("can be linear from 0", () => {
    const linear = magnitudeScale([0.5, 2], { dark: true, kind: "linear" });
    expect([0, 1, 2].map(linear.position)).toEqual([0, 0.5, 1]);
  });

  it("stands on empty data", () => {
    expect(magnitudeScale([], { dark: false }).domain).toEqual([0.001, 1]);
  });
});

describe("signedScale", () => {
  const scale = signedScale([-0.5, 0.003], { dark: false });

  it("is symmetric with 0 in the middle", () => {
    expect(scale.domain).toEqual([-1, 1]);
    expect(scale.position(0)).toBe(0.5);
    expect(scale.position(0.2) + scale.position(-0.2)).toBeCloseTo(1, 12);
    expect(scale.colour(-1)).toBe(packColour("#581a88"));
  });

  it("labels both sides", () => {
    expect(scale.ticks(2).map((tick) => tick.label)).toEqual(["−1", "−0.01", "0", "0.01", "1"]);
  });
});
