import { describe, expect, it } from "vitest";
import { endOfFinite, finiteExtent, linearPlace, linePath, railTicks, spread } from "../../src/widgets/rail_geometry";
import { stepAxis } from "../../src/widgets/step_axis";

describe("linePath", () => {
  const axis = stepAxis([0, 1, 2, 3], 0, 80);
  const box = { top: 0, bottom: 16 };

  it("runs through the middle of the columns, the largest value on top", () => {
    const path = linePath({ steps: [0, 1, 2], values: [0, 10, 5] }, axis, linearPlace([0, 10]), box);
    expect(path).toBe("M10.0 13.0L30.0 3.0L50.0 8.0");
  });

  it("is broken by what is not finite and by what lies outside", () => {
    const line = { steps: [-9, 0, 1, 2, 3], values: [1, 1, Number.NaN, 1, Number.POSITIVE_INFINITY] };
    const path = linePath(line, axis, linearPlace([0, 1]), box);
    expect(path).toBe("M10.0 3.0M50.0 3.0");
  });
});

it("takes the extent over all lines and only of finite values", () => {
  expect(
    finiteExtent([
      { steps: [0, 1], values: [3, Number.NaN] },
      { steps: [0], values: [-1] },
    ]),
  ).toEqual([-1, 3]);
  expect(finiteExtent([{ steps: [0], values: [Number.POSITIVE_INFINITY] }])).toBeNull();
});

it("draws a constant in the middle", () => {
  expect(linearPlace([2, 2])(2)).toBeCloseTo(0.5);
  expect(linearPlace([0, 0])(0)).toBe(0.5);
});

it("draws what hardly changes as what hardly changes", () => {
  const place = linearPlace([0.999, 1.001]);
  expect(place(1.001) - place(0.999)).toBeCloseTo(0.04);
  expect(spread([1, 3])).toEqual([1, 3]);
  expect(spread([-0.999, -1.001])[0]).toBeCloseTo(-1.025);
});

it("finds the step after the last finite loss", () => {
  const steps = [0, 10, 20, 30];
  expect(endOfFinite({ steps, values: [1, Number.NaN, 2, Number.NaN] })).toBe(30);
  expect(endOfFinite({ steps, values: [1, Number.NaN, Number.POSITIVE_INFINITY, Number.NaN] })).toBe(10);
  expect(endOfFinite({ steps, values: [Number.NaN, 1, 1, 1] })).toBeNull();
  expect(endOfFinite({ steps: [], values: [] })).toBeNull();
});

it("labels no tick under the pill", () => {
  const axis = stepAxis(
    Array.from({ length: 300 }, (_, step) => step),
    156,
    1152,
  );
  const labels = (now: number | null) => railTicks(axis, now).map(({ label }) => label);
  expect(labels(null)).toEqual(expect.arrayContaining(["0", "100", "200", "299"]));
  expect(labels(299)).not.toContain("299");
  expect(labels(100)).not.toContain("100");
  expect(railTicks(stepAxis([5], 0, 100), 5)).toEqual([]);
});
