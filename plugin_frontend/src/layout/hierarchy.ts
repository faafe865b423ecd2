// A recorded graph as a tree of boxes: module calls hold operations and further calls.

import type { GraphAnswer } from "../api/types";
import { type Group, groupEdges } from "./edges";
import { type Flow, scopeParents, traceFlow, type ValueId } from "./flow";
import { type Fold, foldRepeats, isParallel } from "./folding";
import { operationLabel } from "./operations";
import { joinSeries } from "./series";
import { structures } from "./structure";
import { membersOf, terminalRuns } from "./terminals";

/**
 * fold: equal blocks as one. part: some of a module's children. series: small ones of them, one after the other.
 * None of these is a module call of its own.
 */
export type NodeKind = "module" | "operation" | "input" | "output" | "fold" | "part" | "series";

/** A box, pill or hexagon. */
export interface HierarchyNode {
  kind: NodeKind;
  /** Index into the answer's scopes, operations, inputs or outputs; −1 for folds, parts and series. */
  index: number;
  /** How many inputs or outputs it stands for, from `index` on; 1 for all else. */
  span: number;
  /** Index into `Hierarchy.nodes`; −1 for the root. */
  parent: number;
  depth: number;
  /** Depth as it is seen: what a fold holds stands in the fold's own frame. */
  level: number;
  /** What the box says: a module's name within its parent, an operation's label, a terminal's name. */
  name: string;
  /** A module's class, an operation's full name; empty for terminals. */
  type: string;
  /** Path of the module, or of the module that an operation belongs to. */
  path: string;
  /** 0 for the module's first call, 1 for its second ... */
  call: number;
  /** Module calls and operations in it, in execution order, those that are not drawn included. */
  children: number[];
  /** Whether it can be opened. */
  openable: boolean;
  /** Whether module calls that are drawn are in it. */
  composite: boolean;
  /** ATen operations in it, hidden ones included. */
  operations: number;
  flops: number;
  /** Not null: `children` are equal blocks, and one of them is shown at a time. */
  fold: Fold | null;
}

export interface Hierarchy {
  /** Node i is scope i (0 is the root), then come drawn operations, inputs, outputs, and last folds, parts, series. */
  nodes: HierarchyNode[];
  /** For each node that can be opened: what is drawn inside. */
  groups: Map<number, Group>;
  flow: Flow;
  /** Node of each value that something can read. */
  ofValue(value: ValueId): number;
  /** Number of operations and outputs that read a value. */
  readers: Map<ValueId, number>;
  /** Deepest level that holds module calls, counted from the root's 0. */
  maxDepth: number;
  /** For each scope, operation and terminal a number that those of equal structure share. */
  structure: Int32Array;
}

/** O((operations + edges) × depth). */
export function buildHierarchy(graph: GraphAnswer): Hierarchy {
  const flow = traceFlow(graph);
  const nodes: HierarchyNode[] = scopeNodes(graph);
  const scopeCount = nodes.length;
  const ofOperation = addOperations(graph, flow, nodes);
  const inputs = addTerminals("input", graph.inputs, nodes);
  const outputs = addTerminals("output", graph.outputs, nodes);

  const order = firstOperations(graph, flow, nodes, scopeCount);
  nodes.forEach((node, id) => {
    if (node.parent >= 0 && node.kind !== "input" && node.kind !== "output") nodes[node.parent]?.children.push(id);
  });
  const drawn = (id: number): boolean => graph.mode === "modules" || id >= order.length || Number.isFinite(order[id]);
  for (const node of nodes) {
    if (node.children.length > 1) node.children.sort((a, b) => compare(order[a], order[b]) || a - b);
  }
  const structure = structures(graph, flow, nodes);
  foldRepeats(nodes, structure, drawn);
  joinSeries(nodes, flow, ofOperation);
  markOpenable(nodes, measureDepths(nodes), drawn);

  const groups = new Map<number, Group>();
  nodes.forEach((node, id) => {
    if (!node.openable && id !== 0) return;
    const children = node.children.filter(drawn);
    const all = id === 0 ? [...new Set([...inputs, ...children, ...outputs])] : children;
    groups.set(id, { children: all, slots: 0, edges: [] });
  });
  const ofValue = (value: ValueId): number => (value >= 0 ? ofOperation[value] : inputs[-value - 1]) ?? 0;
  const readers = readersOf(flow, ofOperation, outputs);
  groupEdges(nodes, groups, readers, ofValue);
  nodes.forEach(({ fold }, id) => {
    if (fold?.kind === "chain" && isParallel(id, fold, groups)) fold.kind = "parallel";
  });
  return {
    nodes,
    groups,
    flow,
    ofValue,
    readers: new Map([...readers].map(([value, list]) => [value, list.length])),
    maxDepth: nodes.reduce((depth, node) => (node.composite ? Math.max(depth, node.level + 1) : depth), 1),
    structure,
  };
}

const compare = (a = 0, b = 0): number => (a === b ? 0 : a - b);

/** From the root down; gives the nodes in that order. What is in no tree any more has no depth. */
function measureDepths(nodes: HierarchyNode[]): number[] {
  const order = [0];
  for (const next of order) {
    const node = nodes[next];
    for (const id of node?.children ?? NO_CHILDREN) {
      const child = nodes[id];
      if (!node || !child) continue;
      child.depth = node.depth + 1;
      child.level = node.level + (node.fold ? 0 : 1);
      order.push(id);
    }
  }
  return order;
}

