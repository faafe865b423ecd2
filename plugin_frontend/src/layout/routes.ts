// From ranks and columns to boxes, frames and the lines between them.

import { type GroupLayout, type Path, type Placement, Route, targetOffset } from "./placement";
import { CHIP, HEADER_HEIGHT } from "./sizes";

const GAP = 14;
const BENT_GAP = 22;
const TURN = 10;
/** A line from the border bends, and a detour that starts there turns, below the header's text. */
const HEADER_LINE = 22;
const HEADER_TURN = 18;
const LANE = 14;
const PADDING = { side: 20, bottom: 16, frameless: 4 };
/** A frame is made symmetric about its spine where that costs no more than this. */
const MOST_SYMMETRY = 120;
const IN_END_DISTANCE = 9;

/** Top and bottom of each rank, and the free lines between it and the next. */
interface Bands {
  top: number[];
  bottom: number[];
}

interface Lane {
  edge: number;
  x: number;
  /** Enters at the side of its target; otherwise from above. */
  aside: boolean;
}

export function routeEdges(placement: Placement): GroupLayout {
  const lanes = layLanes(placement);
  const bands = layBands(placement, lanes);
  const paths = drawPaths(placement, lanes, bands);
  return frame(placement, bands, lanes, paths);
}

/** A free column for each detour: the shortest ones nest inside the longer ones. */
function layLanes({ input, vertices, rows, x, kinds }: Placement): Map<number, Lane> {
  const reach = rows.map((row) =>
    row.reduce((least, at) => Math.min(least, (x[at] ?? 0) - (vertices.left[at] ?? 0)), 0),
  );
  const reachRight = rows.map((row) =>
    row.reduce((most, at) => Math.max(most, (x[at] ?? 0) + (vertices.right[at] ?? 0)), 0),
  );
  const rankOf = (port: number): number => vertices.rank[port] ?? 0;
  const bent = input.edges
    .map((_, edge) => edge)
    .filter((edge) => kinds[edge] === Route.detour || kinds[edge] === Route.back);
  const span = (edge: number): number => {
    const { from = 0, to = 0 } = input.edges[edge] ?? {};
    return Math.abs(rankOf(to) - rankOf(from));
  };
  const lanes = new Map<number, Lane>();
  for (const edge of bent.sort((a, b) => span(a) - span(b) || a - b)) {
    const { from = 0, to = 0 } = input.edges[edge] ?? {};
    if (kinds[edge] === Route.back) {
      const ranks = between(rankOf(to), rankOf(from));
      const at = ranks.reduce((most, rank) => Math.max(most, reachRight[rank] ?? 0), 0) + LANE;
      for (const rank of ranks) reachRight[rank] = at;
      lanes.set(edge, { edge, x: at, aside: true });
      continue;
    }
    const aside = rows[rankOf(to)]?.[0] === to && to < input.items.length;
    const ranks = between(rankOf(from) + 1, aside ? rankOf(to) : rankOf(to) - 1);
    const at = ranks.reduce((least, rank) => Math.min(least, reach[rank] ?? 0), 0) - LANE;
    for (const rank of ranks) reach[rank] = at;
    lanes.set(edge, { edge, x: at, aside });
  }
  return lanes;
}

const between = (first: number, last: number): number[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);

/** The y of each rank; a gap grows where lines bend or turn in it. */
function layBands({ input, vertices, rows, x, kinds, chains }: Placement, lanes: Map<number, Lane>): Bands {
  const gaps = rows.map(() => GAP);
  chains.forEach((chain, edge) => {
    for (let step = 1; step < chain.length; step += 1) {
      const from = chain[step - 1] ?? 0;
      const offset = step === chain.length - 1 ? targetOffset(input, input.edges[edge] ?? NO_EDGE) : 0;
      const slant = Math.abs((x[from] ?? 0) - (x[chain[step] ?? 0] ?? 0) - offset);
      const rank = vertices.rank[from] ?? 0;
      if (slant > 2) gaps[rank] = Math.max(gaps[rank] ?? 0, BENT_GAP + Math.min(Math.round(slant / 24), 12));
    }
  });
  const turns = rows.map(() => 0);
  for (const { edge, aside } of lanes.values()) {
    if (kinds[edge] === Route.back) continue;
    const { from, to } = input.edges[edge] ?? NO_EDGE;
    const start = vertices.rank[from] ?? 0;
    turns[start] = Math.max(turns[start] ?? 0, 1);
    if (!aside) turns[(vertices.rank[to] ?? 1) - 1] = (turns[(vertices.rank[to] ?? 1) - 1] ?? 0) + 1;
  }
  const top: number[] = [];
  const bottom: number[] = [];
  let y = 0;
  rows.forEach((row, rank) => {
    const height = row.reduce((most, at) => Math.max(most, vertices.height[at] ?? 0), 0);
    top.push(y);
    bottom.push(y + height);
    const gap = gaps[rank] ?? 0;
    const [bent, least, turn] =
      rank === 0 ? [gap > GAP ? HEADER_LINE + gap : 0, HEADER_HEIGHT, HEADER_TURN] : [gap, GAP, TURN];
    y += height + Math.max(bent, least + turn * (turns[rank] ?? 0));
    if (rank === 0 && input.header === null) y = 0;
  });
  return { top, bottom };
}

