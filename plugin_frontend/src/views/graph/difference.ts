// How the graph of one run differs from that of another, node by node.

import type { GraphAnswer } from "../../api/types";
import type { Hierarchy } from "../../layout/hierarchy";
import { outputTypes } from "./facts";
import { nodeKeys } from "./node_keys";

/** only_here: the other graph has no such node. changed: it has other shapes, dtypes, parameters or operations. */
export type Difference = "only_here" | "changed";

/** What is compared of a node: what it is and what comes out of it; not what is inside. */
function signatures(graph: GraphAnswer, hierarchy: Hierarchy): Map<string, string> {
  const keys = nodeKeys(hierarchy);
  const typeWords = graph.types.map(({ shape, dtype }) => `${shape} ${dtype}`);
  const described = hierarchy.nodes.map((node): string => {
    if (node.kind === "operation") {
      return `${node.type} ${outputTypes(graph, node.index).map(({ shape, dtype }) => `${shape} ${dtype}`)}`;
    }
    if (node.kind !== "module") return node.type;
    const parameters = graph.scopes.parameters[node.index] ?? [];
    const words = parameters.map((index) => {
      const { type = -1, frozen } = graph.parameters[index] ?? {};
      return `${typeWords[type]} ${frozen}`;
    });
    return `${node.type} ${words}`;
  });
  return new Map(keys.flatMap((key, id) => (key === "" || id === 0 ? [] : [[key, described[id] ?? ""]])));
}

/** O(nodes of both). A module in which something differs is changed, too, so that a closed box tells of it. */
export function differences(
  graph: GraphAnswer,
  hierarchy: Hierarchy,
  other: { graph: GraphAnswer; hierarchy: Hierarchy },
): Map<number, Difference> {
  const here = signatures(graph, hierarchy);
  const there = signatures(other.graph, other.hierarchy);
  const found = new Map<number, Difference>();
  nodeKeys(hierarchy).forEach((key, id) => {
    const own = here.get(key);
    const kind = hierarchy.nodes[id]?.kind;
    if (own === undefined || kind === "fold" || kind === "part" || kind === "series") return;
    const theirs = there.get(key);
    if (theirs === undefined) found.set(id, "only_here");
    else if (theirs !== own) found.set(id, "changed");
  });
  markAround(hierarchy, found);
  const gone = new Set([...there.keys()].filter((key) => !here.has(key)).map(ownerKey));
  nodeKeys(hierarchy).forEach((key, id) => {
    if (id > 0 && gone.has(key) && !found.has(id)) found.set(id, "changed");
  });
  markAround(hierarchy, found);
  return found;
}

function markAround({ nodes }: Hierarchy, found: Map<number, Difference>): void {
  for (const id of [...found.keys()]) {
    for (let at = nodes[id]?.parent ?? 0; at > 0 && !found.has(at); at = nodes[at]?.parent ?? 0) {
      found.set(at, "changed");
    }
  }
}

/** The module that holds what a key names: of "h.0.fc" or "h.0/3" it is "h.0". */
function ownerKey(key: string): string {
  const end = key.includes("/") ? key.lastIndexOf("/") : key.lastIndexOf(".");
  return key.slice(0, Math.max(0, end));
}
