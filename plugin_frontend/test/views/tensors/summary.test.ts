import { describe, expect, it } from "vitest";
import { bars, summarize } from "../../../src/views/tensors/summary";

describe("summarize", () => {
  it("counts what is not finite and leaves it out of the moments", () => {
    const summary = summarize(Float32Array.of(1, 0, -0, Number.NaN, Number.POSITIVE_INFINITY, 5));
    expect(summary).toMatchObject({ count: 6, finite: 4, zeros: 2, nan: 1, inf: 1, min: 0, max: 5, mean: 1.5 });
    expect(summary.std).toBeCloseTo(Math.sqrt((0.25 + 2.25 + 2.25 + 12.25) / 4), 12);
  });

  it("keeps a small spread far from zero", () => {
    const offset = 2 ** 20;
    expect(summarize(Float32Array.of(offset, offset + 1)).std).toBeCloseTo(0.5, 9);
  });

  it("has no moments where nothing is finite", () => {
    expect(summarize(Float32Array.of(Number.NaN)).mean).toBeNaN();
    expect(summarize(new Float32Array()).max).toBeNaN();
  });
});

describe("bars", () => {
  it("count every finite value once, the maximum in the last bin", () => {
    const values = Float32Array.from({ length: 101 }, (_, i) => i);
    const drawn = bars(values, false, 10);
    expect(drawn.counts.reduce((sum, count) => sum + count)).toBe(101);
    expect(drawn.counts.at(-1)).toBe(11);
  });

  it("are one bin for equal values and none for no value", () => {
    const equal = Float32Array.of(3, 3, Number.NaN);
    expect(bars(equal).counts).toEqual([2]);
    expect(bars(new Float32Array()).counts).toEqual([]);
  });

  it("over logarithms leave out what has none, and say how many", () => {
    const drawn = bars(Float32Array.of(0, 0, -1, 1e-4, 2e-3, 2e-2, 1, Number.POSITIVE_INFINITY), true, 4);
    expect(drawn.counts).toEqual([1, 1, 1, 1]);
    expect(drawn.leftOut).toBe(3);
    expect(drawn.at(0.5)).toBeCloseTo(1e-2, 6);
  });
});
