// Names of nodes that outlive the page: for the address, and to find a node again in another run's graph.

import type { Hierarchy } from "../../layout/hierarchy";

/** Each node's name: "h.0.attn", its second call "h.0.attn@1", the third operation in that "h.0.attn@1/2". O(nodes). */
export function nodeKeys({ nodes }: Hierarchy): string[] {
  const keys = nodes.map(({ kind, path, call, name }) => {
    if (kind === "module") return call > 0 ? `${path}@${call}` : path;
    return kind === "input" || kind === "output" ? `${kind}:${name}` : "";
  });
  const operations = new Map<string, number>();
  nodes.forEach((node, id) => {
    if (node.kind !== "operation") return;
    const owner = keys[moduleAround(nodes, node.parent)] ?? "";
    const position = operations.get(owner) ?? 0;
    operations.set(owner, position + 1);
    keys[id] = `${owner}/${position}`;
  });
  nodes.forEach((node, id) => {
    if (node.kind === "fold") keys[id] = `fold:${keys[node.fold?.mains[0] ?? -1] ?? keys[firstLeaf(nodes, id)]}`;
    const { kind } = node;
    if (kind === "part" || kind === "series") keys[id] = `${kind}:${keys[firstLeaf(nodes, id)]}:${node.depth}`;
  });
  return keys;
}

type Nodes = Hierarchy["nodes"];

function moduleAround(nodes: Nodes, from: number): number {
  let id = from;
  while (id > 0 && nodes[id]?.kind !== "module") id = nodes[id]?.parent ?? 0;
  return id;
}

function firstLeaf(nodes: Nodes, from: number): number {
  let id = from;
  for (let child = nodes[id]?.children[0]; child !== undefined; child = nodes[id]?.children[0]) id = child;
  return id;
}
