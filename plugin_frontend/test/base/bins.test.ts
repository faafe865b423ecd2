import { describe, expect, it } from "vitest";
import { linearAxis } from "../../src/base/axis";
import {
  type Bins,
  binAt,
  densityImage,
  finiteCount,
  placeBins,
  profile,
  thinned,
  valueAxis,
} from "../../src/base/bins";

/** Two steps; the first has bins [−2,−1), [1,2), [2,4), the second only [2,4). */
const bins: Bins = {
  steps: Float64Array.of(0, 100),
  starts: Int32Array.of(0, 3, 4),
  lower: Float64Array.of(-2, 1, 2, 2),
  upper: Float64Array.of(-1, 2, 4, 4),
  counts: Float64Array.of(1, 3, 4, 6),
  zeros: Float64Array.of(2, 0),
};
const sum = (values: Iterable<number>) => [...values].reduce((a, b) => a + b, 0);

describe("profile", () => {
  it("spreads each count evenly over its bin's own width, zeros apart", () => {
    const rows = profile(bins, 0, placeBins(bins, linearAxis(-2, 4), 6));
    expect([...rows]).toEqual([0.1, 0, 0, 0.3, 0.2, 0.2]);
    expect(finiteCount(bins, 0)).toBe(10);
  });

  it("keeps the mass whatever the rows, also where bins are finer than rows", () => {
    for (const rows of [1, 2, 5, 7, 64, 333]) {
      for (const scale of ["linear", "symlog"] as const) {
        const placement = placeBins(bins, valueAxis([bins], scale), rows);
        expect(sum(profile(bins, 0, placement))).toBeCloseTo(0.8, 12);
        expect(sum(profile(bins, 1, placement))).toBeCloseTo(1, 12);
      }
    }
  });

  it("has one height within a bin: no resolution is made up", () => {
    const axis = valueAxis([bins], "symlog");
    const rows = profile(bins, 1, placeBins(bins, axis, 200));
    const inside = [...rows].filter((_, row) => axis.value(row / 200) >= 2 && axis.value((row + 1) / 200) <= 4);
    expect(inside.length).toBeGreaterThan(10);
    for (const height of inside) expect(height).toBeCloseTo(inside[0] ?? 0, 12);
  });

  it("is of the axis and the rows that are asked for, which are placed once", () => {
    const [narrow, wide] = [linearAxis(-2, 4), linearAxis(-4, 8)];
    const first = placeBins(bins, narrow, 6);
    expect(placeBins(bins, narrow, 6)).toBe(first);
    expect([...placeBins(bins, narrow, 12).to]).toEqual([...first.to].map((edge) => 2 * edge));
    expect([...placeBins(bins, wide, 6).to]).toEqual([1.5, 3, 4, 4]);
  });

  it("of a step without finite values is empty", () => {
    const none = { ...bins, counts: new Float64Array(4), zeros: new Float64Array(2) };
    expect(sum(profile(none, 0, placeBins(none, linearAxis(-2, 4), 6)))).toBe(0);
  });
});

it("the density image is relative to each step's own peak", () => {
  const image = densityImage(bins, linearAxis(-2, 4), 6);
  expect([...image.slice(0, 6)].map((value) => Number(value.toFixed(5)))).toEqual([0.33333, 0, 0, 1, 0.66667, 0.66667]);
  expect([...image.slice(6)]).toEqual([0, 0, 0, 0, 1, 1]);
});

describe("valueAxis", () => {
  it("covers all bins of all histograms, and zero where there are zeros", () => {
    const other = { ...bins, lower: Float64Array.of(-2, 1, 5, 1), upper: Float64Array.of(-1, 2, 9, 2) };
    expect(valueAxis([bins, other], "linear").domain).toEqual([-2, 9]);
    const positive: Bins = {
      steps: Float64Array.of(0),
      starts: Int32Array.of(0, 1),
      lower: Float64Array.of(1),
      upper: Float64Array.of(2),
      counts: Float64Array.of(5),
      zeros: Float64Array.of(0),
    };
    expect(valueAxis([positive], "linear").domain).toEqual([1, 2]);
    expect(valueAxis([{ ...positive, zeros: Float64Array.of(1) }], "linear").domain).toEqual([0, 2]);
  });

  it("gives the decades of the bulk the room on a symlog axis", () => {
    const small: Bins = {
      steps: Float64Array.of(0),
      starts: Int32Array.of(0, 3),
      lower: Float64Array.of(1e-5, 1e-3, 1),
      upper: Float64Array.of(1e-4, 1e-2, 2),
      counts: Float64Array.of(500, 499, 1),
      zeros: Float64Array.of(0),
    };
    expect(valueAxis([small], "symlog").position(0.01)).toBeGreaterThan(0.4);
    expect(valueAxis([small], "linear").position(0.01)).toBeLessThan(0.01);
  });

  it("stands on no bins at all", () => {
    const empty: Bins = {
      steps: Float64Array.of(0),
      starts: Int32Array.of(0, 0),
      lower: new Float64Array(),
      upper: new Float64Array(),
      counts: new Float64Array(),
      zeros: Float64Array.of(0),
    };
    expect(valueAxis([empty], "symlog").domain).toEqual([-1, 1]);
    expect(valueAxis([], "linear").domain).toEqual([-1, 1]);
  });
});

it("finds the bin of a value, and the gaps", () => {
  const values = [-3, -2, -1, 0, 1, 1.99, 2, 4];
  expect(values.map((value) => binAt(bins, 0, value))).toEqual([-1, 0, -1, -1, 1, 1, 2, -1]);
  expect(values.map((value) => binAt(bins, 1, value))).toEqual([-1, -1, -1, -1, -1, -1, 3, -1]);
});

it("thins steps from the last backward", () => {
  expect(thinned(10, 4)).toEqual([0, 3, 6, 9]);
  expect(thinned(3, 12)).toEqual([0, 1, 2]);
  expect(thinned(0, 4)).toEqual([]);
});