const middleOf = (bands: Bands, rank: number): number => ((bands.top[rank] ?? 0) + (bands.bottom[rank] ?? 0)) / 2;

const NO_EDGE = { from: 0, to: 0, slot: 0 };

function drawPaths(placement: Placement, lanes: Map<number, Lane>, bands: Bands): Path[] {
  const { input, kinds, chains } = placement;
  const ends = endOffsets(placement);
  const chipsPlaced = new Map<number, number>();
  return input.edges.map((edge, index) => {
    const lane = lanes.get(index);
    const kind = kinds[index];
    if (kind === Route.chip) return { kind: "chip", points: chipBox(placement, bands, edge.to, chipsPlaced) };
    if (kind === Route.back && lane) return { kind: "back", points: backPoints(placement, bands, edge, lane) };
    if (kind === Route.detour && lane) return { kind: "detour", points: detourPoints(placement, bands, edge, lane) };
    return { kind: "flow", points: flowPoints(placement, bands, chains[index] ?? [], ends[index] ?? 0) };
  });
}

/** Lines that arrive at one point stand a little apart; the one from straight above stays straight. */
function endOffsets({ input, x, kinds, chains }: Placement): number[] {
  const arriving = new Map<number, number[]>();
  input.edges.forEach((edge, index) => {
    const closed = (input.items[edge.to]?.slots.length ?? 0) === 0;
    if (kinds[index] !== Route.flow || !closed || edge.to >= input.items.length) return;
    const list = arriving.get(edge.to) ?? [];
    list.push(index);
    arriving.set(edge.to, list);
  });
  const offsets = input.edges.map((edge) => targetOffset(input, edge));
  for (const [port, edges] of arriving) {
    if (edges.length < 2) continue;
    const lean = (edge: number): number => (x[chains[edge]?.at(-2) ?? 0] ?? 0) - (x[port] ?? 0);
    edges.sort((a, b) => lean(a) - lean(b));
    const straight = edges.findIndex((edge) => Math.abs(lean(edge)) < 1);
    const middle = straight >= 0 ? straight : (edges.length - 1) / 2;
    const room = (input.items[port]?.width ?? 0) / 2 - 4;
    const step = Math.min(IN_END_DISTANCE, room / Math.max(edges.length - 1, 1));
    edges.forEach((edge, place) => {
      offsets[edge] = (place - middle) * step;
    });
  }
  return offsets;
}

function flowPoints({ input, vertices, x }: Placement, bands: Bands, chain: number[], end: number): Float32Array {
  const points: number[] = [];
  chain.forEach((vertex, step) => {
    const rank = vertices.rank[vertex] ?? 0;
    const top = bands.top[rank] ?? 0;
    const bottom = bands.bottom[rank] ?? 0;
    const height = input.items[vertex]?.height ?? bottom - top;
    const middle = (top + bottom) / 2;
    const at = x[vertex] ?? 0;
    const fromBorder = rank === 0 && input.header !== null;
    if (step === 0) points.push(at, middle + height / 2, at, fromBorder ? HEADER_LINE : bottom);
    else if (step === chain.length - 1) points.push(at + end, top, at + end, middle - height / 2);
    else points.push(at, top, at, bottom);
  });
  return Float32Array.from(points);
}

