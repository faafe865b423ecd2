// Where each vertex stands from left to right: as near to its neighbours as the order and the distances allow.

import type { Segment, SegmentLists } from "./order";

export interface Extents {
  /** How far a vertex reaches to the left and right of its anchor. */
  left: ArrayLike<number>;
  right: ArrayLike<number>;
  /** How strongly it insists on its place. */
  weight: ArrayLike<number>;
  /** 1 where it wants x = 0 whatever its neighbours do: the spine. */
  pinned: ArrayLike<number>;
  /** Free room beside it; between two neighbours the larger one counts. */
  margin: ArrayLike<number>;
}

const PASSES = 6;

/** The x of each vertex's anchor, whole px. Rows keep their order and distances. O(passes × (vertices + segments)). */
export function placeRows(rows: number[][], segments: Segment[], lists: SegmentLists, extents: Extents): Float64Array {
  const x = new Float64Array(lists.above.length);
  for (const row of rows) settleRow(row, new Float64Array(row.length), x, extents);
  for (let pass = 0; pass < PASSES; pass += 1) {
    const down = pass % 2 === 0;
    for (let step = 0; step < rows.length; step += 1) {
      const row = rows[down ? step : rows.length - 1 - step] ?? [];
      const wanted = Float64Array.from(row, (vertex) =>
        extents.pinned[vertex] ? 0 : wantedAt(vertex, down, pass >= PASSES - 2),
      );
      settleRow(row, wanted, x, extents);
    }
  }
  return x.map(Math.round);

  function wantedAt(vertex: number, down: boolean, both: boolean): number {
    let sum = 0;
    let count = 0;
    if (down || both) {
      for (const index of lists.above[vertex] ?? []) {
        const segment = segments[index];
        if (!segment) continue;
        sum += (x[segment.from] ?? 0) + segment.fromOffset - segment.toOffset;
        count += 1;
      }
    }
    if (!down || both) {
      for (const index of lists.below[vertex] ?? []) {
        const segment = segments[index];
        if (!segment) continue;
        sum += (x[segment.to] ?? 0) + segment.toOffset - segment.fromOffset;
        count += 1;
      }
    }
    return count > 0 ? sum / count : (x[vertex] ?? 0);
  }
}

/**
 * Least squares under the distances: positions minus the room to their left must not fall, so neighbours that
 * want to overlap are pooled at their weighted mean (isotonic regression). Linear in the row.
 */
function settleRow(row: number[], wanted: Float64Array, x: Float64Array, extents: Extents): void {
  const room = new Float64Array(row.length);
  for (let index = 1; index < row.length; index += 1) {
    room[index] = (room[index - 1] ?? 0) + distance(row[index - 1] ?? 0, row[index] ?? 0, extents);
  }
  const sums: number[] = [];
  const weights: number[] = [];
  const sizes: number[] = [];
  row.forEach((vertex, index) => {
    const own = extents.weight[vertex] ?? 1;
    let sum = own * ((wanted[index] ?? 0) - (room[index] ?? 0));
    let weight = own;
    let size = 1;
    while (sizes.length > 0 && (sums.at(-1) ?? 0) / (weights.at(-1) ?? 1) >= sum / weight) {
      sum += sums.pop() ?? 0;
      weight += weights.pop() ?? 0;
      size += sizes.pop() ?? 0;
    }
    sums.push(sum);
    weights.push(weight);
    sizes.push(size);
  });
  let index = 0;
  sizes.forEach((size, pool) => {
    const mean = (sums[pool] ?? 0) / (weights[pool] ?? 1);
    for (const end = index + size; index < end; index += 1) x[row[index] ?? 0] = mean + (room[index] ?? 0);
  });
}

/** The least distance between the anchors of two neighbours. */
export function distance(a: number, b: number, extents: Extents): number {
  const margin = Math.max(extents.margin[a] ?? 0, extents.margin[b] ?? 0);
  return (extents.right[a] ?? 0) + margin + (extents.left[b] ?? 0);
}
