// The vertical order of one group: which edges go back, the rank of each port, and the spine.

import type { Port } from "./edges";

export interface Arc {
  from: Port;
  to: Port;
}

/** Outgoing and incoming arcs of each port, as indices into the arcs. */
export interface Adjacency {
  outgoing: number[][];
  incoming: number[][];
}

export function adjacency(ports: number, arcs: Arc[], skip?: Uint8Array): Adjacency {
  const outgoing: number[][] = Array.from({ length: ports }, () => []);
  const incoming: number[][] = Array.from({ length: ports }, () => []);
  arcs.forEach((arc, index) => {
    if (skip?.[index]) return;
    outgoing[arc.from]?.push(index);
    incoming[arc.to]?.push(index);
  });
  return { outgoing, incoming };
}

/** 1 for each arc that closes a cycle, found by depth-first search in port order. O(ports + arcs), iterative. */
export function backArcs(ports: number, arcs: Arc[]): Uint8Array {
  const back = new Uint8Array(arcs.length);
  const { outgoing } = adjacency(ports, arcs);
  const state = new Uint8Array(ports);
  const position = new Int32Array(ports);
  for (let root = 0; root < ports; root += 1) {
    if (state[root] !== 0) continue;
    const stack = [root];
    state[root] = OPEN;
    while (stack.length > 0) {
      const port = stack.at(-1) ?? 0;
      const next = position[port] ?? 0;
      position[port] = next + 1;
      const arc = outgoing[port]?.[next];
      if (arc === undefined) {
        state[port] = DONE;
        stack.pop();
        continue;
      }
      const target = arcs[arc]?.to ?? 0;
      if (state[target] === OPEN) back[arc] = 1;
      else if (state[target] === 0) {
        state[target] = OPEN;
        stack.push(target);
      }
    }
  }
  return back;
}

const OPEN = 1;
const DONE = 2;

export interface Ranking {
  /** 0 for input slots, 1 and more for children, the last for the output slot. */
  rank: Int32Array;
  /** The highest rank. */
  last: number;
}

const LONELY_COLUMNS = 4;

/** Longest paths from the input slots; what has no source stands right above its first reader. O(ports + arcs). */
export function assignRanks(children: number, slots: number, arcs: Arc[], links: Adjacency): Ranking {
  const ports = children + slots + 1;
  const output = ports - 1;
  const rank = new Int32Array(ports);
  rank.fill(1, 0, children);
  const order = topologicalOrder(ports, arcs, links);
  for (const port of order) {
    for (const arc of links.outgoing[port] ?? []) {
      const target = arcs[arc]?.to ?? 0;
      rank[target] = Math.max(rank[target] ?? 0, (rank[port] ?? 0) + 1);
    }
  }
  tighten(children, arcs, links, rank);
  placeLonely(children, links, rank);
  let last = 1;
  for (let port = 0; port < children; port += 1) last = Math.max(last, rank[port] ?? 0);
  rank[output] = last + 1;
  return { rank, last: last + 1 };
}

/** Kahn's algorithm; arcs that close cycles must be left out of the links. */
function topologicalOrder(ports: number, arcs: Arc[], links: Adjacency): number[] {
  const waiting = links.incoming.map((list) => list.length);
  const order: number[] = [];
  for (let port = 0; port < ports; port += 1) if (waiting[port] === 0) order.push(port);
  for (let next = 0; next < order.length; next += 1) {
    for (const arc of links.outgoing[order[next] ?? 0] ?? []) {
      const target = arcs[arc]?.to ?? 0;
      waiting[target] = (waiting[target] ?? 0) - 1;
      if (waiting[target] === 0) order.push(target);
    }
  }
  return order;
}

function tighten(children: number, arcs: Arc[], links: Adjacency, rank: Int32Array): void {
  for (let port = 0; port < children; port += 1) {
    const outgoing = links.outgoing[port] ?? [];
    if ((links.incoming[port]?.length ?? 0) > 0 || outgoing.length === 0) continue;
    const nearest = outgoing.reduce((least, arc) => Math.min(least, rank[arcs[arc]?.to ?? 0] ?? 0), 2 ** 30);
    const isOutput = outgoing.every((arc) => arcs[arc]?.to === links.outgoing.length - 1);
    if (!isOutput) rank[port] = Math.max(1, nearest - 1);
  }
}

/** Children without any edge: beside the one that ran before them; rows of a few where all are so. */
function placeLonely(children: number, links: Adjacency, rank: Int32Array): void {
  const lonely = (port: number): boolean => !links.incoming[port]?.length && !links.outgoing[port]?.length;
  const all = Array.from({ length: children }, (_, port) => port).every(lonely);
  const columns = children <= LONELY_COLUMNS ? 1 : LONELY_COLUMNS;
  for (let port = 0; port < children; port += 1) {
    if (all) rank[port] = 1 + Math.floor(port / columns);
    else if (lonely(port)) rank[port] = port > 0 ? (rank[port - 1] ?? 1) : 1;
  }
}

export interface Spine {
  /** 1 for each port on the straight line down the middle. */
  ports: Uint8Array;
  /** 1 for each arc that runs along it. */
  arcs: Uint8Array;
}

/**
 * The way of most work, from the end upwards: of the sources of a port the one with the heaviest path behind it
 * carries on. Of an odd number of equally heavy ones it is the middle one; an even number stands to both sides,
 * and the line goes on above them where they meet. `weights` are those of the ports. O(ports + arcs).
 */
export function findSpine(ranking: Ranking, arcs: Arc[], links: Adjacency, weights: ArrayLike<number>): Spine {
  const heaviness = heaviestPaths(ranking, arcs, links, weights);
  const spine: Spine = { ports: new Uint8Array(links.incoming.length), arcs: new Uint8Array(arcs.length) };
  const output = links.incoming.length - 1;
  let front = links.incoming[output]?.length ? [output] : heaviest(range(output), heaviness);
  while (front.length > 0) {
    if (front.length % 2 === 1) front = [front[(front.length - 1) / 2] ?? 0];
    const only = front.length === 1 ? front[0] : undefined;
    if (only !== undefined) spine.ports[only] = 1;
    const incoming = front.flatMap((port) => links.incoming[port] ?? []);
    const sources = [...new Set(incoming.map((arc) => arcs[arc]?.from ?? 0))];
    const next = heaviest(sources, heaviness).sort((a, b) => a - b);
    if (only !== undefined && next.length % 2 === 1) {
      const chosen = next[(next.length - 1) / 2];
      for (const arc of incoming) if (arcs[arc]?.from === chosen) spine.arcs[arc] = 1;
    }
    front = next;
  }
  return spine;
}

/** For each port the weight of the heaviest path that ends in it. */
function heaviestPaths({ rank }: Ranking, arcs: Arc[], links: Adjacency, weights: ArrayLike<number>): Float64Array {
  const heaviness = new Float64Array(links.incoming.length);
  const order = range(links.incoming.length).sort((a, b) => (rank[a] ?? 0) - (rank[b] ?? 0));
  for (const port of order) {
    const behind = (links.incoming[port] ?? []).map((arc) => heaviness[arcs[arc]?.from ?? 0] ?? 0);
    heaviness[port] = (weights[port] ?? 0) + behind.reduce((most, weight) => Math.max(most, weight), 0);
  }
  return heaviness;
}

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

function heaviest(ports: number[], heaviness: Float64Array): number[] {
  const most = ports.reduce((top, port) => Math.max(top, heaviness[port] ?? 0), 0);
  return ports.filter((port) => heaviness[port] === most);
}
