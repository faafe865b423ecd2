// A tensor of any rank seen as a matrix: two axes are drawn, one entry is picked of each other.

export interface Picks {
  /** Axis drawn downward; null: the tensor has fewer than two axes. */
  rowAxis: number | null;
  /** Axis drawn to the right; null: the tensor has no axis. */
  columnAxis: number | null;
  /** Picked entry of each axis; of the two drawn axes it means nothing. */
  index: number[];
}

export interface Slice {
  rows: number;
  columns: number;
  /** Row by row. */
  values: Float32Array;
}

export function defaultPicks(shape: number[]): Picks {
  const rank = shape.length;
  return {
    rowAxis: rank >= 2 ? rank - 2 : null,
    columnAxis: rank >= 1 ? rank - 1 : null,
    index: shape.map(() => 0),
  };
}

/** The same picks for another shape: kept where they still fit, so that a step or tensor change does not jump. */
export function fitPicks(picks: Picks, shape: number[]): Picks {
  if (picks.index.length !== shape.length) return defaultPicks(shape);
  return { ...picks, index: picks.index.map((entry, axis) => Math.min(entry, Math.max((shape[axis] ?? 1) - 1, 0))) };
}

/** "2,3,0.5.0.0": the drawn axes, then the entries; an axis that there is not is empty. */
export function picksText({ rowAxis, columnAxis, index }: Picks): string {
  return [rowAxis ?? "", columnAxis ?? "", index.join(".")].join(",");
}

/** The inverse of `picksText`; undefined for what makes no sense. */
export function parsePicks(text: string): Picks | undefined {
  const [row = "", column = "", entries = ""] = text.split(",");
  const index = entries === "" ? [] : entries.split(".").map(Number);
  const axis = (word: string) => (word === "" ? null : Number(word));
  const picks = { rowAxis: axis(row), columnAxis: axis(column), index };
  const axes = [picks.rowAxis, picks.columnAxis].filter((drawn) => drawn !== null);
  const isAxis = (drawn: number) => Number.isInteger(drawn) && drawn >= 0 && drawn < index.length;
  const isSound = index.every((entry) => Number.isInteger(entry) && entry >= 0) && axes.every(isAxis);
  return isSound && axes.length === Math.min(2, index.length) && new Set(axes).size === axes.length ? picks : undefined;
}

/** Axes of which one entry is picked. */
export function pickedAxes(shape: number[], picks: Picks): number[] {
  return shape.map((_, axis) => axis).filter((axis) => axis !== picks.rowAxis && axis !== picks.columnAxis);
}

/** Elements between neighbours along each axis, in C order. */
export function strides(shape: number[]): number[] {
  const result = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    result[axis] = (result[axis + 1] ?? 1) * (shape[axis + 1] ?? 1);
  }
  return result;
}

export function takeSlice(values: Float32Array, shape: number[], picks: Picks): Slice {
  const stride = strides(shape);
  const extent = (axis: number | null) => (axis === null ? 1 : (shape[axis] ?? 1));
  const step = (axis: number | null) => (axis === null ? 0 : (stride[axis] ?? 0));
  const rows = extent(picks.rowAxis);
  const columns = extent(picks.columnAxis);
  const start = pickedAxes(shape, picks).reduce((sum, axis) => sum + (picks.index[axis] ?? 0) * step(axis), 0);
  const taken = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const from = start + row * step(picks.rowAxis);
    for (let column = 0; column < columns; column++) {
      taken[row * columns + column] = values[from + column * step(picks.columnAxis)] ?? Number.NaN;
    }
  }
  return { rows, columns, values: taken };
}

/** All values on display: those of the slice or, of an image, of all its channels. */
export function shownValues(
  values: Float32Array,
  shape: number[],
  picks: Picks,
  channels: number | null,
): Float32Array {
  if (channels === null) return takeSlice(values, shape, picks).values;
  const planes = Array.from({ length: shape[channels] ?? 0 }, (_, channel) => {
    return takeSlice(values, shape, { ...picks, index: picks.index.with(channels, channel) }).values;
  });
  const all = new Float32Array(planes.reduce((total, plane) => total + plane.length, 0));
  planes.forEach((plane, channel) => {
    all.set(plane, channel * plane.length);
  });
  return all;
}

/** Axis of the colour channels where the shape, and the axes' names if there are any, are those of images; else null. */
export function channelAxis(shape: number[], axes: string[]): number | null {
  const rank = shape.length;
  const holds = (axis: number, channels: number[]) =>
    channels.includes(shape[axis] ?? 0) && (!axes[axis] || CHANNEL_NAME.test(axes[axis]));
  if (rank < 3) return null;
  if (holds(rank - 3, [1, 3])) return rank - 3;
  return holds(rank - 1, [3, 4]) ? rank - 1 : null;
}

const CHANNEL_NAME = /^(c|ch|channels?|colou?rs?|rgba?)$/i;

/** Picks that draw height and width of an image whose channels are on the given axis. */
export function imagePicks(shape: number[], channels: number, picks: Picks): Picks {
  const rank = shape.length;
  const last = channels === rank - 1;
  return { ...picks, rowAxis: last ? rank - 3 : rank - 2, columnAxis: last ? rank - 2 : rank - 1 };
}

/** "[3, 5, 92, 61]": where a cell of the slice is in the tensor. */
export function position(picks: Picks, row: number, column: number): number[] {
  return picks.index.map((entry, axis) => {
    if (axis === picks.rowAxis) return row;
    return axis === picks.columnAxis ? column : entry;
  });
}

/** What each axis is called: its name, or "axis 2". */
export function axisName(axes: string[], axis: number): string {
  return axes[axis] || `axis ${axis}`;
}
