// Small steps one after the other, such as relu, maxpool and flatten, become one pill.

import type { Flow } from "./flow";
import { addNode } from "./folding";
import type { HierarchyNode } from "./hierarchy";

const NONE = -1;
/** More than one node, or the world outside. */
const OTHERS = -2;

/**
 * Puts a node between a module and each run of its small children in which each reads the one before and nothing
 * else. In a module without modules operations stay as they are: who opens one wants to see them. `ofOperation`
 * holds the node of each operation. O(operations + sources).
 */
export function joinSeries(nodes: HierarchyNode[], flow: Flow, ofOperation: readonly number[]): void {
  const small = smallNodes(nodes, flow);
  const { before, after } = neighboursOf(nodes, flow, small, ofOperation);
  const follows = (id: number): number => {
    const previous = small[id] ? (before[id] ?? NONE) : NONE;
    const isChain = previous >= 0 && small[previous] && after[previous] === id;
    return isChain && nodes[id]?.parent === nodes[previous]?.parent ? previous : NONE;
  };
  for (let id = nodes.length - 1; id >= 0; id -= 1) {
    const node = nodes[id];
    if (!node || node.fold || node.children.every((child) => nodes[child]?.kind === "operation")) continue;
    const runs = runsOf(node.children, follows);
    if (runs.length > 1)
      node.children = runs.map((run) => (run.length > 1 ? addSeries(nodes, id, run) : (run[0] ?? 0)));
  }
}

/** 1 for an operation that joins nothing or a module of operations alone, without parameters and without FLOPs. */
function smallNodes(nodes: HierarchyNode[], flow: Flow): Uint8Array {
  const calls = new Map<string, number>();
  for (const { kind, path } of nodes) if (kind === "module") calls.set(path, (calls.get(path) ?? 0) + 1);
  const isPlain = ({ kind, index, flops }: HierarchyNode): boolean =>
    kind === "operation" && flops === 0 && !flow.parameters[index]?.length;
  return Uint8Array.from(nodes, (node, id) => {
    if (node.kind === "operation") return isPlain(node) && (flow.sources[node.index]?.length ?? 0) < 2 ? 1 : 0;
    // What is called again keeps its box, and with it the mark that says so.
    if (node.kind !== "module" || id === 0 || node.children.length === 0 || calls.get(node.path) !== 1) return 0;
    return node.children.every((child) => nodes[child] && isPlain(nodes[child])) ? 1 : 0;
  });
}

/** For each operation, or small module in its operations' place, the one that it reads and the one that reads it. */
function neighboursOf(nodes: HierarchyNode[], flow: Flow, small: Uint8Array, ofOperation: readonly number[]) {
  const before = new Int32Array(nodes.length).fill(NONE);
  const after = new Int32Array(nodes.length).fill(NONE);
  const link = (list: Int32Array, at: number, other: number) => {
    if (list[at] !== other) list[at] = list[at] === NONE ? other : OTHERS;
  };
  const unitOf = (operation: number): number => {
    const node = ofOperation[operation] ?? NONE;
    const parent = nodes[node]?.parent ?? NONE;
    return small[parent] ? parent : node;
  };
  flow.sources.forEach((sources, operation) => {
    const reader = unitOf(operation);
    for (const value of sources) {
      const source = value < 0 ? OTHERS : unitOf(value);
      if (source === reader || reader < 0) continue;
      link(before, reader, source);
      if (source >= 0) link(after, source, reader);
    }
  });
  for (const value of flow.outputs) if (value !== null && value >= 0) after[unitOf(value)] = OTHERS;
  return { before, after };
}

/** The children in their order, cut into runs; most are a run of one. */
function runsOf(children: number[], follows: (id: number) => number): number[][] {
  const runs: number[][] = [];
  const endingIn = new Map<number, number[]>();
  for (const child of children) {
    const run = endingIn.get(follows(child)) ?? [];
    if (run.length === 0) runs.push(run);
    run.push(child);
    endingIn.set(child, run);
  }
  return runs;
}

function addSeries(nodes: HierarchyNode[], parent: number, members: number[]): number {
  const id = addNode(nodes, "series", parent, members);
  const node = nodes[id];
  if (!node) return id;
  node.name = members.map((member) => labelOf(nodes[member])).join(" · ");
  node.composite = false;
  return id;
}

/** In a Sequential modules are called by numbers: their class says more. */
const labelOf = (node: HierarchyNode | undefined): string =>
  (/^\d*$/.test(node?.name ?? "") ? node?.type : node?.name) ?? "";
