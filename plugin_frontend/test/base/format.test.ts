import { describe, expect, it } from "vitest";
import * as format from "../../src/base/format";

describe("formatNumber", () => {
  it.each([
    [0, "0"],
    [-0, "0"],
    [0.0042, "0.0042"],
    [0.0000012, "1.2e−6"],
    [-61.42, "−61.4"],
    [2, "2.0"],
    [9.96, "9.96"],
    [99.96, "100"],
    [412.4, "412"],
    [999.6, "1,000"],
    [12345, "12,345"],
    [99999.7, "1.0e5"],
    [-3.5e38, "−3.5e38"],
    [Number.POSITIVE_INFINITY, "+Inf"],
    [Number.NEGATIVE_INFINITY, "−Inf"],
    [Number.NaN, "NaN"],
  ])("%d is %s", (value, text) => expect(format.formatNumber(value)).toBe(text));
});

it("exact numbers keep every digit and the true minus", () => {
  expect(format.formatExact(-1.25e-7)).toBe("−1.25e−7");
  expect(format.formatExact(Number.NEGATIVE_INFINITY)).toBe("−Inf");
});

it.each([
  [1e-3, "10⁻³"],
  [0.01, "0.01"],
  [100, "100"],
  [1000, "10³"],
  [-1e-12, "−10⁻¹²"],
  [0, "0"],
  [0.25, "0.25"],
])("the power %d is %s", (value, text) => expect(format.formatPower(value)).toBe(text));

it.each([
  [0, "0 %"],
  [0.0004, "0.040 %"],
  [0.018, "1.8 %"],
  [0.41, "41 %"],
  [0.9996, "99.9 %"],
  [1, "100 %"],
])("the share %d is %s", (share, text) => expect(format.formatShare(share)).toBe(text));

it("counts, bytes and shapes", () => {
  expect(format.formatCount(3072)).toBe("3,072");
  expect([0, 999, 1536, 64000, 2.5e9].map(format.formatBytes)).toEqual(["0 B", "999 B", "1.5 kB", "64 kB", "2.5 GB"]);
  expect([[], [5], [64, 1, 3, 3]].map(format.formatShape)).toEqual(["scalar", "5", "64 × 1 × 3 × 3"]);
});

describe("names", () => {
  it("are pale up to their last two parts", () => {
    expect(format.splitName("h.9.attn.c_attn.weight")).toEqual(["h.9.attn.", "c_attn.weight"]);
    expect(format.splitName("fc.weight")).toEqual(["", "fc.weight"]);
    expect(format.splitName("scale")).toEqual(["", "scale"]);
  });

  it("are cut in the middle to the given length", () => {
    expect(format.middleEllipsis("h.9.attn.c_attn.weight", 11)).toBe("h.9.a…eight");
    expect(format.middleEllipsis("short", 5)).toBe("short");
  });
});

it("a float32 has the fewest digits that say which one it is", () => {
  expect(format.formatFloat(Math.fround(0.95))).toBe("0.95");
  expect(format.formatFloat(Math.fround(-1 / 3))).toBe("−0.33333334");
  expect(format.formatFloat(16777216)).toBe("16777216");
  expect([Number.NaN, Number.NEGATIVE_INFINITY].map(format.formatFloat)).toEqual(["NaN", "−Inf"]);
});

it("values of a tensor have decimals where they are no whole numbers", () => {
  const words = [20, 0, -3, 1, 0.5, 2.25, 1e12, Number.NaN].map(format.formatCell);
  expect(words).toEqual(["20", "0", "−3", "1", "0.50", "2.3", "1.0e12", "NaN"]);
});