function detourPoints(placement: Placement, bands: Bands, edge: typeof NO_EDGE, lane: Lane): Float32Array {
  const { input, vertices, x } = placement;
  const start = vertices.rank[edge.from] ?? 0;
  const target = vertices.rank[edge.to] ?? 0;
  const from = x[edge.from] ?? 0;
  const nextTop = bands.top[start + 1] ?? 0;
  const leave = Math.max((bands.bottom[start] ?? 0) + 2, nextTop - GAP - 2);
  const source = middleOf(bands, start) + (input.items[edge.from]?.height ?? 0) / 2;
  const head = [from, source, from, leave, lane.x, leave];
  const to = (x[edge.to] ?? 0) + targetOffset(input, edge);
  const item = input.items[edge.to];
  const middle = middleOf(bands, target);
  if (lane.aside) return Float32Array.from([...head, lane.x, middle, (x[edge.to] ?? 0) - (item?.anchor ?? 0), middle]);
  const enter = (bands.top[target] ?? 0) - GAP - 2;
  return Float32Array.from([...head, lane.x, enter, to, enter, to, middle - (item?.height ?? 0) / 2]);
}

function backPoints({ input, vertices, x }: Placement, bands: Bands, edge: typeof NO_EDGE, lane: Lane): Float32Array {
  const side = (port: number): [number, number] => {
    const rank = vertices.rank[port] ?? 0;
    const item = input.items[port];
    const right = (x[port] ?? 0) + (item ? item.width - item.anchor : 0);
    return [right, middleOf(bands, rank)];
  };
  const [fromX, fromY] = side(edge.from);
  const [toX, toY] = side(edge.to);
  return Float32Array.from([fromX, fromY, lane.x, fromY, lane.x, toY, toX, toY]);
}

function chipBox(
  { input, vertices, x, chips }: Placement,
  bands: Bands,
  port: number,
  placed: Map<number, number>,
): Float32Array {
  const count = placed.get(port) ?? 0;
  placed.set(port, count + 1);
  const all = chips.get(port) ?? 1;
  const rank = vertices.rank[port] ?? 0;
  const item = input.items[port];
  const left = (x[port] ?? 0) + (item ? item.width - item.anchor : 0) + CHIP.distance;
  const middle = middleOf(bands, rank);
  const stack = all * (CHIP.height + CHIP.gap) - CHIP.gap;
  const top = middle - stack / 2 + count * (CHIP.height + CHIP.gap);
  return Float32Array.from([left, top, CHIP.width, CHIP.height]);
}

/** Shifts everything so that the frame's corner is the origin. */
function frame(placement: Placement, bands: Bands, lanes: Map<number, Lane>, paths: Path[]): GroupLayout {
  const { input, vertices, x } = placement;
  let left = 0;
  let right = 0;
  vertices.rank.forEach((_, vertex) => {
    left = Math.max(left, (vertices.left[vertex] ?? 0) - (x[vertex] ?? 0));
    right = Math.max(right, (vertices.right[vertex] ?? 0) + (x[vertex] ?? 0));
  });
  for (const lane of lanes.values()) {
    left = Math.max(left, -lane.x);
    right = Math.max(right, lane.x);
  }
  const framed = input.header !== null;
  const side = framed ? PADDING.side : PADDING.frameless;
  left = Math.max(left + side, input.header?.left ?? 0);
  right = Math.max(right + side, input.header?.right ?? 0);
  if (framed && Math.abs(left - right) <= MOST_SYMMETRY) left = right = Math.max(left, right);
  const lastBottom = bands.bottom.at(-1) ?? 0;
  const hasOutput = input.edges.some((edge) => edge.to === input.items.length + input.slots);
  const height = hasOutput ? lastBottom : (bands.bottom.at(-2) ?? 0) + (framed ? PADDING.bottom : 0);
  return {
    width: left + right,
    height,
    anchor: left,
    boxes: boxesOf(placement, bands, left),
    slots: Float32Array.from({ length: input.slots }, (_, slot) => (x[input.items.length + slot] ?? 0) + left),
    paths: paths.map((path) => shifted(path, left)),
  };
}

function boxesOf({ input, vertices, x }: Placement, bands: Bands, left: number): Float32Array {
  const boxes = new Float32Array(4 * input.items.length);
  input.items.forEach((item, port) => {
    const rank = vertices.rank[port] ?? 0;
    const middle = middleOf(bands, rank);
    boxes.set([left + (x[port] ?? 0) - item.anchor, middle - item.height / 2, item.width, item.height], 4 * port);
  });
  return boxes;
}

function shifted(path: Path, by: number): Path {
  const points = path.points.map((value, index) =>
    index % 2 === 0 && (path.kind !== "chip" || index === 0) ? value + by : value,
  );
  return { kind: path.kind, points };
}
