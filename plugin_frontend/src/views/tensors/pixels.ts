// Cells to pixels: a slice as a matrix, and images in their own colours.

import { State } from "../../api/types";
import type { ColourScale } from "../../base/colour_scale";
import type { Matrix } from "../../base/matrix";
import type { Picks, Slice } from "./slice";
import { strides } from "./slice";

/** The cells of a slice. On a linear scale 0 is a value like any other; on a logarithm it has a look of its own. */
export function matrixOfSlice({ rows, columns, values }: Slice, scale: Pick<ColourScale, "kind">): Matrix {
  const zero = scale.kind === "linear" ? State.finite : State.zero;
  return { rows, columns, values, states: Uint8Array.from(values, (value) => stateOf(value, zero)) };
}

function stateOf(value: number, zero: number): number {
  if (Number.isNaN(value)) return State.nan;
  if (value === 0) return zero;
  if (Number.isFinite(value)) return State.finite;
  return value > 0 ? State.posInf : State.negInf;
}

/** How values of an image become bytes, in words for the caption. */
export interface ByteRange {
  low: number;
  high: number;
  words: string;
}

/** 0 to 1 and 0 to 255 are taken as they are; anything else is stretched from its smallest to its largest value. */
export function byteRange(min: number, max: number): ByteRange {
  if (min >= 0 && max <= 1) return { low: 0, high: 1, words: "0 is black, 1 is white" };
  if (min >= 0 && max <= 255) return { low: 0, high: 255, words: "0 is black, 255 is white" };
  return { low: min, high: max, words: "smallest value is black, largest is white" };
}

/** RGBA bytes of the image that the picks choose; one channel is grey, NaN is left to the caller as transparent. */
export function imagePixels(
  values: Float32Array,
  shape: number[],
  channels: number,
  picks: Picks,
  range: ByteRange,
): { width: number; height: number; rgba: Uint8ClampedArray<ArrayBuffer> } {
  const stride = strides(shape);
  const along = (axis: number | null) => (axis === null ? 0 : (stride[axis] ?? 0));
  const height = shape[picks.rowAxis ?? 0] ?? 0;
  const width = shape[picks.columnAxis ?? 0] ?? 0;
  const depth = shape[channels] ?? 1;
  const drawn = new Set([picks.rowAxis, picks.columnAxis, channels]);
  const start = picks.index.reduce((sum, entry, axis) => (drawn.has(axis) ? sum : sum + entry * along(axis)), 0);
  const byte = (value: number) => ((value - range.low) / (range.high - range.low || 1)) * 255;
  const rgba = new Uint8ClampedArray(width * height * 4);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const from = start + row * along(picks.rowAxis) + column * along(picks.columnAxis);
      const channel = (c: number) => values[from + Math.min(c, depth - 1) * along(channels)] ?? Number.NaN;
      const isBroken = [0, 1, 2].some((c) => Number.isNaN(channel(c)));
      const alpha = depth === 4 ? byte(channel(3)) : 255;
      rgba.set(
        [byte(channel(0)), byte(channel(1)), byte(channel(2)), isBroken ? 0 : alpha],
        (row * width + column) * 4,
      );
    }
  }
  return { width, height, rgba };
}

/** The whole slice inside a box: square cells, except where one axis is so short that they would be slivers. */
export function fitCells(rows: number, columns: number, box: { width: number; height: number }) {
  const cell = Math.min(box.width / Math.max(columns, 1), box.height / Math.max(rows, 1), LARGEST_CELL);
  const whole = cell >= 1 ? Math.floor(cell) : cell;
  const side = (count: number, room: number) =>
    Math.min(room, Math.max(count * whole, Math.min(count * SHORT_CELL, SHORT_SIDE)));
  return { width: side(columns, box.width), height: side(rows, box.height) };
}

/** A scalar is a number, not a wall. */
const LARGEST_CELL = 96;
/** A side of few cells is stretched, so that each of them is seen beside a side of thousands. */
const SHORT_CELL = 24;
const SHORT_SIDE = 192;
