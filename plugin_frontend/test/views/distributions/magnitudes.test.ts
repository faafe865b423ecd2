import { describe, expect, it } from "vitest";
import { binAt, valueAxis } from "../../../src/base/bins";
import { magnitudesOf, medianMagnitude } from "../../../src/views/distributions/magnitudes";
import { answer } from "./two_steps";

describe("medianMagnitude", () => {
  it("is where half of the magnitudes lie below, even within a bin", () => {
    // Magnitudes: 4 in [0.5, 1), 4 in [1, 2): the fourth of eight is the upper edge of the first.
    expect(medianMagnitude(answer, 0)).toBeCloseTo(1, 12);
  });

  it("counts zeros, and is NaN without finite values", () => {
    expect(medianMagnitude(answer, 1)).toBe(0);
    const none = { ...answer, counts: new Float64Array(6), zeros: new Float64Array(2) };
    expect(medianMagnitude(none, 0)).toBeNaN();
  });
});

describe("magnitudesOf", () => {
  const folded = magnitudesOf(answer);

  it("adds to each bin its mirror image, ascending, and keeps every count", () => {
    expect([...folded.starts]).toEqual([0, 2, 3]);
    expect([...folded.lower]).toEqual([0.5, 1, 1]);
    expect([...folded.upper]).toEqual([1, 2, 2]);
    expect([...folded.counts]).toEqual([4, 4, 3]);
    expect([...folded.zeros]).toEqual([0, 5]);
    expect(binAt(folded, 0, 1.5)).toBe(1);
  });

  it("has the quantiles of magnitudes, those of elements laid out evenly", () => {
    // Each of 4 bins' elements at (k + 1/2) / n of its width: numpy's quantile of them is within a bin of ours.
    expect(Array.from(folded.quantiles.subarray(0, 3), (value) => Number(value.toFixed(6)))).toEqual([0.55, 1, 1.9]);
    expect(folded.quantiles[3]).toBe(0); // five zeros of eight
    expect(folded.quantiles[4]).toBe(0);
    expect(folded.quantiles[5]).toBeCloseTo(1 + 2.6 / 3, 6);
  });

  it("counts infinities of both signs together", () => {
    const both = magnitudesOf({ ...answer, posInf: Float64Array.of(0, 2), negInf: Float64Array.of(1, 4) });
    expect([...both.posInf]).toEqual([1, 6]);
    expect([...both.negInf]).toEqual([0, 0]);
  });

  it("lies on an axis from the smallest magnitude, at whose start 0 is", () => {
    const axis = valueAxis([folded], "log");
    expect(axis.domain).toEqual([0.5, 2]);
    expect(axis.position(0)).toBe(0);
    expect(axis.position(1)).toBeCloseTo(0.5, 12);
    expect(valueAxis([{ ...folded, lower: Float64Array.of(0, 1, 1) }], "log").domain[0]).toBe(1);
    const none = { ...folded, lower: new Float64Array(), upper: new Float64Array() };
    expect(valueAxis([none], "log").domain).toEqual([1, 10]);
  });
});
