// Equal blocks correspond node by node: what is open in one can be open in the next.

import type { Hierarchy } from "../../layout/hierarchy";

/** For each node in a block the one that stands at the same place in another block of the same structure. */
export function counterparts({ nodes }: Hierarchy, from: number, to: number): Map<number, number> {
  const pairs = new Map([[from, to]]);
  for (const [here, there] of pairs) {
    const others = nodes[there]?.children ?? [];
    nodes[here]?.children.forEach((child, index) => {
      const other = others[index];
      if (other !== undefined) pairs.set(child, other);
    });
  }
  return pairs;
}

/** The box that a node is seen as: an instance stands in its fold's frame. */
export function shownAs({ nodes }: Hierarchy, id: number): number {
  const parent = nodes[id]?.parent ?? -1;
  return nodes[parent]?.fold?.instances.includes(id) ? parent : id;
}
