// Every way from one node to another along the flow of values.

import type { ValueId } from "../../layout/flow";
import type { Hierarchy } from "../../layout/hierarchy";
import { membersOf } from "../../layout/terminals";

export interface Way {
  from: number;
  to: number;
  /** Values that come from the first node, through any others, to the second. */
  values: ReadonlySet<ValueId>;
  /** Nodes on the way with all that are around them. */
  nodes: ReadonlySet<number>;
}

/** All ways from one node to another, or, where there is none, the other way round; null: neither. O(nodes + edges). */
export function wayBetween(hierarchy: Hierarchy, a: number, b: number): Way | null {
  return wayFrom(hierarchy, a, b) ?? wayFrom(hierarchy, b, a);
}

function wayFrom(hierarchy: Hierarchy, from: number, to: number): Way | null {
  const { flow } = hierarchy;
  const starts = valuesIn(hierarchy, from);
  const ends = new Set(nodesIn(hierarchy, to));
  // Values that depend on the start, in execution order.
  const reached = new Set(starts);
  flow.sources.forEach((sources, operation) => {
    if (sources.some((source) => reached.has(source))) reached.add(operation);
  });
  const values = new Set<ValueId>();
  const nodes = new Set<number>([from, to]);
  const readBy = (reader: number, sources: ValueId[]) => {
    for (const source of sources) {
      if (!reached.has(source)) continue;
      values.add(source);
      nodes.add(reader);
    }
  };
  for (const id of ends) {
    const node = hierarchy.nodes[id];
    if (node?.kind === "output") readBy(id, present(membersOf(node).map((index) => flow.outputs[index])));
  }
  for (let operation = flow.sources.length - 1; operation >= 0; operation -= 1) {
    const reader = hierarchy.ofValue(operation);
    const leads = ends.has(reader) || (values.has(operation) && !starts.has(operation));
    if (leads && !starts.has(operation)) readBy(reader, flow.sources[operation] ?? []);
  }
  if (![...values].some((value) => starts.has(value))) return null;
  for (const id of nodes) {
    const parent = hierarchy.nodes[id]?.parent ?? -1;
    if (parent >= 0) nodes.add(parent);
  }
  return { from, to, values, nodes };
}

const present = (values: (ValueId | null | undefined)[]): ValueId[] =>
  values.filter((value) => value !== null && value !== undefined);

function nodesIn({ nodes }: Hierarchy, id: number): number[] {
  const found = [id];
  for (const next of found) found.push(...(nodes[next]?.children ?? []));
  return found;
}

function valuesIn(hierarchy: Hierarchy, id: number): Set<ValueId> {
  const found = nodesIn(hierarchy, id).flatMap((each) => {
    const node = hierarchy.nodes[each];
    if (node?.kind === "operation") return [node.index];
    return node?.kind === "input" ? membersOf(node).map((index) => -index - 1) : [];
  });
  return new Set(found);
}
