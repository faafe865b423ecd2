// The layout of one group: ranks downwards, a straight spine, residual detours on the left. Pure geometry.

import { placeRows } from "./coordinates";
import type { Port } from "./edges";
import { orderRows, type Segment, segmentLists } from "./order";
import { type GroupInput, type GroupLayout, Route, type RouteKind, targetOffset, type Vertices } from "./placement";
import { adjacency, assignRanks, backArcs, findSpine, type Spine } from "./ranks";
import { routeEdges } from "./routes";
import { CHIP } from "./sizes";
import { straightenChains } from "./straighten";

/** More readers than this, and all but the first get a chip with the source's name instead of an edge. */
export const MOST_READERS = 8;
/** Edges over more ranks than this become chips, too. */
export const LONGEST_SPAN = 64;
const SIBLING_DISTANCE = 24;
const DUMMY_DISTANCE = 14;
const SLOT_WIDTH = 18;

/** O(n log n + e) in children and edges; dummies are bounded by a multiple of the children. */
export function layoutGroup(input: GroupInput): GroupLayout {
  const children = input.items.length;
  const ports = children + input.slots + 1;
  const back = backArcs(ports, input.edges);
  const links = adjacency(ports, input.edges, back);
  const ranking = assignRanks(children, input.slots, input.edges, links);
  const weights = input.items.map((item) => item.weight);
  const spine = findSpine(ranking, input.edges, links, weights);
  const kinds = chooseRoutes(input, ranking.rank, spine, back);
  const chips = chipsAt(input, kinds);
  const vertices = portVertices(input, ranking.rank, spine.ports, chips);
  const { segments, chains } = splitEdges(input, vertices, kinds, spine);
  const rows = rowsOf(vertices, ranking.last);
  const lists = segmentLists(vertices.rank.length, segments);
  orderRows(rows, segments, lists);
  const x = placeRows(rows, segments, lists, vertices);
  straightenChains(chains, rows, x, vertices);
  if (input.edges.length === 0) alignLeft(rows, x, vertices);
  return routeEdges({ input, vertices, rows, x, kinds, chips, chains });
}

function chooseRoutes(input: GroupInput, rank: Int32Array, spine: Spine, back: Uint8Array): RouteKind[] {
  const readers = new Map<Port, number>();
  for (const edge of input.edges) readers.set(edge.from, (readers.get(edge.from) ?? 0) + 1);
  const served = new Set<Port>();
  let dummies = 4 * input.items.length + 256;
  return input.edges.map((edge, index) => {
    if (back[index]) return Route.back;
    const span = (rank[edge.to] ?? 0) - (rank[edge.from] ?? 0);
    const crowded = (readers.get(edge.from) ?? 0) > MOST_READERS && edge.to < input.items.length;
    const first = !served.has(edge.from);
    served.add(edge.from);
    if ((crowded && !first) || (span > LONGEST_SPAN && edge.to < input.items.length)) return Route.chip;
    if (span <= 1 || spine.arcs[index]) return Route.flow;
    if (spine.ports[edge.from] && spine.ports[edge.to]) return Route.detour;
    dummies -= span - 1;
    return dummies >= 0 || edge.to >= input.items.length ? Route.flow : Route.chip;
  });
}

function portVertices(input: GroupInput, rank: Int32Array, spine: Uint8Array, chips: Map<Port, number>): Vertices {
  const { items } = input;
  const slotPorts = input.slots + 1;
  const pad = <T>(list: T[], value: T): T[] => [...list, ...Array.from({ length: slotPorts }, () => value)];
  const chipHeight = (port: number): number => (chips.get(port) ?? 0) * (CHIP.height + CHIP.gap) - CHIP.gap;
  return {
    rank: [...rank],
    left: pad(
      items.map((item) => item.anchor),
      SLOT_WIDTH / 2,
    ),
    right: pad(
      items.map((item, port) => item.width - item.anchor + (chips.has(port) ? CHIP.distance + CHIP.width : 0)),
      SLOT_WIDTH / 2,
    ),
    height: pad(
      items.map((item, port) => Math.max(item.height, chipHeight(port))),
      0,
    ),
    weight: [...spine].map((on) => (on ? SPINE_WEIGHT : 1)),
    pinned: [...spine],
    margin: pad(
      items.map(() => SIBLING_DISTANCE),
      DUMMY_DISTANCE,
    ),
  };
}

const SPINE_WEIGHT = 1e6;
const DUMMY_WEIGHT = 4;

/** Number of chips at each child. */
function chipsAt(input: GroupInput, kinds: RouteKind[]): Map<Port, number> {
  const chips = new Map<Port, number>();
  input.edges.forEach((edge, index) => {
    if (kinds[index] === Route.chip) chips.set(edge.to, (chips.get(edge.to) ?? 0) + 1);
  });
  return chips;
}

/** Cuts flowing edges at each rank; `chains` holds the vertices that each edge passes, both ends included. */
function splitEdges(
  input: GroupInput,
  vertices: Vertices,
  kinds: RouteKind[],
  spine: Spine,
): { segments: Segment[]; chains: number[][] } {
  const segments: Segment[] = [];
  const chains = input.edges.map((edge, index) => {
    if (kinds[index] !== Route.flow) return [];
    const chain = [edge.from];
    const last = vertices.rank[edge.to] ?? 0;
    for (let rank = (vertices.rank[edge.from] ?? 0) + 1; rank < last; rank += 1) {
      chain.push(addDummy(vertices, rank, spine.arcs[index] === 1));
    }
    chain.push(edge.to);
    for (let step = 1; step < chain.length; step += 1) {
      const toOffset = step === chain.length - 1 ? targetOffset(input, edge) : 0;
      segments.push({ from: chain[step - 1] ?? 0, to: chain[step] ?? 0, fromOffset: 0, toOffset });
    }
    return chain;
  });
  return { segments, chains };
}

function addDummy(vertices: Vertices, rank: number, pinned: boolean): number {
  vertices.left.push(0);
  vertices.right.push(0);
  vertices.height.push(0);
  vertices.weight.push(pinned ? SPINE_WEIGHT : DUMMY_WEIGHT);
  vertices.pinned.push(pinned ? 1 : 0);
  vertices.margin.push(DUMMY_DISTANCE);
  return vertices.rank.push(rank) - 1;
}

/** Without edges rows are read like lines of text: they begin at the same place. */
function alignLeft(rows: number[][], x: Float64Array, vertices: Vertices): void {
  const start = (row: number[]): number => (x[row[0] ?? 0] ?? 0) - (vertices.left[row[0] ?? 0] ?? 0);
  const lines = rows.filter((row) => row.some((vertex) => (vertices.height[vertex] ?? 0) > 0));
  if (lines.every((row) => row.length === 1)) return;
  const left = lines.reduce((least, row) => Math.min(least, start(row)), 0);
  for (const row of lines) {
    const shift = start(row) - left;
    for (const vertex of row) x[vertex] = (x[vertex] ?? 0) - shift;
  }
}

function rowsOf(vertices: Vertices, last: number): number[][] {
  const rows: number[][] = Array.from({ length: last + 1 }, () => []);
  vertices.rank.forEach((rank, vertex) => {
    rows[rank]?.push(vertex);
  });
  return rows;
}
