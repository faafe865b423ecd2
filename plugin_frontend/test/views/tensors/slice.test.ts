import { describe, expect, it } from "vitest";
import {
  channelAxis,
  defaultPicks,
  fitPicks,
  imagePicks,
  parsePicks,
  pickedAxes,
  picksText,
  position,
  shownValues,
  strides,
  takeSlice,
} from "../../../src/views/tensors/slice";

/** A tensor whose value at [i, j, k, …] is the number ijk…, so that a wrong element shows which one it is. */
function digits(shape: number[]): Float32Array {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const stride = strides(shape);
  return Float32Array.from({ length: size }, (_, flat) =>
    shape.reduce((number, extent, axis) => number * 10 + (Math.floor(flat / (stride[axis] ?? 1)) % extent), 0),
  );
}

describe("takeSlice", () => {
  it("takes the last two axes by default", () => {
    const shape = [2, 3, 4];
    const slice = takeSlice(digits(shape), shape, { ...defaultPicks(shape), index: [1, 0, 0] });
    expect([slice.rows, slice.columns]).toEqual([3, 4]);
    expect([...slice.values]).toEqual([100, 101, 102, 103, 110, 111, 112, 113, 120, 121, 122, 123]);
  });

  it("swaps axes when asked", () => {
    const shape = [2, 3, 4];
    const slice = takeSlice(digits(shape), shape, { rowAxis: 2, columnAxis: 0, index: [0, 2, 0] });
    expect([slice.rows, slice.columns]).toEqual([4, 2]);
    expect([...slice.values]).toEqual([20, 120, 21, 121, 22, 122, 23, 123]);
  });

  it("sees a vector as one row and a scalar as one cell", () => {
    expect([...takeSlice(digits([3]), [3], defaultPicks([3])).values]).toEqual([0, 1, 2]);
    const scalar = takeSlice(Float32Array.of(7), [], defaultPicks([]));
    expect([scalar.rows, scalar.columns, ...scalar.values]).toEqual([1, 1, 7]);
  });

  it("is empty where an axis has no entries", () => {
    const slice = takeSlice(new Float32Array(), [0, 4], defaultPicks([0, 4]));
    expect([slice.rows, slice.columns, slice.values.length]).toEqual([0, 4, 0]);
  });
});

describe("picks", () => {
  it("are kept where they fit and start anew where the rank differs", () => {
    const picks = { rowAxis: 1, columnAxis: 0, index: [5, 5, 5] };
    expect(fitPicks(picks, [9, 9, 3])).toEqual({ rowAxis: 1, columnAxis: 0, index: [5, 5, 2] });
    expect(fitPicks(picks, [9, 9])).toEqual(defaultPicks([9, 9]));
  });

  it("name every axis that is not drawn", () => {
    expect(pickedAxes([2, 3, 4, 5], defaultPicks([2, 3, 4, 5]))).toEqual([0, 1]);
    expect(position({ rowAxis: 0, columnAxis: 2, index: [0, 6, 0] }, 3, 4)).toEqual([3, 6, 4]);
  });
});

describe("images", () => {
  it("are known by their channels, before or behind height and width", () => {
    expect(channelAxis([8, 3, 32, 32], [])).toBe(1);
    expect(channelAxis([32, 32, 4], [])).toBe(2);
    expect(channelAxis([8, 16, 32, 32], [])).toBeNull();
    expect(channelAxis([3, 3], [])).toBeNull();
  });

  it("are not seen in axes that have other names", () => {
    expect(channelAxis([2, 3, 16, 16], ["batch", "head", "query", "key"])).toBeNull();
    expect(channelAxis([2, 3, 16, 16], ["batch", "channel", "y", "x"])).toBe(1);
  });

  it("draw height by width", () => {
    expect(imagePicks([8, 3, 32, 30], 1, defaultPicks([8, 3, 32, 30]))).toMatchObject({ rowAxis: 2, columnAxis: 3 });
    expect(imagePicks([32, 30, 4], 2, defaultPicks([32, 30, 4]))).toMatchObject({ rowAxis: 0, columnAxis: 1 });
  });
});

describe("picks in the address", () => {
  it("come back as they were", () => {
    for (const shape of [[], [7], [4, 5], [2, 3, 4, 5]]) {
      const picks = { ...defaultPicks(shape), index: shape.map((extent) => extent - 1) };
      expect(parsePicks(picksText(picks))).toEqual(picks);
    }
    const swapped = { rowAxis: 3, columnAxis: 0, index: [0, 1, 2, 0] };
    expect(parsePicks(picksText(swapped))).toEqual(swapped);
  });

  it("are none where the text makes no sense", () => {
    for (const text of ["0", "a,b,0.0", "0,0,1.1", "0,2,1.1", "0,1,1.x", "0,1,-1.0", "0,1,0.5e", ",,3.4"]) {
      expect(parsePicks(text), text).toBeUndefined();
    }
  });
});

it("of an image all channels are on display, of a matrix its slice", () => {
  const values = digits([2, 3, 2, 2]);
  const picks = { ...defaultPicks([2, 3, 2, 2]), index: [1, 0, 0, 0] };
  expect([...shownValues(values, [2, 3, 2, 2], picks, null)]).toEqual([1000, 1001, 1010, 1011]);
  expect([...shownValues(values, [2, 3, 2, 2], picks, 1)]).toEqual(
    [1000, 1001, 1010, 1011].flatMap((_, i, first) =>
      i === 0 ? [0, 100, 200].flatMap((c) => first.map((v) => v + c)) : [],
    ),
  );
});
