// Matrices of cells as pixels. Where cells are merged the larger magnitude wins, and what is not finite wins over all.

import { State } from "../api/types";
import { type CellColours, drawState, isNonFinite, type Rect } from "./cells";
import { type ColourScale, packColour } from "./colour_scale";

/** Row by row; `states` say what a value is, and a value counts only where its state is finite. */
export interface Matrix {
  rows: number;
  columns: number;
  values: ArrayLike<number>;
  states: Uint8Array;
}

/** Values of one array with the states of another: a signed mean is not 0 or NaN where the magnitudes say otherwise. */
export function matrixOf(
  rows: number,
  columns: number,
  values: ArrayLike<number>,
  magnitudes: ArrayLike<number>,
): Matrix {
  return { rows, columns, values, states: Uint8Array.from(magnitudes, stateOfMagnitude) };
}

function stateOfMagnitude(magnitude: number): number {
  if (Number.isNaN(magnitude)) return State.nan;
  if (magnitude === Number.POSITIVE_INFINITY) return State.posInf;
  return magnitude === 0 ? State.zero : State.finite;
}

/** The matrix in at most so many rows and columns. */
export function reduced(matrix: Matrix, mostRows: number, mostColumns: number): Matrix {
  const rows = Math.max(1, Math.min(matrix.rows, Math.floor(mostRows)));
  const columns = Math.max(1, Math.min(matrix.columns, Math.floor(mostColumns)));
  if (rows === matrix.rows && columns === matrix.columns) return matrix;
  const values = new Float32Array(rows * columns);
  const states = new Uint8Array(rows * columns).fill(State.zero);
  for (let row = 0; row < matrix.rows; row++) {
    const to = Math.floor((row * rows) / matrix.rows) * columns;
    for (let column = 0; column < matrix.columns; column++) {
      const from = row * matrix.columns + column;
      const cell = to + Math.floor((column * columns) / matrix.columns);
      const value = matrix.values[from] ?? 0;
      const state = matrix.states[from] ?? State.missing;
      if (!wins(state, value, states[cell] ?? 0, values[cell] ?? 0)) continue;
      values[cell] = value;
      states[cell] = state;
    }
  }
  return { rows, columns, values, states };
}

const RANK: Record<number, number> = {
  [State.zero]: 0,
  [State.finite]: 1,
  [State.negInf]: 2,
  [State.posInf]: 2,
  [State.nan]: 3,
};

function wins(state: number, value: number, otherState: number, otherValue: number): boolean {
  const rank = RANK[state] ?? 0;
  const other = RANK[otherState] ?? 0;
  return rank === other ? Math.abs(value) > Math.abs(otherValue) : rank > other;
}

/** Packed colours of all cells. */
export function cellPixels(matrix: Matrix, scale: ColourScale, colours: CellColours): Uint32Array<ArrayBuffer> {
  const zero = packColour(colours.zero);
  const nan = packColour(colours.bad);
  const infinite = packColour(colours.gold);
  const pixels = new Uint32Array(matrix.states.length);
  matrix.states.forEach((state, cell) => {
    if (state === State.finite) pixels[cell] = scale.colour(matrix.values[cell] ?? 0);
    else if (state === State.zero) pixels[cell] = zero;
    else pixels[cell] = state === State.nan ? nan : infinite;
  });
  return pixels;
}

/** Draws the matrix over a rectangle, sharp-edged, with non-finite cells at least 3 px large. */
export function paintMatrix(
  context: CanvasRenderingContext2D,
  rect: Rect,
  matrix: Matrix,
  scale: ColourScale,
  colours: CellColours,
): void {
  const ratio = context.getTransform().a || 1;
  const shown = reduced(matrix, Math.max(1, rect.height * ratio), Math.max(1, rect.width * ratio));
  const bytes = new Uint8ClampedArray(cellPixels(shown, scale, colours).buffer);
  paintPixels(context, rect, shown.columns, shown.rows, bytes);
  shown.states.forEach((state, cell) => {
    if (isNonFinite(state)) drawState(context, cellRect(shown, cell, rect), state, colours);
  });
}

/** Draws an image over a rectangle without smoothing: a cell is a cell. Nothing of an empty one. */
export function paintPixels(
  context: CanvasRenderingContext2D,
  rect: Rect,
  width: number,
  height: number,
  rgba: Uint8ClampedArray<ArrayBuffer>,
): void {
  if (width === 0 || height === 0) return;
  const image = new OffscreenCanvas(width, height);
  image.getContext("2d")?.putImageData(new ImageData(rgba, width, height), 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(image, rect.x, rect.y, rect.width, rect.height);
}

/** Where a cell lies in a matrix drawn over a rectangle. */
export function cellRect(matrix: { rows: number; columns: number }, cell: number, rect: Rect): Rect {
  const width = rect.width / matrix.columns;
  const height = rect.height / matrix.rows;
  const row = Math.floor(cell / matrix.columns);
  const column = cell % matrix.columns;
  return { x: rect.x + column * width, y: rect.y + row * height, width, height };
}

/** The cell that wins over all others. */
export function strongestCell(matrix: Matrix): number {
  let best = 0;
  for (let cell = 1; cell < matrix.states.length; cell++) {
    const [state, value] = [matrix.states[cell] ?? 0, matrix.values[cell] ?? 0];
    if (wins(state, value, matrix.states[best] ?? 0, matrix.values[best] ?? 0)) best = cell;
  }
  return best;
}
