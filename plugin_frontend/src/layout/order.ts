// The order from left to right within each rank: barycentre sweeps.

/** An edge between vertices of neighbouring ranks, and where at each it ends, counted from its middle. */
export interface Segment {
  from: number;
  to: number;
  fromOffset: number;
  toOffset: number;
}

/** Segments above and below each vertex, as indices. */
export interface SegmentLists {
  above: number[][];
  below: number[][];
}

export function segmentLists(vertices: number, segments: Segment[]): SegmentLists {
  const above: number[][] = Array.from({ length: vertices }, () => []);
  const below: number[][] = Array.from({ length: vertices }, () => []);
  segments.forEach((segment, index) => {
    below[segment.from]?.push(index);
    above[segment.to]?.push(index);
  });
  return { above, below };
}

const SWEEPS = 4;

/** Sorts each row by the mean place of its neighbours in the row above, then below, and so on. */
export function orderRows(rows: number[][], segments: Segment[], lists: SegmentLists): void {
  const place = new Float64Array(lists.above.length);
  const settle = (row: number[]) => {
    row.forEach((vertex, index) => {
      place[vertex] = index - (row.length - 1) / 2;
    });
  };
  rows.forEach(settle);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const down = sweep % 2 === 0;
    for (let step = 1; step < rows.length; step += 1) {
      const row = rows[down ? step : rows.length - 1 - step] ?? [];
      if (row.length < 2) continue;
      const wanted = new Map(row.map((vertex) => [vertex, barycentre(vertex, down)]));
      row.sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0));
      settle(row);
    }
  }

  function barycentre(vertex: number, down: boolean): number {
    const neighbours = (down ? lists.above : lists.below)[vertex] ?? [];
    if (neighbours.length === 0) return place[vertex] ?? 0;
    let sum = 0;
    for (const index of neighbours) {
      const segment = segments[index];
      if (segment) sum += place[down ? segment.from : segment.to] ?? 0;
    }
    return sum / neighbours.length;
  }
}