/** From the leaves up, because a fold can be opened where its blocks can. */
function markOpenable(nodes: HierarchyNode[], order: number[], drawn: (id: number) => boolean): void {
  for (let at = order.length - 1; at >= 0; at -= 1) {
    const id = order[at] ?? 0;
    const node = nodes[id];
    if (!node || node.children.length === 0) continue;
    for (const each of node.children) {
      const child = nodes[each];
      if (!child || !drawn(each)) continue;
      node.openable = drawn(id);
      if (node.kind !== "series" && (node.fold ? child.composite : child.kind !== "operation")) node.composite = true;
    }
  }
}

function scopeNodes(graph: GraphAnswer): HierarchyNode[] {
  const { path, type, call } = graph.scopes;
  const nodes: HierarchyNode[] = [];
  scopeParents(graph).forEach((parent, scope) => {
    const own = path[scope] ?? "";
    nodes.push({
      ...BLANK,
      kind: "module",
      index: scope,
      parent,
      depth: parent < 0 ? 0 : (nodes[parent]?.depth ?? 0) + 1,
      name: scope === 0 ? graph.model_type || "model" : nameWithin(path[parent] ?? "", own),
      type: type[scope] ?? "",
      path: own,
      call: call[scope] ?? 0,
      children: [],
    });
  });
  return nodes.length > 0 ? nodes : [{ ...BLANK, kind: "module", name: graph.model_type || "model", children: [] }];
}

const BLANK = {
  index: 0,
  span: 1,
  parent: -1,
  depth: 0,
  level: 0,
  name: "",
  type: "",
  path: "",
  call: 0,
  openable: false,
  composite: false,
  operations: 0,
  flops: 0,
  fold: null,
};

/** "h.0.attn" within "h.0" is "attn"; a module called from elsewhere keeps its whole path. */
function nameWithin(parent: string, path: string): string {
  if (parent === "") return path;
  return path.startsWith(`${parent}.`) ? path.slice(parent.length + 1) : path;
}

/** A scope that is not there counts as the root. */
const scopeOr0 = (scope: number | undefined, count: number): number =>
  scope !== undefined && scope >= 0 && scope < count ? scope : 0;

/** Adds a node for each drawn operation and counts all of them upwards; gives the node of each operation. */
function addOperations(graph: GraphAnswer, flow: Flow, nodes: HierarchyNode[]): number[] {
  const { name, scope, flops } = graph.operations;
  const scopeCount = nodes.length;
  const ofOperation = name.map((operation, index) => {
    const parent = scopeOr0(scope[index], scopeCount);
    const owner = nodes[parent];
    if (owner) {
      owner.operations += 1;
      owner.flops += flops[index] ?? 0;
    }
    if (!flow.drawn[index]) return -1;
    return nodes.push(operationNode(operation, index, parent, owner?.path ?? "", flops[index] ?? 0)) - 1;
  });
  for (let id = scopeCount - 1; id > 0; id -= 1) {
    const node = nodes[id];
    const parent = nodes[node?.parent ?? 0];
    if (!node || !parent) continue;
    parent.operations += node.operations;
    parent.flops += node.flops;
  }
  return ofOperation;
}

/** Written out: of tens of thousands, objects put together from others are slow to make. */
const operationNode = (
  operation: string,
  index: number,
  parent: number,
  path: string,
  flops: number,
): HierarchyNode => ({
  kind: "operation",
  index,
  span: 1,
  parent,
  depth: 0,
  level: 0,
  name: operationLabel(operation),
  type: operation,
  path,
  call: 0,
  children: NO_CHILDREN,
  openable: false,
  composite: false,
  operations: 1,
  flops,
  fold: null,
});

/** Operations hold nothing; nobody adds to it. */
const NO_CHILDREN: number[] = [];

/** Adds a node for each input or output, or for several; gives the node of each. */
function addTerminals(kind: "input" | "output", terminals: { name: string }[], nodes: HierarchyNode[]): number[] {
  return terminalRuns(terminals.map(({ name }) => name || kind)).flatMap((run) => {
    const id = nodes.push({ ...BLANK, ...run, kind, parent: 0, depth: 1, children: [] }) - 1;
    return membersOf(run).map(() => id);
  });
}

/** For each node the first drawn operation in it; infinite where there is none. */
function firstOperations(graph: GraphAnswer, flow: Flow, nodes: HierarchyNode[], scopeCount: number): number[] {
  const first = nodes.map((node) => (node.kind === "operation" ? node.index : Number.POSITIVE_INFINITY));
  graph.operations.scope.forEach((given, index) => {
    const scope = scopeOr0(given, scopeCount);
    if (flow.drawn[index]) first[scope] = Math.min(first[scope] ?? Number.POSITIVE_INFINITY, index);
  });
  for (let id = scopeCount - 1; id > 0; id -= 1) {
    const parent = nodes[id]?.parent ?? 0;
    first[parent] = Math.min(first[parent] ?? Number.POSITIVE_INFINITY, first[id] ?? Number.POSITIVE_INFINITY);
  }
  return first;
}

/** For each value the nodes that read it, in execution order. */
function readersOf(flow: Flow, ofOperation: number[], outputs: number[]): Map<ValueId, number[]> {
  const readers = new Map<ValueId, number[]>();
  const add = (value: ValueId, node: number | undefined) => {
    const list = readers.get(value) ?? [];
    list.push(node ?? 0);
    readers.set(value, list);
  };
  flow.sources.forEach((sources, index) => {
    for (const value of sources) add(value, ofOperation[index]);
  });
  flow.outputs.forEach((value, index) => {
    if (value !== null) add(value, outputs[index]);
  });
  return new Map([...readers].sort(([a], [b]) => a - b));
}
