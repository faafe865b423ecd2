// Every flow of a value becomes one edge at the lowest common ancestor, and one through each border on the way.

import type { ValueId } from "./flow";

/**
 * An end of an edge within a group of n children and s slots: child i is i, input slot j is n + j, and the
 * output slot n + s.
 */
export type Port = number;

export interface GroupEdge {
  from: Port;
  to: Port;
  /** Where it enters the child that it leads to: that child's input slot. */
  slot: number;
  /** What flows along it; distinct. */
  values: ValueId[];
}

/** What is drawn inside a module call, a level deep. */
export interface Group {
  /** Nodes, in execution order. */
  children: number[];
  /** Number of input slots: one for each edge that arrives from outside. */
  slots: number;
  /** Edges between two ports are merged into one. */
  edges: GroupEdge[];
}

interface Tree {
  parent: number;
  depth: number;
}

/** Fills the groups' `slots` and `edges`. O(edges × depth). */
export function groupEdges(
  nodes: Tree[],
  groups: Map<number, Group>,
  readers: Map<ValueId, number[]>,
  ofValue: (value: ValueId) => number,
): void {
  const drafts = new Map([...groups].map(([id, group]) => [id, new GroupDraft(group)]));
  const childIndex = childIndices(nodes.length, groups);
  for (const [value, targets] of readers) {
    const exits = new Set<number>();
    for (const target of targets) {
      drawFlow(value, ofValue(value), target, { nodes, drafts, childIndex, exits });
    }
  }
  for (const draft of drafts.values()) draft.finish();
}

function childIndices(count: number, groups: Map<number, Group>): Int32Array {
  const indices = new Int32Array(count).fill(-1);
  for (const group of groups.values()) {
    group.children.forEach((child, index) => {
      indices[child] = index;
    });
  }
  return indices;
}

interface Drawing {
  nodes: Tree[];
  drafts: Map<number, GroupDraft>;
  childIndex: Int32Array;
  /** Nodes from which this value has been led to their parent's output slot. */
  exits: Set<number>;
}

function drawFlow(value: ValueId, source: number, target: number, drawing: Drawing): void {
  const { nodes, drafts, childIndex, exits } = drawing;
  const parentOf = (id: number): number => nodes[id]?.parent ?? -1;
  const depthOf = (id: number): number => nodes[id]?.depth ?? 0;
  const entered: number[] = [];
  let from = source;
  let to = target;
  const leave = () => {
    if (!exits.has(from)) drafts.get(parentOf(from))?.toOutput(childIndex[from] ?? 0, value);
    exits.add(from);
    from = parentOf(from);
  };
  const enter = () => {
    entered.push(to);
    to = parentOf(to);
  };
  while (depthOf(from) > depthOf(to)) leave();
  while (depthOf(to) > depthOf(from)) enter();
  while (parentOf(from) !== parentOf(to)) {
    leave();
    enter();
  }
  if (from === to) return;
  entered.push(to);

  let port: Port = childIndex[from] ?? 0;
  for (let level = entered.length - 1; level >= 0; level -= 1) {
    const child = entered[level] ?? 0;
    const draft = drafts.get(parentOf(child));
    if (!draft) return;
    const slot = drafts.get(child)?.slotFor(port) ?? 0;
    draft.add(port, childIndex[child] ?? 0, slot, value);
    port = -1 - slot;
  }
}

/** A group under construction: input slots are −1 − j and the output slot is OUTPUT until their number is known. */
class GroupDraft {
  static readonly #OUTPUT = 2 ** 24;
  readonly #merged = new Map<number, GroupEdge>();
  readonly #slots = new Map<Port, number>();

  constructor(private readonly group: Group) {}

  /** The slot for what arrives from a port of the group around it. */
  slotFor(outer: Port): number {
    const slot = this.#slots.get(outer) ?? this.#slots.size;
    this.#slots.set(outer, slot);
    return slot;
  }

  toOutput(from: Port, value: ValueId): void {
    this.add(from, GroupDraft.#OUTPUT, 0, value);
  }

  add(from: Port, to: Port, slot: number, value: ValueId): void {
    const key = from * 2 * GroupDraft.#OUTPUT + to;
    const edge = this.#merged.get(key);
    if (!edge) this.#merged.set(key, { from, to, slot, values: [value] });
    else if (edge.values.at(-1) !== value) edge.values.push(value);
  }

  finish(): void {
    const count = this.group.children.length;
    this.group.slots = this.#slots.size;
    this.group.edges = [...this.#merged.values()];
    for (const edge of this.group.edges) {
      if (edge.from < 0) edge.from = count - 1 - edge.from;
      if (edge.to === GroupDraft.#OUTPUT) edge.to = count + this.group.slots;
    }
  }
}
