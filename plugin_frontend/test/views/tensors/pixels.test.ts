import { describe, expect, it } from "vitest";
import { State } from "../../../src/api/types";
import { reduced } from "../../../src/base/matrix";
import { byteRange, fitCells, imagePixels, matrixOfSlice } from "../../../src/views/tensors/pixels";
import { defaultPicks, imagePicks } from "../../../src/views/tensors/slice";
import { windowAround } from "../../../src/views/tensors/values_table";

describe("the cells of a slice", () => {
  const slice = { rows: 4, columns: 4, values: Float32Array.from({ length: 16 }, (_, i) => (i === 6 ? -99 : i)) };

  it("keep the loudest value of each block, with its sign", () => {
    expect(Array.from(reduced(matrixOfSlice(slice, { kind: "linear" }), 2, 2).values)).toEqual([5, -99, 13, 15]);
  });

  it("never lose a NaN or an infinity", () => {
    const broken = { ...slice, values: slice.values.with(9, Number.NaN).with(0, Number.NEGATIVE_INFINITY) };
    const { values, states } = reduced(matrixOfSlice(broken, { kind: "log" }), 2, 2);
    expect(Array.from(values)).toEqual([Number.NEGATIVE_INFINITY, -99, Number.NaN, 15]);
    expect([...states]).toEqual([State.negInf, State.finite, State.nan, State.finite]);
  });

  it("have a zero of its own only where the scale has no place for it", () => {
    const states = (kind: "linear" | "log") => matrixOfSlice(slice, { kind }).states[0];
    expect([states("linear"), states("log")]).toEqual([State.finite, State.zero]);
  });
});

describe("images", () => {
  it("take 0 to 1 and 0 to 255 as they are and stretch the rest", () => {
    expect([byteRange(0, 1).high, byteRange(0, 200).high, byteRange(-2, 3).low]).toEqual([1, 255, -2]);
  });

  it("spread one channel over red, green and blue", () => {
    const picks = imagePicks([1, 1, 2], 0, defaultPicks([1, 1, 2]));
    const image = imagePixels(Float32Array.of(0, 1), [1, 1, 2], 0, picks, byteRange(0, 1));
    expect([...image.rgba]).toEqual([0, 0, 0, 255, 255, 255, 255, 255]);
  });

  it("read channels before or behind the pixels, of the picked image", () => {
    const values = Float32Array.of(0, 0, 0, 0, 0, 0, 10, 11, 20, 21, 30, 31);
    const shape = [2, 3, 1, 2];
    const picks = { ...imagePicks(shape, 1, defaultPicks(shape)), index: [1, 0, 0, 0] };
    const image = imagePixels(values, shape, 1, picks, byteRange(0, 255));
    expect([...image.rgba]).toEqual([10, 20, 30, 255, 11, 21, 31, 255]);
  });

  it("leave a pixel with NaN transparent", () => {
    const picks = imagePicks([1, 1, 1], 0, defaultPicks([1, 1, 1]));
    expect(imagePixels(Float32Array.of(Number.NaN), [1, 1, 1], 0, picks, byteRange(0, 1)).rgba[3]).toBe(0);
  });
});

describe("fitCells", () => {
  it("draws whole pixels a cell where it can and keeps the shape", () => {
    expect(fitCells(8, 8, { width: 500, height: 330 })).toEqual({ width: 328, height: 328 });
    expect(fitCells(2000, 1000, { width: 500, height: 500 })).toEqual({ width: 250, height: 500 });
  });

  it("gives a vector a height that can be seen", () => {
    expect(fitCells(1, 1000, { width: 500, height: 300 })).toEqual({ width: 500, height: 24 });
  });

  it("stretches a side of few cells beside one of thousands", () => {
    expect(fitCells(8, 5000, { width: 500, height: 300 })).toEqual({ width: 500, height: 192 });
    expect(fitCells(5000, 2, { width: 500, height: 300 })).toEqual({ width: 48, height: 300 });
  });
});

describe("windowAround", () => {
  it("stays inside and shows everything that fits", () => {
    expect(windowAround(0, 5, 3)).toEqual([0, 1, 2]);
    expect(windowAround(4, 5, 3)).toEqual([2, 3, 4]);
    expect(windowAround(2, 2, 9)).toEqual([0, 1]);
  });
});
