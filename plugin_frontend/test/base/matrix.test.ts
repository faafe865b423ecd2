import { describe, expect, it } from "vitest";
import { State } from "../../src/api/types";
import { packColour, signedScale } from "../../src/base/colour_scale";
import { cellPixels, cellRect, matrixOf, reduced, strongestCell } from "../../src/base/matrix";

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const colours = {
  dark: false,
  bg: "#ffffff",
  bad: "#d50032",
  onBad: "#ffffff",
  gold: "#f2b100",
  zero: "#b9b9b9",
  hatch: "#d4d4d4",
  ctl: "#8c8c8c",
};

describe("matrixOf", () => {
  it("takes the states from the magnitudes: a mean of 0 is not a dead cell", () => {
    const matrix = matrixOf(1, 4, [0, 0, 0.5, 0.25], [1, 0, nan, inf]);
    expect([...matrix.states]).toEqual([State.finite, State.zero, State.nan, State.posInf]);
  });
});

describe("reduced", () => {
  it("keeps the larger magnitude with its sign", () => {
    const matrix = matrixOf(2, 4, [1, -3, 2, 2, 0.5, 0.1, -9, 8], [1, 3, 2, 2, 1, 1, 9, 8]);
    const small = reduced(matrix, 1, 2);
    expect([small.rows, small.columns, ...Array.from(small.values)]).toEqual([1, 2, -3, -9]);
  });

  it("lets NaN win over Inf, Inf over numbers, numbers over zero", () => {
    const merge = (magnitudes: number[]) =>
      reduced(matrixOf(1, magnitudes.length, magnitudes, magnitudes), 1, 1).states[0];
    expect(merge([5, nan, inf])).toBe(State.nan);
    expect(merge([inf, 5])).toBe(State.posInf);
    expect(merge([0, 1e-30])).toBe(State.finite);
    expect(merge([0, 0])).toBe(State.zero);
  });

  it("loses no non-finite cell, whatever the sizes", () => {
    for (let cell = 0; cell < 7 * 11; cell++) {
      const magnitudes = new Float32Array(77).fill(1);
      magnitudes[cell] = nan;
      const small = reduced(matrixOf(7, 11, magnitudes, magnitudes), 3, 4);
      expect([...small.states].filter((state) => state === State.nan)).toHaveLength(1);
    }
  });

  it("is the same matrix where it fits", () => {
    const matrix = matrixOf(2, 2, [1, 2, 3, 4], [1, 2, 3, 4]);
    expect(reduced(matrix, 100, 2.7)).toBe(matrix);
  });
});

it("colours cells by the scale and what is not on it by its own colours", () => {
  const scale = signedScale([], { dark: false, range: [0.01, 1] });
  const pixels = cellPixels(matrixOf(1, 4, [-1, 0, 0, 0], [1, 0, nan, inf]), scale, colours);
  expect([...pixels]).toEqual(["#581a88", "#b9b9b9", "#d50032", "#f2b100"].map(packColour));
});

it("finds the strongest cell and its place", () => {
  expect(strongestCell(matrixOf(2, 2, [1, -5, 2, 0], [1, 5, 2, 0]))).toBe(1);
  expect(strongestCell(matrixOf(2, 2, [1, -5, 2, 0], [1, 5, inf, 0]))).toBe(2);
  expect(cellRect({ rows: 2, columns: 4 }, 6, { x: 10, y: 20, width: 40, height: 10 })).toEqual({
    x: 30,
    y: 25,
    width: 10,
    height: 5,
  });
});
