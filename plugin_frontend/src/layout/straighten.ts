// Long edges run straight down as far as the boxes beside them allow.

import { distance, type Extents } from "./coordinates";

/** Free room for one vertex between its neighbours in the row. */
interface Room {
  low: number;
  high: number;
}

/** Moves the dummies of each chain onto as few vertical lines as possible, the first below its source. O(vertices). */
export function straightenChains(chains: number[][], rows: number[][], x: Float64Array, extents: Extents): void {
  const neighbours = neighboursIn(rows, x.length);
  for (const chain of chains) {
    const dummies = chain.slice(1, -1).filter((vertex) => !extents.pinned[vertex]);
    let wanted = x[chain[0] ?? 0] ?? 0;
    for (let start = 0; start < dummies.length; ) {
      const run = longestRun(dummies, start, (vertex) => roomOf(vertex, neighbours, x, extents));
      wanted = Math.min(Math.max(wanted, run.room.low), run.room.high);
      for (let at = start; at < run.end; at += 1) x[dummies[at] ?? 0] = wanted;
      start = run.end;
    }
  }
}

/** How far one vertical line reaches from a vertex of the chain on, and where it may stand. */
function longestRun(dummies: number[], start: number, roomFor: (vertex: number) => Room): { end: number; room: Room } {
  let room = roomFor(dummies[start] ?? 0);
  let end = start + 1;
  for (; end < dummies.length; end += 1) {
    const next = roomFor(dummies[end] ?? 0);
    const shared = { low: Math.max(room.low, next.low), high: Math.min(room.high, next.high) };
    if (shared.low > shared.high) break;
    room = shared;
  }
  return { end, room };
}

function roomOf(vertex: number, neighbours: Int32Array, x: Float64Array, extents: Extents): Room {
  const left = neighbours[2 * vertex] ?? -1;
  const right = neighbours[2 * vertex + 1] ?? -1;
  return {
    low: left < 0 ? Number.NEGATIVE_INFINITY : (x[left] ?? 0) + distance(left, vertex, extents),
    high: right < 0 ? Number.POSITIVE_INFINITY : (x[right] ?? 0) - distance(vertex, right, extents),
  };
}

/** The left and the right neighbour of each vertex; −1 for none. */
function neighboursIn(rows: number[][], vertices: number): Int32Array {
  const neighbours = new Int32Array(2 * vertices).fill(-1);
  for (const row of rows) {
    row.forEach((vertex, index) => {
      neighbours[2 * vertex] = row[index - 1] ?? -1;
      neighbours[2 * vertex + 1] = row[index + 1] ?? -1;
    });
  }
  return neighbours;
}
